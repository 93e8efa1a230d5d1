//! Forgetting every call that matches, after asking.

use super::View;
use leptos::{html::Button, prelude::*, task::spawn_local};
use wirelab_chart::format;

/// The button, and the question it asks.
#[component]
pub fn Clear(
    view: View,
    /// Whether only some calls are listed.
    filtered: Memo<bool>,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let working = RwSignal::new(false);
    let keep = NodeRef::<Button>::new();
    let count = move || view.list.with(|list| list.len());
    let question = move || match (count(), filtered.get()) {
        (1, true) => "Forget the one call that matches?".to_owned(),
        (n, true) => format!("Forget the {} calls that match?", format::count(n)),
        (1, false) => "Forget the one recorded call?".to_owned(),
        (n, false) => format!("Forget all {} calls?", format::count(n)),
    };
    let ask = move |_| {
        asking.set(true);
        request_animation_frame(move || {
            if let Some(button) = keep.try_get_untracked().flatten() {
                let _ = button.focus();
            }
        });
    };
    let clear = move |_| {
        working.set(true);
        let filter = view.list.with_untracked(|list| list.filter().clone());
        spawn_local(async move {
            match view.store.client().clear_history(filter).await {
                Ok(1) => view.store.say("Forgot 1 call"),
                Ok(n) => view.store.say(format!("Forgot {} calls", format::count(n))),
                Err(problem) => view.store.problem(problem),
            }
            working.try_set(false);
            asking.try_set(false);
            view.list.try_update(|list| list.changed());
            if view.selected.try_get_untracked().flatten().is_some() {
                view.look_at(None);
            }
        });
    };
    view! {
        <span class="h-clear">
            <button type="button" class="btn small" data-testid="history-clear"
                disabled=move || count() == 0
                aria-expanded=move || asking.get().to_string()
                on:click=ask>
                {move || if filtered.get() { "Clear these…" } else { "Clear…" }}
            </button>
            <Show when=move || asking.get()>
                <div class="dialog h-ask" role="alertdialog" aria-label="Clear history"
                    on:keydown=move |event| {
                        if event.key() == "Escape" {
                            event.prevent_default();
                            event.stop_propagation();
                            asking.set(false);
                        }
                    }
                >
                    <b>{question}</b>
                    <p class="dim">"Messages go too; saved requests stay"</p>
                    <div class="dialog-buttons">
                        <button type="button" class="btn small" node_ref=keep on:click=move |_| asking.set(false)>
                            "Keep them"
                        </button>
                        <button type="button" class="btn small stop" data-testid="history-clear-confirm"
                            disabled=move || working.get() on:click=clear>"Forget them"</button>
                    </div>
                </div>
            </Show>
        </span>
    }
}
