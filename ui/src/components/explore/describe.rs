//! A method and its messages as `.proto` text.

use crate::{
    components::{icons::Icon, problem::ProblemLine},
    store::{Tab, use_store},
};
use leptos::{html, prelude::*, task::spawn_local};
use wirelab_model::{Description, Problem};

/// The popover below the address bar.
#[component]
pub fn Describe(tab: Tab, close: impl Fn() + Copy + 'static) -> impl IntoView {
    let store = use_store();
    let symbol = RwSignal::new(tab.method());
    let shown = RwSignal::new(None::<Result<Description, Problem>>);
    let names = {
        let method = store.method(&tab.method());
        let mut names = vec![("method", tab.method())];
        if let Some(method) = method {
            names.extend([("request", method.input), ("response", method.output)]);
        }
        names
    };
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    Effect::new(move |_| {
        let (client, wanted) = (store.client(), symbol.get());
        spawn_local(async move {
            let described = client.describe(wanted.clone()).await;
            if symbol.try_get_untracked().as_ref() == Some(&wanted) {
                shown.set(Some(described));
            }
        });
    });
    crate::components::shell::keys::close_outside(panel, "describe-open", close);
    view! {
        <div
            class="describe" role="dialog" aria-label="Description" tabindex="-1" node_ref=panel
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    close();
                }
            }
        >
            <nav>
                {names.into_iter().map(|(what, name)| {
                    let (of, to) = (name.clone(), name.clone());
                    view! {
                        <button
                            class="chip" class:on=move || symbol.with(|s| *s == of)
                            title=name on:click=move |_| symbol.set(to.clone())
                        >
                            {what}
                        </button>
                    }
                }).collect_view()}
                <button class="icon-button right" aria-label="Close" on:click=move |_| close()>{Icon::Close.view()}</button>
            </nav>
            {move || match shown.get() {
                None => view! { <p class="faint">"Loading"</p> }.into_any(),
                Some(Err(problem)) => view! { <ProblemLine problem/> }.into_any(),
                Some(Ok(description)) => view! {
                    <p class="faint mono">{description.file}</p>
                    <pre>{description.text}</pre>
                }.into_any(),
            }}
        </div>
    }
}
