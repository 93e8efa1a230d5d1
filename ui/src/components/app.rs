//! The whole screen.

use super::{
    bridge::BridgeView,
    compare::{CompareSide, CompareView},
    explore::ExploreView,
    history::HistoryView,
    shell,
    side::Side,
};
use crate::{
    backend,
    state::route::Route,
    store::{Store, use_store},
};
use leptos::prelude::*;

/// The studio.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::provide(backend::detect());
    shell::keys::listen(store);
    let comparing = Memo::new(move |_| matches!(store.route.get(), Route::Compare(_)));
    let style = move || {
        let layout = store.layout.get();
        let side = if layout.side_open { layout.side_width } else { 0.0 };
        format!("--side: {side}px")
    };
    view! {
        <div class="studio" style=style class:side-closed=move || !store.layout.get().side_open>
            <shell::Rail/>
            <Show when=move || store.layout.get().side_open>
                <Show when=move || comparing.get() fallback=|| view! { <Side/> }>
                    <CompareSide/>
                </Show>
            </Show>
            <Main/>
            <shell::StatusBar/>
        </div>
        <shell::Overlays/>
        <shell::Toasts/>
    }
}

#[component]
fn Main() -> impl IntoView {
    let store = use_store();
    let view = Memo::new(move |_| match store.route.get() {
        Route::Explore(_) => 0,
        Route::History(_) => 1,
        Route::Compare(_) => 2,
        Route::Bridge(_) => 3,
    });
    move || match view.get() {
        0 => view! { <ExploreView/> }.into_any(),
        1 => view! { <HistoryView/> }.into_any(),
        2 => view! { <CompareView/> }.into_any(),
        _ => view! { <BridgeView/> }.into_any(),
    }
}
