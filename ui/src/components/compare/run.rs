//! One run: under way or done.

use super::{progress::Progress, report::Report};
use crate::{
    components::problem::ProblemLine,
    state::{compare::Draft, route::Route},
    store::use_store,
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_model::{BenchId, BenchProgress, BenchReport, BenchState, Problem};

/// The run with this id.
#[component]
pub fn Run(id: BenchId, handed: RwSignal<Option<Draft>>) -> impl IntoView {
    let store = use_store();
    // The last word of this run: the store keeps only that of whichever run spoke last.
    let word = Memo::new(move |before: Option<&Option<BenchProgress>>| {
        let now = store.bench.get().filter(|bench| bench.id == id);
        now.or_else(|| before.cloned().flatten())
    });
    let report = RwSignal::new(None::<Result<Arc<BenchReport>, Problem>>);
    // Asked for at once, which tells what is being run, and again when it is over.
    let asked = StoredValue::new(0u64);
    Effect::new(move |_| {
        store.bench_revision.track();
        asked.update_value(|asked| *asked += 1);
        let mine = asked.get_value();
        spawn_local(async move {
            let found = store.client().bench(id).await.map(Arc::new);
            // An answer that was overtaken would bring back what is over.
            if asked.try_get_value() == Some(mine) {
                report.set(Some(found));
            }
        });
    });
    // A run found under way, by another screen or before a reload, has no word yet: its report says so.
    let running = Memo::new(move |_| match (word.get(), report.get()) {
        (Some(word), _) => (word.state == BenchState::Running).then_some(word),
        (None, Some(Ok(report))) if report.state == BenchState::Running => {
            let total = report.spec.calls;
            Some(BenchProgress { id, total, ..BenchProgress::default() })
        }
        _ => None,
    });
    let under_way = Memo::new(move |_| running.with(Option::is_some));
    move || {
        if under_way.get() {
            let progress = Signal::derive(move || running.get().unwrap_or_default());
            let method = Signal::derive(move || {
                let report = report.get().and_then(Result::ok);
                report.map(|report| report.spec.call.method.clone()).unwrap_or_default()
            });
            return view! { <Progress id method progress/> }.into_any();
        }
        match report.get() {
            None => ().into_any(),
            // It is over, and what it found is on its way.
            Some(Ok(report)) if report.state == BenchState::Running => ().into_any(),
            Some(Ok(report)) => view! { <Report report handed/> }.into_any(),
            Some(Err(problem)) => view! {
                <div class="card compare-lost">
                    <ProblemLine problem/>
                    <button class="btn" on:click=move |_| store.go(Route::Compare(None))>
                        "Set up a comparison"
                    </button>
                </div>
            }
            .into_any(),
        }
    }
}
