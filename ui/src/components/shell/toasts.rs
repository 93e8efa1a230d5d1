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
                        None => view! { {Icon::Check.view()}<p>{toast.text}</p> }.into_any(),
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
