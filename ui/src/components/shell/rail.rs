//! The views.

use crate::{components::icons::Icon, state::route::Route, store::use_store};
use leptos::prelude::*;

/// The bar of views at the left.
#[component]
pub fn Rail() -> impl IntoView {
    let store = use_store();
    let item = move |label: &'static str, testid: &'static str, icon: Icon, route: Route| {
        let of = route.clone();
        let on = Memo::new(move |_| {
            store.route.with(|now| std::mem::discriminant(now) == std::mem::discriminant(&of))
        });
        let href = route.fragment();
        view! {
            <a
                href=href
                class:on=on
                title=label
                aria-label=label
                aria-current=move || on.get().then_some("page")
                data-testid=testid
                on:click=move |event| {
                    event.prevent_default();
                    store.go(route.clone());
                }
            >
                {icon.view()}
            </a>
        }
    };
    view! {
        <nav class="rail" aria-label="Views">
            {item("Explore", "view-explore", Icon::Explore, Route::Explore(None))}
            {item("History", "view-history", Icon::History, Route::History(None))}
            {item("Compare", "view-compare", Icon::Compare, Route::Compare(None))}
            {item("Bridge", "view-bridge", Icon::Bridge, Route::Bridge(None))}
            <span class="grow"></span>
            <button
                class="rail-button"
                title="Show or hide the sidebar (Ctrl B)"
                aria-label="Show or hide the sidebar"
                aria-pressed=move || store.layout.get().side_open.to_string()
                on:click=move |_| store.layout.update(|l| l.side_open = !l.side_open)
            >
                {Icon::Sidebar.view()}
            </button>
        </nav>
    }
}
