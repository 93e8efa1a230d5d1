//! A message in every form that it may travel in.

use crate::{
    components::{problem::ProblemLine, response::CallView},
    state::{
        forms::{ABOUT, Row, rows},
        response::Response,
    },
};
use leptos::{html, prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_model::{CallId, MessageDetail, MessageQuery, Problem};

/// A table that is measured when it is opened, and again for each message while it is.
#[component]
pub fn Forms(
    /// The call it is of.
    call: CallView,
    /// The message.
    detail: Memo<Option<Arc<MessageDetail>>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let id = call.memo(Response::id);
    let message = Memo::new(move |_| {
        let index =
            detail.with(|d| d.as_ref().filter(|d| d.problem.is_none()).map(|d| d.row.index));
        Some((id.get()?, index?))
    });
    let measured = RwSignal::new(None::<((CallId, u64), Result<Vec<Row>, Problem>)>);
    Effect::new(move |_| {
        let Some((call_id, index)) = message.get().filter(|_| open.get()) else { return };
        let client = call.store.client();
        spawn_local(async move {
            let reply = client.encodings(MessageQuery { call: call_id, index }).await;
            measured.try_set(Some(((call_id, index), reply.map(|forms| rows(&forms)))));
        });
    });
    let table = move || {
        let (of, found) = measured.get()?;
        if Some(of) != message.get() {
            return None;
        }
        Some(match found {
            Ok(rows) => view! { <Table rows/> }.into_any(),
            Err(problem) => view! { <ProblemLine problem/> }.into_any(),
        })
    };
    view! {
        <Show when=move || message.get().is_some()>
            <button type="button" class="w-more" data-testid="wire-forms" title=ABOUT
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {move || if open.get() { "Hide other forms" } else { "Measure other forms" }}
            </button>
            <Show when=move || open.get()>
                {move || table().unwrap_or_else(|| view! { <p class="w-empty">"Measuring…"</p> }.into_any())}
            </Show>
        </Show>
    }
}

#[component]
fn Table(rows: Vec<Row>) -> impl IntoView {
    let table = NodeRef::<html::Table>::new();
    // The panel is low: what was asked for comes into view.
    Effect::new(move |_| {
        if let Some(table) = table.get() {
            table.scroll_into_view_with_bool(false);
        }
    });
    let line = |row: Row| {
        view! {
            <tr title=row.title>
                <th scope="row"><span class=format!("dot {}", row.class)></span>{row.form}</th>
                <td>{row.bytes}</td>
                <td class="faint">{row.share}</td>
                <td>{row.encode}</td>
                <td>{row.decode}</td>
            </tr>
        }
    };
    view! {
        <table class="w-forms" data-testid="wire-forms-table" node_ref=table>
            <thead>
                <tr>
                    <th scope="col">"form"</th>
                    <th scope="col">"size"</th>
                    <th scope="col" title="Of the bytes as JSON">"of JSON"</th>
                    <th scope="col">"encode"</th>
                    <th scope="col">"decode"</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(line).collect_view()}</tbody>
        </table>
    }
}
