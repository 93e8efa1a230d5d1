//! The bridge: what it binds, a request as a binding sends it, and what passes through while it runs.
//!
//! - `head`: how it is, and what starts and stops it
//! - `metrics`: the tiles, the figures by face and the open streams
//! - `bindings`: every way to every method
//! - `preview`: the shown request as a binding sends it

mod bindings;
mod head;
mod metrics;
mod preview;

use crate::{
    state::{bridge::first_of, route::Route},
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
        // What the address bar names stands before the shown tab's.
        let method = Memo::new(move |_| match store.route.get() {
            Route::Bridge(Some(method)) => Some(method),
            _ => store.active_tab().map(|tab| tab.method()),
        });
        let looked_at = Memo::new(move |_| {
            let all = bindings.get()?.ok()?;
            let method = method.get();
            let named = |at: &usize| all.bindings.get(*at).map(|b| &b.method) == method.as_ref();
            let chosen = chosen.get().filter(named);
            let followed = || first_of(&all.bindings, method.as_deref()?);
            chosen.or_else(followed).or((!all.bindings.is_empty()).then_some(0))
        });
        View { bindings, chosen, looked_at }
    }

    fn all(self) -> Option<Arc<Bindings>> {
        self.bindings.get()?.ok()
    }

    /// Looks at a binding, whose method the address bar names from now on.
    fn choose(self, store: Store, at: usize) {
        let method = self.all().and_then(|all| Some(all.bindings.get(at)?.method.clone()));
        self.chosen.set(Some(at));
        store.route.set(Route::Bridge(method));
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
                        <metrics::Faces/>
                        <metrics::Streams/>
                    </Show>
                </div>
            </div>
        </main>
    }
}
