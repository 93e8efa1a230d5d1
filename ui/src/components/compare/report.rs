//! What a run found: headline numbers, two charts, the table.

use super::{chart::Chart, now, start};
use crate::{
    components::{icons::Icon, problem::ProblemLine},
    state::{
        compare::{COLUMNS, Draft, cards, export, file_name, summary, table, title},
        forms::{ABOUT, Row, rows, together},
        route::Route,
    },
    store::use_store,
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_chart::{Size, cost_breakdown, latency_by_percentile};
use wirelab_model::{BenchReport, BenchState};

/// How high the charts are, pixels.
const CHART_PX: u32 = 210;

/// The report.
#[component]
pub fn Report(report: Arc<BenchReport>, handed: RwSignal<Option<Draft>>) -> impl IntoView {
    let heading = title(&report.spec);
    let about = summary(&report, now());
    let ended = match report.state {
        BenchState::Cancelled => Some("Cancelled: the figures are over the calls made before"),
        BenchState::Failed => {
            Some("It could not go on: the figures are over the calls made before")
        }
        BenchState::Finished | BenchState::Running => None,
    };
    let state = format!("{:?}", report.state);
    let method = report.spec.call.method.clone();
    let problem = report.problem.clone();
    let headlines = cards(&report);
    let (by_percentile, by_cost) = (report.clone(), report.clone());
    let latency = Callback::new(move |size: Size| latency_by_percentile(&by_percentile, size));
    let cost = Callback::new(move |size: Size| cost_breakdown(&by_cost, size));
    view! {
        <article class="compare-report" data-testid="compare-report" data-state=state>
            <header class="compare-head">
                <div>
                    <h1 title=method>{heading}</h1>
                    <p class="dim">{about}</p>
                </div>
                <Buttons report=report.clone() handed/>
            </header>
            {ended.map(|ended| view! { <p class="compare-ended">{ended}</p> })}
            {problem.map(|problem| view! { <ProblemLine problem/> })}
            <section class="cards" aria-label="Headline numbers">
                {headlines.into_iter().map(|card| view! {
                    <div class="card" data-testid="compare-card">
                        <div class="u">{card.label}</div>
                        <div class="v" class:gain=card.gain>{card.value}</div>
                        <div class="u">{card.note}</div>
                    </div>
                }).collect_view()}
            </section>
            <section class="two" aria-label="Charts">
                <div class="card" data-testid="compare-chart-latency">
                    <b>"Latency by percentile"</b>
                    <Chart draw=latency height=CHART_PX/>
                </div>
                <div class="card" data-testid="compare-chart-cost">
                    <b>"Where each microsecond goes, per call"</b>
                    <Chart draw=cost height=CHART_PX/>
                </div>
            </section>
            <Figures report=report.clone()/>
            <Forms report/>
        </article>
    }
}

#[component]
fn Figures(report: Arc<BenchReport>) -> impl IntoView {
    let lines = table(&report).into_iter().map(|line| {
        let cells = line.cells.into_iter().map(|(text, why)| {
            let why = (!why.is_empty()).then_some(why);
            view! { <td class="r" class:dash=why.is_some() title=why>{text}</td> }
        });
        view! {
            <tr>
                <td><span class=format!("dot {}", line.class)></span>{line.name}</td>
                {cells.collect_view()}
            </tr>
        }
    });
    let heads = COLUMNS.into_iter().enumerate().map(|(index, name)| {
        view! { <th scope="col" class:r=move || { index > 0 }>{name}</th> }
    });
    view! {
        <section class="card compare-table">
            <table data-testid="compare-table">
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{lines.collect_view()}</tbody>
            </table>
        </section>
    }
}

/// One call's messages in every form; nothing for a report from before these were measured.
#[component]
fn Forms(report: Arc<BenchReport>) -> impl IntoView {
    let rows = rows(&together(&report.request_encodings, &report.response_encodings));
    let line = |row: Row| {
        view! {
            <tr title=row.title>
                <td><span class=format!("dot {}", row.class)></span>{row.form}</td>
                <td class="r">{row.bytes}</td>
                <td class="r">{row.share}</td>
                <td class="r">{row.encode}</td>
                <td class="r">{row.decode}</td>
            </tr>
        }
    };
    (!rows.is_empty()).then(|| {
        view! {
            <section class="card compare-table">
                <table data-testid="compare-forms">
                    <thead>
                        <tr>
                            <th scope="col" title=ABOUT>"One call's messages as"</th>
                            <th scope="col" class="r">"size"</th>
                            <th scope="col" class="r">"of JSON"</th>
                            <th scope="col" class="r">"encode"</th>
                            <th scope="col" class="r">"decode"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.into_iter().map(line).collect_view()}</tbody>
                </table>
            </section>
        }
    })
}

#[component]
fn Buttons(report: Arc<BenchReport>, handed: RwSignal<Option<Draft>>) -> impl IntoView {
    let store = use_store();
    let id = report.id;
    let sure = RwSignal::new(false);
    let starting = RwSignal::new(false);
    let spec = StoredValue::new(report.spec.clone());
    let again = move |_| {
        if starting.get_untracked() {
            return;
        }
        starting.set(true);
        spawn_local(async move {
            if let Err(problem) = start(store, spec.get_value()).await {
                store.problem(problem);
            }
            let _ = starting.try_set(false);
        });
    };
    let change = move |_| {
        handed.set(Some(spec.with_value(Draft::of)));
        store.go(Route::Compare(None));
    };
    let delete = move |_| {
        if !sure.get_untracked() {
            return sure.set(true);
        }
        let client = store.client();
        store.ask(async move { client.delete_bench(id).await }, move |()| {
            // Away first, so that nobody asks for what is gone.
            store.go(Route::Compare(None));
            store.bench_revision.update(|revision| *revision += 1);
            store.say("Deleted the run");
        });
    };
    view! {
        <span class="compare-buttons">
            <button
                class="btn"
                class:stop=move || sure.get()
                data-testid="compare-delete"
                title="Forget this run"
                aria-label="Delete this run"
                on:click=delete
                on:blur=move |_| sure.set(false)
            >
                {Icon::Trash.view()}
                {move || sure.get().then_some("Delete for good")}
            </button>
            <Export report/>
            <button class="btn" data-testid="compare-change" title="Set up a run like this one" on:click=change>
                "Change"
            </button>
            <button class="btn go" data-testid="compare-again" disabled=move || starting.get() on:click=again>
                "Run again"
            </button>
        </span>
    }
}

/// The report as JSON: downloaded or copied.
#[component]
fn Export(report: Arc<BenchReport>) -> impl IntoView {
    let store = use_store();
    let open = RwSignal::new(false);
    let name = file_name(&report);
    let text = StoredValue::new(export(&report));
    let address = move || {
        let text = text.with_value(|text| String::from(js_sys::encode_uri_component(text)));
        format!("data:application/json;charset=utf-8,{text}")
    };
    view! {
        <span class="compare-export" on:keydown=move |event| {
            if event.key() == "Escape" && open.get_untracked() {
                event.stop_propagation();
                open.set(false);
            }
        }>
            <button
                class="btn"
                data-testid="compare-export"
                aria-haspopup="true"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                "Export"
            </button>
            <Show when=move || open.get()>
                <div class="compare-away" on:click=move |_| open.set(false)></div>
                <div class="compare-menu" role="menu">
                    <a
                        role="menuitem"
                        data-testid="compare-download"
                        href=address
                        download=name.clone()
                        on:click=move |_| open.set(false)
                    >
                        "Download JSON"
                    </a>
                    <button
                        role="menuitem"
                        data-testid="compare-copy"
                        on:click=move |_| {
                            store.copy(text.get_value(), "the report");
                            open.set(false);
                        }
                    >
                        "Copy JSON"
                    </button>
                </div>
            </Show>
        </span>
    }
}
