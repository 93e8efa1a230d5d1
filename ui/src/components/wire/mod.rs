//! What went over the wire for a call: sizes and time and bytes of one message, or how a stream went.
//!
//! - `payload`: a message as JSON and as Protobuf
//! - `forms`: the same in every form, measured when asked for
//! - `time`: the phases of a call; `attempts`: those that failed before it
//! - `hex`: bytes and fields
//! - `stream`: bytes over time, gaps, counts

mod attempts;
mod forms;
mod hex;
mod payload;
mod stream;
mod time;

use super::response::CallView;
use crate::state::wire::Bar;
use hex::Hex;
use leptos::prelude::*;
use payload::{Payload, SideSwitch};
use stream::{BytesOverTime, FlowCounts, Gaps};
use time::Time;

/// The panel below a call.
#[component]
pub fn WirePanel(call: CallView) -> impl IntoView {
    let stream = call.memo(|response| response.is_stream());
    view! {
        <section class="wire" aria-label="Wire" data-testid="wire-panel">
            {move || match stream.get() {
                None => view! {
                    <p class="w-empty w-none">"Sizes, times and bytes of a call show here once it is made"</p>
                }
                .into_any(),
                Some(false) => view! { <Single call/> }.into_any(),
                Some(true) => view! { <Streamed call/> }.into_any(),
            }}
        </section>
    }
}

/// A call without streams.
#[component]
fn Single(call: CallView) -> impl IntoView {
    let side = Memo::new(move |_| call.shown_side());
    let index = move || call.with(|response| response.only(side.get())).flatten();
    let detail = call.detail(index);
    view! {
        <Payload call detail aside=move || view! { <SideSwitch call/> }/>
        <Time call/>
        <Hex detail field=call.field/>
    }
}

/// A stream: as a whole, or the message that is looked at.
#[component]
fn Streamed(call: CallView) -> impl IntoView {
    let whole = RwSignal::new(true);
    let selected = call.memo(|response| response.messages().selected());
    let detail = call.detail(move || selected.get().flatten());
    let switch = move || {
        let side = move |to: bool, name: &'static str| {
            let on = move || whole.get() == to;
            view! {
                <button type="button" class="w-side" class:on=on aria-pressed=move || on().to_string()
                    on:click=move |_| whole.set(to)>{name}</button>
            }
        };
        view! {
            <Show when=move || selected.get().flatten().is_some()>
                <span class="w-sides" role="group" aria-label="What is shown">
                    {side(true, "stream")} {side(false, "message")}
                </span>
            </Show>
        }
    };
    move || match whole.get() || selected.get().flatten().is_none() {
        true => view! {
            <BytesOverTime call aside=switch/>
            <Gaps call/>
            <FlowCounts call/>
        }
        .into_any(),
        false => view! {
            <Payload call detail aside=switch/>
            <Time call/>
            <Hex detail field=call.field/>
        }
        .into_any(),
    }
}

/// Bars with labels and figures.
#[component]
fn Bars(
    /// Each with the test id of its figure.
    bars: Vec<(Bar, Option<&'static str>)>,
    class: &'static str,
) -> impl IntoView {
    let row = |(bar, testid): (Bar, Option<&'static str>)| {
        let soft = bar.class.ends_with("soft").then_some("faint");
        let class = if bar.width > 0.0 { bar.class } else { "none" };
        view! {
            <span class=soft title=bar.title.clone()>{bar.label}</span>
            <i aria-hidden="true">
                <i class=class style:margin-left=format!("{:.2}%", bar.left) style:width=format!("{:.2}%", bar.width)></i>
            </i>
            <b title=bar.title data-testid=testid>{bar.figure}</b>
        }
    };
    view! { <div class=class>{bars.into_iter().map(row).collect_view()}</div> }
}
