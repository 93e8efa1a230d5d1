//! Explore: a request at the left, its response at the right, the wire below.

mod actions;
mod auth;
mod bar;
mod connection;
mod describe;
mod empty;
mod json;
mod metadata;
mod notes;
mod options;
mod request;
mod switch;

use super::{
    response::{CallView, ResponsePane},
    shell::Tabs,
    splitter::Splitter,
    wire::WirePanel,
};
use crate::{
    state::layout::Layout,
    store::{Tab, use_store},
};
use leptos::{html, prelude::*};

/// The Explore view.
#[component]
pub fn ExploreView() -> impl IntoView {
    let store = use_store();
    // Only a change of the tab draws anew; every other change goes to the signals inside.
    let shown = Memo::new(move |_| store.active_tab());
    view! {
        <main class="main" aria-label="Explore">
            <Tabs/>
            {move || match shown.get() {
                Some(tab) => view! { <bar::AddressBar tab/><Panes tab/> }.into_any(),
                None => view! { <empty::Empty/> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn Panes(tab: Tab) -> impl IntoView {
    let store = use_store();
    let panes = NodeRef::<html::Div>::new();
    let call = CallView::live(move || tab.call.get());
    let style = move || {
        let layout = store.layout.get();
        let share = layout.request_share * 100.0;
        format!("--request: {share}%; --wire: {}px", layout.wire_height)
    };
    let resize = move |change: &dyn Fn(&mut Layout)| {
        store.layout.update(|layout| {
            change(layout);
            *layout = layout.clamped();
        });
    };
    let widen = move |by: f64| {
        let width = panes.get_untracked().map_or(1_000.0, |p| f64::from(p.client_width().max(1)));
        resize(&|l| l.request_share += by / width);
    };
    view! {
        <div class="panes" node_ref=panes style=style>
            <request::RequestPane tab/>
            <Splitter
                vertical=true
                label="Width of the request"
                moved=widen
                reset=move || resize(&|l| l.request_share = Layout::default().request_share)
            />
            <ResponsePane tab call/>
            <Splitter
                vertical=false
                label="Height of the wire panel"
                moved=move |by| resize(&|l| l.wire_height -= by)
                reset=move || resize(&|l| l.wire_height = Layout::default().wire_height)
            />
            <WirePanel call/>
        </div>
    }
}
