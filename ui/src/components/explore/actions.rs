//! The buttons that start, feed and end a call.

use crate::store::{Tab, use_store};
use leptos::prelude::*;

/// Whether the call of a tab runs, and whether requests may still be sent on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// It runs.
    pub running: bool,
    /// Requests may be sent.
    pub sending: bool,
}

/// How far the call of a tab is.
pub fn open(tab: Tab) -> Memo<Open> {
    let store = use_store();
    Memo::new(move |_| {
        let Some(id) = tab.call.get() else { return Open::default() };
        store.call(id).with(|call| {
            let running = call.record.id == id && call.running();
            let sending =
                running && call.record.spec.kind.client_streams() && !call.record.half_closed;
            Open { running, sending }
        })
    })
}

/// Save, and Invoke or what goes on with an open call.
#[component]
pub fn CallButtons(tab: Tab) -> impl IntoView {
    let store = use_store();
    let open = open(tab);
    let broken = Memo::new(move |_| tab.editor.with(|editor| editor.error().is_some()));
    let streams = move || tab.kind.get().client_streams();
    view! {
        <button class="btn" data-testid="save" title="Save this request (Ctrl S)" on:click=move |_| store.save(tab)>
            "Save"
        </button>
        <Show when=move || open.get().sending>
            <button
                class="btn"
                data-testid="finish-sending"
                title="Tell the server that no more messages will come"
                on:click=move |_| store.finish_sending(tab)
            >
                "Finish sending"
            </button>
        </Show>
        <Show
            when=move || open.get().running
            fallback=move || view! {
                <button
                    class="btn"
                    class:go=move || !streams()
                    data-testid="invoke"
                    disabled=move || tab.starting.get() || (broken.get() && !streams())
                    title=move || if streams() { "Open the call; messages follow by Send" } else { "Make the call" }
                    on:click=move |_| store.invoke(tab)
                >
                    "Invoke"
                    <Show when=move || !streams()><kbd>"Ctrl ⏎"</kbd></Show>
                </button>
            }
        >
            <button class="btn stop" data-testid="cancel" title="End the call now (Esc)" on:click=move |_| store.cancel(tab)>
                "Cancel" <kbd>"Esc"</kbd>
            </button>
        </Show>
    }
}

/// Send, for methods whose client streams.
#[component]
pub fn SendButton(tab: Tab) -> impl IntoView {
    let store = use_store();
    let open = open(tab);
    let broken = Memo::new(move |_| tab.editor.with(|editor| editor.error().is_some()));
    view! {
        <Show when=move || tab.kind.get().client_streams()>
            <button
                class="btn go small"
                data-testid="send"
                disabled=move || {
                    let open = open.get();
                    tab.starting.get() || broken.get() || (open.running && !open.sending)
                }
                title=move || {
                    if open.get().running { "Send this message on the open call" } else { "Open the call with this message" }
                }
                on:click=move |_| store.send(tab)
            >
                "Send" <kbd>"Ctrl ⏎"</kbd>
            </button>
        </Show>
    }
}
