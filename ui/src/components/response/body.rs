//! One message whole: its JSON text, or why it cannot be read.

use super::{
    call_view::CallView,
    find_bar::{FindBar, Finder},
    json_view::JsonView,
};
use crate::{
    components::{icons::Icon, problem::ProblemLine},
    state::bytes::json_of,
};
use leptos::prelude::*;

/// A message of a call, fetched when it is not there yet.
#[component]
pub fn Message<I>(
    call: CallView,
    /// Which one.
    index: I,
) -> impl IntoView
where
    I: Fn() -> Option<u64> + Copy + Send + Sync + 'static,
{
    let detail = call.detail(index);
    let (document, notes) = call.document(detail);
    let finder = Finder::new(document);
    let copy = move |_| {
        let json = detail.with_untracked(|d| d.as_ref().map(|d| d.json.clone()));
        call.store.copy(json.unwrap_or_default(), "the message");
    };
    let unread = move || detail.with(|d| d.as_ref().and_then(|d| d.problem.clone()));
    let found = Signal::derive(move || finder.find.get());
    let lit = Memo::new(move |_| {
        let path = call.field.get()?;
        detail.with(|detail| json_of(&detail.as_ref()?.spans, &path))
    });
    view! {
        <div class="r-message">
            <FindBar finder document/>
            <Show when=move || detail.with(Option::is_some) fallback=move || view! { <Missing call/> }>
                {move || unread().map(|problem| view! { <ProblemLine problem/> })}
                <Show when=move || document.with(|d| !d.is_empty())>
                    <button type="button" class="icon-button r-copy" data-testid="copy-response"
                        title="Copy the message" aria-label="Copy the message" on:click=copy>
                        {Icon::Copy.view()}
                    </button>
                    <JsonView document notes find=found field=call.field lit label="Message"/>
                </Show>
            </Show>
        </div>
    }
}

/// What stands in for a message that is not there.
#[component]
fn Missing(call: CallView) -> impl IntoView {
    move || {
        call.problem.get().map(|problem| {
            view! {
                <ProblemLine problem/>
                <button type="button" class="btn" on:click=move |_| call.retry()>"Try again"</button>
            }
        })
    }
}
