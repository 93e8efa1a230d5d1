//! What happened, in the corner.

use crate::{
    components::{icons::Icon, problem::ProblemLine},
    store::use_store,
};
use leptos::prelude::*;

/// The toasts.
#[component]
pub fn Toasts() -> impl IntoView {
    let store = use_store();
    view! {
        <div class="toasts" aria-live="polite">
            <For each=move || store.toasts.get() key=|toast| toast.id let:toast>
                <div class="toast" data-testid="toast">
                    {match toast.problem {
                        Some(problem) => view! { <ProblemLine problem/> }.into_any(),
                        None => {
                            let icon = if toast.link.is_some() { Icon::Lock } else { Icon::Check };
                            // Nothing but a page: the address comes from what somebody typed.
                            let page = toast.link.filter(|l| l.starts_with("https://") || l.starts_with("http://"));
                            let link = page.map(|url| view! {
                                <a class="toast-link" href=url target="_blank" rel="noopener noreferrer">"Open the page"</a>
                            });
                            view! { {icon.view()}<p>{toast.text} {link}</p> }.into_any()
                        }
                    }}
                    <button
                        class="icon-button"
                        aria-label="Dismiss"
                        on:click=move |_| store.dismiss(toast.id)
                    >
                        {Icon::Close.view()}
                    </button>
                </div>
            </For>
        </div>
    }
}
