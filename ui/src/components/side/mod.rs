//! The sidebar: search, the tree of methods, saved requests, sources.

mod add_source;
mod saved;
mod source;
mod tree;

use super::splitter::Splitter;
use crate::{state::layout::Layout, store::use_store};
use leptos::prelude::*;

/// The sidebar.
#[component]
pub fn Side() -> impl IntoView {
    let store = use_store();
    let filter = RwSignal::new(String::new());
    let title = move || {
        let count =
            store.catalog.with(|c| c.services.iter().map(|s| s.methods.len()).sum::<usize>());
        match count {
            0 => String::new(),
            1 => "1 method".to_owned(),
            n => format!("{} methods", wirelab_chart::format::count(n as u64)),
        }
    };
    view! {
        <aside class="side" aria-label="Services">
            <header><b>"Wirelab"</b><span class="faint side-count">{title}</span></header>
            <tree::Search filter/>
            <tree::Tree filter/>
            <saved::Saved/>
            <source::Sources/>
            <Splitter
                vertical=true
                label="Width of the sidebar"
                moved=move |by| store.layout.update(|l| {
                    *l = Layout { side_width: l.side_width + by, ..*l }.clamped();
                })
                reset=move || store.layout.update(|l| l.side_width = Layout::default().side_width)
            />
        </aside>
    }
}
