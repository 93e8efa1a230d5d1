//! JSON against Protobuf, measured: past runs at the side, and here a run being set up, under way, or done.
//!
//! `#/compare` sets a run up, from the shown tab where there is one; `#/compare/3` shows a run. What is said in
//! words comes from `crate::state::compare`, what is drawn from `wirelab_chart`.

pub mod chart;
mod fields;
mod progress;
mod report;
mod run;
mod setup;
mod side;

pub use side::CompareSide;

use crate::{
    state::{compare::Draft, route::Route, when::Now},
    store::{Store, use_store},
};
use leptos::prelude::*;
use wirelab_model::{BenchId, BenchSpec, CallSpec, Problem};

/// The Compare view.
#[component]
pub fn CompareView() -> impl IntoView {
    let store = use_store();
    let shown = Memo::new(move |_| match store.route.get() {
        Route::Compare(id) => id,
        _ => None,
    });
    // What "Change" hands from a report to the set-up.
    let handed = RwSignal::new(None::<Draft>);
    view! {
        <main class="page compare" aria-label="Compare">
            {move || match shown.get() {
                Some(id) => view! { <run::Run id handed/> }.into_any(),
                None => {
                    let draft = handed.try_update(Option::take).flatten();
                    let draft = draft.unwrap_or_else(|| first_draft(store));
                    view! { <setup::Setup draft/> }.into_any()
                }
            }}
        </main>
    }
}

/// What the shown tab would send, else the default server without a method.
fn first_draft(store: Store) -> Draft {
    let Some(tab) = store.active_tab_now() else {
        let endpoint = store.hello.with_untracked(|hello| hello.default_endpoint.clone());
        return Draft::new(CallSpec { endpoint, ..CallSpec::default() }, String::new());
    };
    let call = tab.spec().unwrap_or_else(|_| CallSpec {
        method: tab.method(),
        kind: tab.kind.get_untracked(),
        endpoint: tab.endpoint.get_untracked(),
        ..CallSpec::default()
    });
    Draft::new(call, tab.editor.with_untracked(|editor| editor.text().to_owned()))
}

/// Starts a run and shows it.
///
/// # Errors
/// What the studio has against it.
async fn start(store: Store, spec: BenchSpec) -> Result<BenchId, Problem> {
    let begun = store.client().start_bench(spec).await?;
    let id = begun.id;
    // Its events may have come before the reply.
    if store.bench.with_untracked(|known| known.as_ref().is_none_or(|known| known.id != id)) {
        store.bench.set(Some(begun));
    }
    store.bench_revision.update(|revision| *revision += 1);
    store.go(Route::Compare(Some(id)));
    Ok(id)
}

/// The moment that times are told from, in this place's zone.
pub(super) fn now() -> Now {
    let date = js_sys::Date::new_0();
    Now { unix_ms: date.get_time() as i64, offset_min: -date.get_timezone_offset() as i32 }
}
