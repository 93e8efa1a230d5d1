//! How the call travels: a row of buttons, of which one is on; what has two forms changes between them.

use crate::{
    components::shell::keys,
    state::transport::{SEGMENTS, choose, moved, segment},
    store::Tab,
};
use leptos::prelude::*;

/// The transport switch.
#[component]
pub fn TransportSwitch(tab: Tab) -> impl IntoView {
    let transport = Memo::new(move |_| tab.endpoint.with(|endpoint| endpoint.transport));
    let on = Memo::new(move |_| segment(transport.get()));
    let take = move |at: usize| {
        if let Some(form) = SEGMENTS.get(at).and_then(|segment| segment.forms.first())
            && on.get_untracked() != at
        {
            tab.edit_endpoint(|endpoint| choose(endpoint, form.transport));
        }
    };
    let button = move |at: usize| {
        let segment = &SEGMENTS[at];
        view! {
            <button
                type="button" role="radio" id=segment.id data-testid=segment.id title=segment.title
                class:on=move || on.get() == at
                aria-checked=move || (on.get() == at).to_string()
                tabindex=move || if on.get() == at { "0" } else { "-1" }
                on:click=move |_| take(at)
                on:keydown=move |event| {
                    if event.ctrl_key() || event.meta_key() || event.alt_key() {
                        return;
                    }
                    if let Some(to) = moved(at, &event.key()) {
                        event.prevent_default();
                        take(to);
                        keys::focus(SEGMENTS[to].id);
                    }
                }
            >
                {segment.name}
            </button>
        }
    };
    let forms = move || {
        SEGMENTS[on.get()].forms_of(transport.get()).map(|(now, next)| {
            let title = format!("{}; change to {}", now.word, next.word);
            view! {
                <button
                    type="button" class="seg-form" data-testid="transport-form" title=title.clone() aria-label=title
                    on:click=move |_| tab.edit_endpoint(|endpoint| choose(endpoint, next.transport))
                >
                    {now.word}
                </button>
            }
        })
    };
    view! {
        <div class="seg" data-testid="transport">
            <div class="seg-buttons" role="radiogroup" aria-label="Transport">
                {(0..SEGMENTS.len()).map(button).collect_view()}
            </div>
            {forms}
        </div>
    }
}
