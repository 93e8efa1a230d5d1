//! A run under way.

use crate::{state::compare::short_name, store::use_store};
use leptos::prelude::*;
use wirelab_chart::format;
use wirelab_model::{BenchId, BenchProgress};

/// How far the run is, and the way to stop it.
#[component]
pub fn Progress(
    /// Which run.
    id: BenchId,
    /// The method called; empty until known.
    method: Signal<String>,
    /// How far it is.
    progress: Signal<BenchProgress>,
) -> impl IntoView {
    let store = use_store();
    let stopping = RwSignal::new(false);
    let percent = move || {
        let BenchProgress { done, total, .. } = progress.get();
        (f64::from(done) / f64::from(total.max(1)) * 100.0).min(100.0)
    };
    let count = |n: u32| format::count(u64::from(n));
    let errors = move || match progress.get().errors {
        0 => None,
        1 => Some("1 call failed".to_owned()),
        n => Some(format!("{} calls failed", count(n))),
    };
    let stage = move || {
        let BenchProgress { done, total, .. } = progress.get();
        match done {
            0 => "Warming up",
            done if done >= total => "Measuring conversion",
            _ => "Calling over gRPC",
        }
    };
    let cancel = move |_| {
        stopping.set(true);
        let client = store.client();
        store.ask(async move { client.cancel_bench(id).await }, |()| {});
    };
    view! {
        <header class="compare-head">
            <div>
                <h1>"Comparing "{move || short_name(&method.get()).to_owned()}</h1>
                <p class="dim">{stage}</p>
            </div>
            <span class="compare-buttons">
                <button class="btn stop" data-testid="compare-cancel" disabled=move || stopping.get() on:click=cancel>
                    {move || if stopping.get() { "Stopping" } else { "Cancel" }}
                </button>
            </span>
        </header>
        <section class="card compare-progress" aria-label="Progress" data-testid="compare-progress">
            <div class="v">
                {move || count(progress.get().done)}
                <span class="u">" of "{move || count(progress.get().total)}" calls"</span>
            </div>
            <div
                class="compare-bar"
                role="progressbar"
                aria-label="Calls made"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || format!("{:.0}", percent())
            >
                <i style:width=move || format!("{:.2}%", percent())></i>
            </div>
            <p class="u">
                {move || errors().map(|errors| view! { <span class="bad">{errors}</span> })}
                " What is measured when you cancel is kept"
            </p>
        </section>
    }
}
