//! The request being edited: form, JSON, metadata, options.

use super::{
    actions::SendButton,
    json::JsonView,
    metadata::{CommonKeys, MetadataView},
    options::OptionsView,
};
use crate::{
    components::{problem::ProblemLine, shell::keys},
    state::session::RequestView,
    store::{FormState, Tab, use_store},
};
use leptos::{ev, prelude::*};

const VIEWS: [(RequestView, &str); 4] = [
    (RequestView::Form, "tab-form"),
    (RequestView::Json, "tab-json"),
    (RequestView::Metadata, "tab-metadata"),
    (RequestView::Options, "tab-options"),
];

/// The pane at the left of Explore.
#[component]
pub fn RequestPane(tab: Tab) -> impl IntoView {
    let store = use_store();
    let label = move |view: RequestView| match view {
        RequestView::Form if tab.kind.get().client_streams() => "Next message",
        RequestView::Form => "Form",
        RequestView::Json => "JSON",
        RequestView::Metadata => "Metadata",
        RequestView::Options => "Options",
    };
    let count = move |view: RequestView| {
        let n = match view {
            RequestView::Metadata => tab.metadata.with(|rows| {
                rows.iter().filter(|row| !row.disabled && !row.key.trim().is_empty()).count()
            }),
            RequestView::Options => tab.options.with(|options| options.count()),
            _ => 0,
        };
        (n > 0).then(|| view! { <em class="count">{n}</em> })
    };
    let key = move |event: ev::KeyboardEvent| {
        let at = VIEWS.iter().position(|(v, _)| *v == tab.view.get_untracked()).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowLeft" => (at + VIEWS.len() - 1) % VIEWS.len(),
            "ArrowRight" => (at + 1) % VIEWS.len(),
            _ => return,
        };
        event.prevent_default();
        tab.view.set(VIEWS[to].0);
        keys::focus(VIEWS[to].1);
    };
    let has_example = move || matches!(tab.form.get(), FormState::Ready(_));
    view! {
        <section class="pane request" aria-label="Request">
            <nav>
                <div class="pane-tabs" role="tablist" aria-label="Parts of the request" on:keydown=key>
                    {VIEWS.map(|(which, testid)| {
                        let on = move || tab.view.get() == which;
                        view! {
                            <button
                                id=testid role="tab" class="pane-tab" class:on=on data-testid=testid
                                aria-selected=move || on().to_string()
                                tabindex=move || if on() { "0" } else { "-1" }
                                on:click=move |_| tab.view.set(which)
                            >
                                {move || label(which)} {move || count(which)}
                            </button>
                        }
                    })}
                </div>
                <span class="right">
                    <button
                        class="link" data-testid="fill-example" disabled=move || !has_example()
                        title="Fill every field with an example value"
                        on:click=move |_| store.fill_example(tab)
                    >
                        "Fill example"
                    </button>
                    <SendButton tab/>
                </span>
            </nav>
            <CommonKeys/>
            {move || match tab.view.get() {
                RequestView::Form | RequestView::Json => view! { <JsonView tab/> }.into_any(),
                RequestView::Metadata => view! { <MetadataView tab/> }.into_any(),
                RequestView::Options => view! { <OptionsView tab/> }.into_any(),
            }}
            {move || tab.problem.get().map(|problem| view! { <ProblemLine problem/> })}
        </section>
    }
}
