//! Charts over the recorded calls that match a filter: latency over time, its distribution, payload by method.

use crate::{
    components::{
        compare::{chart::Chart, now},
        problem::ProblemLine,
    },
    store::{Store, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_chart::{Size, latency_distribution, latency_over_time, payload_by_method};
use wirelab_model::{HistoryFilter, LatencyPoint, MethodPayload, Problem};

/// How high the charts are, pixels.
const CHART_PX: u32 = 150;
/// How long filter and history must rest before the charts are asked for again, milliseconds.
const SETTLE_MS: u32 = 300;

/// What the charts are drawn from.
#[derive(Clone, Debug, Default, PartialEq)]
struct Data {
    latencies: Vec<LatencyPoint>,
    payloads: Vec<MethodPayload>,
}

/// The three charts, kept in step with the filter and with what is recorded meanwhile.
#[component]
pub fn HistoryCharts(
    /// Which calls.
    #[prop(into)]
    filter: Signal<HistoryFilter>,
) -> impl IntoView {
    let data = follow(filter);
    let failed = move || data.get().and_then(Result::err);
    let with = move |draw: fn(&Data, Size) -> String| {
        Callback::new(move |size: Size| {
            data.with(|data| match data {
                Some(Ok(data)) => draw(data, size),
                // Nothing is drawn until something is known: an empty chart would say that there are no calls.
                _ => String::new(),
            })
        })
    };
    let over_time = with(|data, size| latency_over_time(&data.latencies, size));
    let distribution = with(|data, size| latency_distribution(&data.latencies, size));
    let payloads = with(|data, size| payload_by_method(&data.payloads, size));
    view! {
        <section class="history-charts" aria-label="Charts">
            {move || failed().map(|problem| view! { <ProblemLine problem/> })}
            <div class="card" data-testid="history-chart-latency">
                <b>"Latency over time"</b>
                <Chart draw=over_time height=CHART_PX/>
            </div>
            <div class="card" data-testid="history-chart-distribution">
                <b>"Latency distribution"</b>
                <Chart draw=distribution height=CHART_PX/>
            </div>
            <div class="card" data-testid="history-chart-payload">
                <b>"Payload, mean per call"</b>
                <Chart draw=payloads height=CHART_PX/>
            </div>
        </section>
    }
}

fn follow(filter: Signal<HistoryFilter>) -> RwSignal<Option<Result<Arc<Data>, Problem>>> {
    let store = use_store();
    let data = RwSignal::new(None);
    let waiting = StoredValue::new(false);
    let asked = StoredValue::new(0u64);
    Effect::new(move |_| {
        store.history_revision.track();
        filter.track();
        // Changes that come while one waits are seen when it goes on.
        if waiting.get_value() {
            return;
        }
        waiting.set_value(true);
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(SETTLE_MS).await;
            let Some(filter) = filter.try_get_untracked() else { return };
            waiting.set_value(false);
            asked.update_value(|asked| *asked += 1);
            let mine = asked.get_value();
            let found = ask(store, filter).await;
            if asked.try_get_value() == Some(mine) {
                let _ = data.try_set(Some(found));
            }
        });
    });
    data
}

async fn ask(store: Store, filter: HistoryFilter) -> Result<Arc<Data>, Problem> {
    let client = store.client();
    let latencies = client.latencies(filter.clone()).await?;
    let payloads = client.payloads(filter).await?;
    Ok(Arc::new(Data { latencies: local(latencies), payloads }))
}

/// Charts tell UTC of what they are given; people read the time of where they are.
fn local(mut points: Vec<LatencyPoint>) -> Vec<LatencyPoint> {
    let offset = i64::from(now().offset_min) * 60_000;
    for point in &mut points {
        point.started_unix_ms = point.started_unix_ms.saturating_add(offset);
    }
    points
}
