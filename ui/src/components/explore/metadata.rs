//! The metadata table.

use crate::{
    components::icons::Icon,
    state::{
        metadata::{Decoded, Fault, Part, Row, around},
        notation::Notation,
    },
    store::{Tab, use_store},
};
use leptos::prelude::*;

/// The Metadata tab.
#[component]
pub fn MetadataView(tab: Tab) -> impl IntoView {
    let store = use_store();
    let add = move || {
        let id = store.fresh_id();
        tab.metadata.update(|rows| rows.push(Row { id, ..Row::default() }));
    };
    if tab.metadata.with_untracked(Vec::is_empty) {
        add();
    }
    view! {
        <div class="form metadata" role="group" aria-label="Metadata, sent as request headers in this order">
            <For each=move || tab.metadata.get() key=|row| row.id let:row>
                <MetadataRow tab id=row.id/>
            </For>
            <div><button class="chip" data-testid="metadata-add" on:click=move |_| add()>"+ add"</button></div>
            <p class="faint note">"Keys may repeat; order is kept. A key that ends in -bin carries bytes."</p>
        </div>
    }
}

#[component]
fn MetadataRow(tab: Tab, id: u64) -> impl IntoView {
    let row = Memo::new(move |_| {
        tab.metadata.with(|rows| rows.iter().find(|r| r.id == id).cloned()).unwrap_or_default()
    });
    let fault = Memo::new(move |_| row.with(Row::fault));
    let wrong = move |part: Part| fault.with(|f| f.as_ref().is_some_and(|f| f.part == part));
    let decoded = Memo::new(move |_| row.with(Row::decoded));
    let edit = move |change: &dyn Fn(&mut Row)| {
        tab.metadata.update(|rows| rows.iter_mut().filter(|r| r.id == id).for_each(change));
        tab.edited();
    };
    let renote = move |to: Notation| {
        edit(&|row| {
            // What is valid is written anew; what is half typed stays as it is.
            if let Some(text) = row.notation.read(&row.value).ok().and_then(|b| to.write(&b)) {
                row.value = text;
            }
            row.notation = to;
        });
    };
    let move_by = move |by: isize| {
        tab.metadata.update(|rows| {
            if let Some(at) = rows.iter().position(|r| r.id == id)
                && let Some(to) = at.checked_add_signed(by).filter(|to| *to < rows.len())
            {
                rows.swap(at, to);
            }
        });
        tab.edited();
    };
    let remove = move |_| {
        tab.metadata.update(|rows| rows.retain(|r| r.id != id));
        tab.edited();
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        let by = match (event.alt_key(), event.key().as_str()) {
            (true, "ArrowUp") => -1,
            (true, "ArrowDown") => 1,
            _ => return,
        };
        event.prevent_default();
        move_by(by);
    };
    view! {
        <div class="meta-row" class:off=move || row.get().disabled on:keydown=keys>
            <input
                type="checkbox" aria-label="Send this entry" title="Send this entry"
                prop:checked=move || !row.get().disabled
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    edit(&|row| row.disabled = !on);
                }
            />
            <input
                class="in" class:err=move || wrong(Part::Key) data-testid="metadata-key" aria-label="Key"
                aria-invalid=move || wrong(Part::Key).to_string() placeholder="key" autocomplete="off" spellcheck="false"
                list="metadata-keys" title="Alt with up or down moves the entry"
                prop:value=move || row.get().key
                on:input=move |event| {
                    let text = event_target_value(&event);
                    edit(&|row| row.key.clone_from(&text));
                }
            />
            <input
                class="in" class:err=move || wrong(Part::Value) data-testid="metadata-value"
                aria-label="Value" aria-invalid=move || wrong(Part::Value).to_string()
                placeholder="value" autocomplete="off" spellcheck="false"
                prop:value=move || row.get().value
                on:input=move |event| {
                    let text = event_target_value(&event);
                    edit(&|row| row.value.clone_from(&text));
                }
            />
            <Show when=move || row.with(Row::binary)>
                <select
                    class="in notation" aria-label="How the bytes are written" data-testid="metadata-notation"
                    on:change=move |event| {
                        let name = event_target_value(&event);
                        Notation::ALL.into_iter().filter(|n| n.name() == name).for_each(renote);
                    }
                >
                    {Notation::ALL.map(|n| view! {
                        <option value=n.name() selected=move || row.get().notation == n>{n.name()}</option>
                    })}
                </select>
            </Show>
            <button class="icon-button" aria-label="Remove this entry" title="Remove" on:click=remove>{Icon::Close.view()}</button>
            {move || fault.get().map(|fault| row.with(|row| said(row, &fault)))}
            {move || decoded.get().map(|decoded| view! { <Preview decoded/> })}
        </div>
    }
}

/// What is wrong, with the character in its place.
fn said(row: &Row, fault: &Fault) -> AnyView {
    let place = fault.at.map(|at| {
        let text = if fault.part == Part::Key { &row.key } else { &row.value };
        let (before, wrong, behind) = around(text, at);
        view! { <code class="meta-place" aria-hidden="true">{before}<mark>{wrong}</mark>{behind}</code> }
    });
    view! { <p class="msg" role="alert">{fault.sentence()} {place}</p> }.into_any()
}

/// The bytes of a binary value as they will go.
#[component]
fn Preview(decoded: Decoded) -> impl IntoView {
    let size = format!("{} {}", decoded.length, if decoded.length == 1 { "byte" } else { "bytes" });
    view! {
        <p class="meta-preview" data-testid="metadata-preview" title="The bytes as they will go">
            <span class="faint">{size}</span> <code>{decoded.hex}</code>
            {decoded.text.map(|text| view! { <code class="meta-text">{format!("“{text}”")}</code> })}
        </p>
    }
}

/// Keys that people often send; offered while typing.
#[component]
pub fn CommonKeys() -> impl IntoView {
    let keys = [
        "authorization",
        "x-request-id",
        "x-api-key",
        "x-goog-api-key",
        "traceparent",
        "accept-language",
    ];
    view! {
        <datalist id="metadata-keys">{keys.map(|key| view! { <option value=key></option> })}</datalist>
    }
}
