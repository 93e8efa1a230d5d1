//! The recorded calls that match, newest first.

use super::View;
use crate::{
    components::{
        compare::now,
        kind::Kind,
        problem::ProblemLine,
        virtual_list::{Selection, VirtualList},
    },
    state::{response::tone, when},
};
use leptos::prelude::*;
use std::sync::Arc;
use wirelab_chart::format;
use wirelab_model::{CallState, HistoryRow, Status, Transport};

/// Height of a row, pixels; `.h-row` in `styles/history.css` has the same.
const ROW_PX: f64 = 30.0;

/// Begins the element ids of rows.
const ROW_ID: &str = "history-";

/// The list.
#[component]
pub fn List(view: View) -> impl IntoView {
    let count = Memo::new(move |_| view.list.with(|list| list.len()));
    let place = Memo::new(move |_| {
        let id = view.selected.get()?;
        view.list.with(|list| list.position_of(id))
    });
    let select = move |place: u64| {
        if let Some(id) = view.list.with_untracked(|list| list.row(place).map(|row| row.id)) {
            view.look_at(Some(id));
        }
    };
    let row = move |place: u64| view! { <Row view place/> }.into_any();
    let problem = Memo::new(move |_| view.list.with(|list| list.problem().cloned()));
    let failed = move || {
        problem.get().map(|problem| {
            view! {
                <div class="h-failed">
                    <ProblemLine problem/>
                    <button type="button" class="btn small" on:click=move |_| view.list.update(|l| l.retry())>
                        "Try again"
                    </button>
                </div>
            }
        })
    };
    view! {
        <div class="h-list">
            <div class="h-row h-cols" aria-hidden="true">
                <span>"Status"</span><span>"Method"</span><span>"Request"</span><span>"Server"</span>
                <span class="r">"Time"</span><span class="r">"Took"</span>
                <span class="r">"Protobuf"</span><span class="r">"JSON"</span>
            </div>
            {failed}
            <div class="h-rows">
                <Show when=move || count.get() != 0 fallback=move || view! { <Nothing view/> }>
                    <VirtualList
                        count=count
                        row_px=ROW_PX
                        row=Arc::new(row)
                        label="Recorded calls"
                        on_view=Callback::new(move |places| view.in_view.set(places))
                        selection=Selection {
                            at: place.into(),
                            set: Callback::new(select),
                            id: ROW_ID,
                        }
                    />
                </Show>
            </div>
        </div>
    }
}

#[component]
fn Nothing(view: View) -> impl IntoView {
    let state = Memo::new(move |_| {
        view.list.with(|list| {
            (list.is_loading(), list.problem().is_some(), *list.filter() == Default::default())
        })
    });
    move || match state.get() {
        (_, true, _) => ().into_any(),
        (true, ..) => view! { <p class="r-empty">"Reading the history"</p> }.into_any(),
        (_, _, true) => view! {
            <p class="r-empty">"No calls yet. Every call you make in Explore is kept here"</p>
        }
        .into_any(),
        (_, _, false) => view! { <p class="r-empty">"No call matches the filter"</p> }.into_any(),
    }
}

#[component]
fn Row(view: View, place: u64) -> impl IntoView {
    let row = Memo::new(move |_| view.list.with(|list| list.row(place).cloned()));
    let selected = Memo::new(move |_| {
        let id = row.with(|row| row.as_ref().map(|row| row.id));
        id.is_some() && id == view.selected.get()
    });
    let cells = move || match row.get() {
        Some(row) => cells(row).into_any(),
        None => view! { <span class="faint">"…"</span> }.into_any(),
    };
    let select = move |_| {
        if let Some(id) = row.with_untracked(|row| row.as_ref().map(|row| row.id)) {
            view.look_at(Some(id));
        }
    };
    view! {
        <div
            class="h-row"
            class:sel=move || selected.get()
            id=format!("{ROW_ID}{place}")
            role="option"
            aria-selected=move || selected.get().to_string()
            data-testid="history-row"
            data-id=move || row.with(|row| row.as_ref().map(|row| row.id.to_string()))
            data-method=move || row.with(|row| row.as_ref().map(|row| row.method.clone()))
            on:click=select
        >
            {cells}
        </div>
    }
}

/// The status of a row in a word, and the class that colours it.
fn status(row: &HistoryRow) -> (String, String) {
    let (text, class) = match (row.state, row.status) {
        (CallState::Running, _) => ("open".to_owned(), "open"),
        (CallState::Finished, Some(code)) => {
            (Status { code, ..Status::default() }.name(), tone(Some(code)).class())
        }
        _ => ("interrupted".to_owned(), tone(None).class()),
    };
    (text, format!("status s-{class}"))
}

fn cells(row: HistoryRow) -> impl IntoView {
    let (text, class) = status(&row);
    let (service, method) = row.method.rsplit_once('/').unwrap_or(("", &row.method));
    let short = service.rsplit('.').next().unwrap_or(service).to_owned();
    let totals = row.totals;
    let json =
        totals.sent_json_bytes.zip(totals.received_json_bytes).map(|(a, b)| format::bytes(a + b));
    let took = match row.state {
        CallState::Running => String::new(),
        _ => format::ns(row.total_ns),
    };
    let messages = totals.sent + totals.received;
    let many = (messages > 2).then(|| {
        view! { <em class="count" title="Messages both ways">{format::count(messages)}</em> }
    });
    let transport = (row.transport != Transport::Grpc).then(|| {
        view! { <em class="count h-how" title="The protocol that carried it">{row.transport.name()}</em> }
    });
    let tries = (row.retries > 0).then(|| {
        let title = format!("{} attempts: {} failed before the last", row.retries + 1, row.retries);
        view! { <em class="count h-tries" aria-label=title.clone() title=title>{format!("↻ {}", row.retries + 1)}</em> }
    });
    view! {
        <span class=class title=text.clone()><span class="h-cut">{text.clone()}</span></span>
        <span class="h-method" title=row.method.clone()>
            <Kind kind=Signal::stored(row.kind)/>
            <span class="h-cut"><b>{method.to_owned()}</b><span class="faint h-service">{short}</span></span>
            {transport} {tries} {many}
        </span>
        <span class="h-cut mono dim" title=row.text.clone()>{row.text.clone()}</span>
        <span class="h-cut mono faint" title=row.address.clone()>{row.address.clone()}</span>
        <span class="r" title=when::long(row.started_unix_ms, now())>{when::short(row.started_unix_ms, now())}</span>
        <span class="r">{took}</span>
        <span class="r h-proto">{format::bytes(totals.sent_bytes + totals.received_bytes)}</span>
        <span class="r h-json">{json}</span>
    }
}
