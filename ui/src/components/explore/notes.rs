//! What the command line that a request came from asked for and the request cannot hold.

use crate::{
    components::{icons::Icon, problem::ProblemLine},
    store::Tab,
};
use leptos::prelude::*;

/// The notes, until they are dismissed.
#[component]
pub fn Notes(tab: Tab) -> impl IntoView {
    move || {
        let notes = tab.notes.get();
        (!notes.is_empty()).then(|| {
            view! {
                <div class="notes" role="status" data-testid="command-notes">
                    <div class="notes-list">
                        {notes.into_iter().map(|problem| view! { <ProblemLine problem/> }).collect_view()}
                    </div>
                    <button class="icon-button" aria-label="Dismiss" title="Dismiss" on:click=move |_| tab.notes.set(Vec::new())>
                        {Icon::Close.view()}
                    </button>
                </div>
            }
        })
    }
}
