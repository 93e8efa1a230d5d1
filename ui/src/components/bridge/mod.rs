//! The bridge: what it binds, a request as a binding sends it, and what passes through while it runs.
//!
//! - `head`: how it is, and what starts and stops it
//! - `metrics`: the tiles and the open streams
//! - `bindings`: every way to every method
//! - `preview`: the shown request as a binding sends it

mod bindings;
mod head;
mod metrics;
mod preview;

use crate::{
    state::bridge::first_of,
    store::{Link, Store, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_model::{Binding, Bindings, Problem};

/// What the parts of the view share.
#[derive(Clone, Copy)]
struct View {
    /// Every binding; none before they came.
    bindings: RwSignal<Option<Result<Arc<Bindings>, Problem>>>,
    /// The place of the one that is looked at, as chosen; none follows the shown tab.
    chosen: RwSignal<Option<usize>>,
    /// The place of the one that is looked at.
    looked_at: Memo<Option<usize>>,
}

impl View {
    fn new(store: Store) -> View {
        let bindings = RwSignal::new(None::<Result<Arc<Bindings>, Problem>>);
        let chosen = RwSignal::new(None);
        let method = Memo::new(move |_| store.active_tab().map(|tab| tab.method()));
        let looked_at = Memo::new(move |_| {
            let all = bindings.get()?.ok()?;
            let chosen = chosen.get().filter(|at| *at < all.bindings.len());
            let followed = || first_of(&all.bindings, &method.get()?);
            chosen.or_else(followed).or((!all.bindings.is_empty()).then_some(0))
        });
        View { bindings, chosen, looked_at }
    }

    fn all(self) -> Option<Arc<Bindings>> {
        self.bindings.get()?.ok()
    }

    fn binding(self) -> Option<Binding> {
        self.all()?.bindings.get(self.looked_at.get()?).cloned()
    }

    /// Asks for the bindings again.
    fn ask(self, store: Store) {
        let client = store.client();
        spawn_local(async move {
            let found = client.bindings(()).await.map(Arc::new);
            let same = self
                .bindings
                .try_with_untracked(|known| known.as_ref() == Some(&found))
                .unwrap_or(true);
            if !same {
                self.bindings.set(Some(found));
            }
        });
    }
}

/// The Bridge view.
#[component]
pub fn BridgeView() -> impl IntoView {
    let store = use_store();
    let view = View::new(store);
    Effect::new(move |_| {
        store.catalog.track();
        if store.link.with(|link| *link == Link::Up) {
            view.ask(store);
        }
    });
    let running = Memo::new(move |_| {
        store.bridge.with(|state| matches!(state.phase, wirelab_model::BridgePhase::Running { .. }))
    });
    view! {
        <main class="page bridge" aria-label="Bridge">
            <head::Head/>
            <Show when=move || running.get()>
                <metrics::Tiles/>
            </Show>
            <div class="bridge-parts">
                <bindings::BindingList view/>
                <div class="bridge-side">
                    <preview::Preview view/>
                    <Show when=move || running.get()>
                        <metrics::Streams/>
                    </Show>
                </div>
            </div>
        </main>
    }
}
