//! The sidebar of Compare: past runs by day.

use super::now;
use crate::{
    components::{icons::Icon, kind::Kind, splitter::Splitter},
    state::{
        compare::{clock, days, short_name},
        layout::Layout,
        route::Route,
    },
    store::use_store,
};
use leptos::prelude::*;
use wirelab_model::{BenchRow, BenchState};

/// Past runs by day, with a search.
#[component]
pub fn CompareSide() -> impl IntoView {
    let store = use_store();
    let runs = RwSignal::new(None::<Vec<BenchRow>>);
    let search = RwSignal::new(String::new());
    Effect::new(move |_| {
        store.bench_revision.track();
        let client = store.client();
        store.ask(async move { client.benches(()).await }, move |rows| runs.set(Some(rows)));
    });
    let found = Memo::new(move |_| {
        runs.with(|runs| days(runs.as_deref().unwrap_or_default(), &search.get(), now()))
    });
    let shown = Memo::new(move |_| match store.route.get() {
        Route::Compare(id) => id,
        _ => None,
    });
    let none = move || {
        let known = runs.with(|runs| runs.as_ref().map(Vec::is_empty))?;
        let words = match known {
            true => "Runs show here once there are some".to_owned(),
            false => format!("No run is of a method like “{}”", search.get()),
        };
        found.with(Vec::is_empty).then(|| view! { <p class="compare-none">{words}</p> })
    };
    view! {
        <aside class="side" aria-label="Comparisons">
            <header>
                <b>"Compare"</b>
                <button
                    class="icon-button compare-new"
                    title="Set up a new comparison"
                    aria-label="Set up a new comparison"
                    data-testid="compare-new"
                    on:click=move |_| store.go(Route::Compare(None))
                >
                    {Icon::Plus.view()}
                </button>
            </header>
            <div class="search">
                <input
                    type="search"
                    placeholder="Find a run"
                    aria-label="Find a run by its method"
                    data-testid="compare-search"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || search.get()
                    on:input=move |event| search.set(event_target_value(&event))
                />
            </div>
            <nav class="tree compare-runs" aria-label="Past runs">
                {move || {
                    found.get().into_iter().map(|day| {
                        view! {
                            <h2 class="compare-day">{day.name}</h2>
                            {day.runs.into_iter().map(|run| item(run, shown)).collect_view()}
                        }
                    }).collect_view()
                }}
                {none}
            </nav>
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

fn item(run: BenchRow, shown: Memo<Option<wirelab_model::BenchId>>) -> impl IntoView {
    let store = use_store();
    let id = run.id;
    let name = short_name(&run.method).to_owned();
    let note = match run.state {
        BenchState::Finished => None,
        BenchState::Running => Some("running"),
        BenchState::Cancelled => Some("cancelled"),
        BenchState::Failed => Some("failed"),
    };
    let time = clock(run.started_unix_ms, now());
    view! {
        <button
            class="compare-item"
            class:on=move || shown.get() == Some(id)
            aria-current=move || (shown.get() == Some(id)).then_some("true")
            data-testid="compare-history-item"
            data-id=id.to_string()
            title=run.method.clone()
            on:click=move |_| store.go(Route::Compare(Some(id)))
        >
            <Kind kind=run.kind/>
            <span class="compare-name">{name}</span>
            {note.map(|note| view! { <span class=format!("compare-note {note}")>{note}</span> })}
            <span class="compare-time">{time}</span>
        </button>
    }
}
