//! One recorded call whole: its request, response and wire, and what can be done with it.

use super::View;
use crate::{
    components::{
        compare::now,
        icons::Icon,
        kind::Kind,
        problem::ProblemLine,
        response::{CallResponse, CallView},
        splitter::Splitter,
        wire::WirePanel,
    },
    state::{auth::AuthDraft, connection, layout::Layout, session::TabDraft, when},
    store::Store,
};
use leptos::{prelude::*, task::spawn_local};
use wirelab_model::{
    CallId, CallRecord, Direction, MessageQuery, MessagesQuery, Problem, StartCall, Transport,
};

/// How many of a call's first messages are searched for its first request.
const FIRST_MESSAGES: u32 = 1_000;

/// The call that the route names.
#[component]
pub fn Detail(view: View) -> impl IntoView {
    let store = view.store;
    let call = CallView::recorded(move || view.selected.get());
    let known = Memo::new(move |_| call.with(|_| ()).is_some());
    let missing = move || call.problem.get().map(|problem| view! { <ProblemLine problem/> });
    let resize = move |change: &dyn Fn(&mut Layout)| {
        store.layout.update(|layout| {
            change(layout);
            *layout = layout.clamped();
        });
    };
    view! {
        <section class="h-detail response" aria-label="Call" data-testid="history-detail">
            <Splitter
                vertical=true
                label="Width of the call"
                moved=move |by| resize(&|l| l.history_detail_width -= by)
                reset=move || resize(&|l| l.history_detail_width = Layout::default().history_detail_width)
            />
            <Title view call/>
            <Show when=move || known.get() fallback=move || view! { <div class="h-missing">{missing}</div> }>
                <div class="pane"><CallResponse call with_request=true/></div>
                <WirePanel call/>
            </Show>
        </section>
    }
}

#[component]
fn Title(view: View, call: CallView) -> impl IntoView {
    let record = call.memo(|response| response.record().clone());
    let heading = move || {
        let record = record.get()?;
        let method = record.spec.method.clone();
        let short = method.rsplit('/').next().unwrap_or(&method).to_owned();
        Some(view! {
            <Kind kind=Signal::stored(record.spec.kind)/>
            <span class="h-name">
                <b class="h-cut" title=method>{short}</b>
                <span class="dim h-cut" title=about(&record)>{about(&record)}</span>
            </span>
        })
    };
    view! {
        <header class="h-title">
            {heading}
            <span class="right">
                <Actions view call/>
                <button type="button" class="icon-button" title="Close" aria-label="Close the call"
                    on:click=move |_| view.look_at(None)>{Icon::Close.view()}</button>
            </span>
        </header>
    }
}

/// The credentials that a call was made with, as far as they are kept: which sort.
fn named(record: &CallRecord) -> AuthDraft {
    record.auth.as_deref().map(AuthDraft::named).unwrap_or_default()
}

/// Where, how and when, in a line.
fn about(record: &CallRecord) -> String {
    let endpoint = &record.spec.endpoint;
    let mut said = vec![endpoint.address.clone()];
    if endpoint.transport != Transport::Grpc {
        said.push(endpoint.transport.name().to_owned());
    }
    let lock = connection::lock(endpoint);
    if lock.class != "off" {
        said.push(lock.word.to_owned());
    }
    if !record.attempts.is_empty() {
        said.push(format!("{} attempts", record.attempts.len() + 1));
    }
    said.push(when::long(record.started_unix_ms, now()));
    said.join(" · ")
}

#[component]
fn Actions(view: View, call: CallView) -> impl IntoView {
    let store = view.store;
    let working = RwSignal::new(false);
    let running = call.memo(|response| response.is_running());
    let act = move |action: Action| {
        let Some(record) = call.response.with_untracked(|r| r.as_ref().map(|r| r.record().clone()))
        else {
            return;
        };
        working.set(true);
        spawn_local(async move {
            if let Err(problem) = action.run(view, record).await {
                store.problem(problem);
            }
            working.try_set(false);
        });
    };
    let off = move || working.get() || running.get().is_none();
    view! {
        <button type="button" class="btn small" data-testid="history-replay" disabled=off
            title="Make the call again: same server, metadata and bytes"
            on:click=move |_| act(Action::Replay)>"Replay"</button>
        <button type="button" class="btn small" data-testid="history-open" disabled=off
            title="Open the request in a new tab"
            on:click=move |_| act(Action::Open)>"Open"</button>
        <button type="button" class="icon-button" data-testid="history-copy" disabled=off
            title="Copy as a grpcurl command" aria-label="Copy as grpcurl"
            on:click=move |_| act(Action::Copy)>{Icon::Terminal.view()}</button>
        {move || match running.get() {
            Some(true) => view! {
                <button type="button" class="btn small stop" disabled=off
                    on:click=move |_| act(Action::Cancel)>"Cancel"</button>
            }
            .into_any(),
            _ => view! {
                <button type="button" class="icon-button" data-testid="history-delete" disabled=off
                    title="Forget this call" aria-label="Forget this call"
                    on:click=move |_| act(Action::Delete)>{Icon::Trash.view()}</button>
            }
            .into_any(),
        }}
    }
}

#[derive(Clone, Copy)]
enum Action {
    Replay,
    Open,
    Copy,
    Cancel,
    Delete,
}

impl Action {
    async fn run(self, view: View, record: CallRecord) -> Result<(), Problem> {
        let client = view.store.client();
        let id = record.id;
        match self {
            Action::Replay => {
                let record = client.replay(id).await?;
                view.store.say("Replayed");
                view.look_at(Some(record.id));
            }
            Action::Open => {
                let text = first_request(view.store, id).await?;
                view.store.open_draft(TabDraft {
                    call: Some(id),
                    auth: named(&record),
                    ..TabDraft::of(&record.spec, text)
                });
            }
            Action::Copy => {
                let messages = vec![first_request(view.store, id).await?];
                let auth = named(&record).as_typed();
                view.store.copy_command_of(StartCall {
                    spec: record.spec,
                    messages,
                    finish: true,
                    auth,
                });
            }
            Action::Cancel => client.cancel_call(id).await?,
            Action::Delete => {
                client.delete_calls(vec![id]).await?;
                view.store.say("Forgot 1 call");
                view.list.try_update(|list| list.changed());
                view.look_at(None);
            }
        }
        Ok(())
    }
}

/// The JSON text of a call's first request; an empty message when it sent none.
async fn first_request(store: Store, call: CallId) -> Result<String, Problem> {
    let client = store.client();
    let query = MessagesQuery { call, from: 0, limit: FIRST_MESSAGES };
    let rows = client.messages(query).await?;
    match rows.iter().find(|row| row.direction == Direction::Sent) {
        Some(row) => {
            let detail = client.message(MessageQuery { call, index: row.index }).await?;
            Ok(if detail.json.is_empty() { "{}".to_owned() } else { detail.json })
        }
        None => Ok("{}".to_owned()),
    }
}
