//! How a stream went: bytes over time, time between messages, and how many went each way.

use super::{Bars, attempts::Attempts};
use crate::{
    components::{
        response::CallView,
        virtual_list::{measured_height, measured_width},
    },
    state::{response::Response, wire},
};
use leptos::{html::Div, prelude::*};
use wirelab_chart::{Size, bytes_over_time, format, gap_distribution};

/// Bytes sent and received over time.
#[component]
pub fn BytesOverTime(
    call: CallView,
    /// Above the chart, at the right.
    #[prop(into)]
    aside: ViewFn,
) -> impl IntoView {
    let draw = |response: &Response, size| bytes_over_time(&response.flow().points(), size);
    let left_out = call.memo(|response| {
        let left = response.flow_left_out();
        (left > 0 && !response.is_running())
            .then(|| format!("without the last {} messages", format::count(left)))
    });
    view! {
        <section aria-label="Bytes sent and received">
            <h4>
                "Bytes sent and received"
                <span class="faint">{move || left_out.get().flatten()}</span>
                {aside.run()}
            </h4>
            <Fitted call draw/>
        </section>
    }
}

/// How long messages were apart.
#[component]
pub fn Gaps(call: CallView) -> impl IntoView {
    let draw = |response: &Response, size| gap_distribution(response.flow().gaps(), size);
    let pulse = call.pulse();
    let median = Memo::new(move |_| {
        pulse.get();
        untrack(|| call.with(|response| response.flow().median_gap()))
    });
    let median = move || median.get().flatten().map(|ns| format!("p50 {}", format::ns(ns)));
    view! {
        <section aria-label="Time between messages">
            <h4>"Time between messages" <span class="faint">{median}</span></h4>
            <Fitted call draw/>
        </section>
    }
}

/// A chart at the size of its place, drawn a few times a second at most.
#[component]
fn Fitted(call: CallView, draw: fn(&Response, Size) -> String) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let (width, height) = (measured_width(frame), measured_height(frame));
    let pulse = call.pulse();
    let svg = Memo::new(move |_| {
        pulse.get();
        let size = Size { width: width.get() as u32, height: height.get() as u32 };
        if size.width == 0 { None } else { untrack(|| call.with(|response| draw(response, size))) }
    });
    view! { <div class="w-chart" node_ref=frame inner_html=move || svg.get()></div> }
}

/// How many messages and bytes went each way.
#[component]
pub fn FlowCounts(call: CallView) -> impl IntoView {
    let flow = call.memo(|response| {
        let record = response.record();
        (response.messages().totals(), record.half_closed, response.is_running())
    });
    let state = move || {
        let (_, half_closed, running) = flow.get()?;
        Some(match (running, half_closed) {
            (true, false) => "both sides open",
            (true, true) => "requests complete",
            (false, _) => "closed",
        })
    };
    let bars = move || {
        let (totals, ..) = flow.get()?;
        let bars = wire::flow(&totals).into_iter().map(|bar| (bar, None)).collect::<Vec<_>>();
        Some(view! { <Bars bars class="fall"/> })
    };
    view! {
        <section aria-label="Flow">
            <h4>"Flow" <span class="faint">{state}</span></h4>
            {bars}
            <Attempts call/>
        </section>
    }
}
