//! Choosing what to compare: method, server, message, how many calls.

use super::{
    fields::{MessageField, MethodField, NumberField, PathsField, ServerField},
    start,
};
use crate::{
    components::problem::ProblemLine,
    state::compare::{Draft, Field},
    store::{Store, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::HashMap;
use wirelab_model::{CheckRequest, Checked, MethodInfo, Problem};

/// How long a message must rest before the studio checks it, milliseconds.
const SETTLE_MS: u32 = 250;

/// The form.
#[component]
pub fn Setup(draft: Draft) -> impl IntoView {
    let store = use_store();
    let example = RwSignal::new(String::new());
    let draft = RwSignal::new(draft);
    let problem = RwSignal::new(None::<Problem>);
    let starting = RwSignal::new(false);
    let method = Memo::new(move |_| draft.with(|draft| draft.call.method.clone()));
    let known = Memo::new(move |_| {
        store.catalog.track();
        method.with(|method| store.method(method))
    });
    follow_method(store, draft, known, example);
    follow_server(store, draft);
    let checked = checks(store, draft, known);
    let run = move || {
        if starting.get_untracked() {
            return;
        }
        let spec = match draft.with_untracked(Draft::spec) {
            Ok(spec) => spec,
            Err(wrong) => return problem.set(Some(wrong)),
        };
        starting.set(true);
        problem.set(None);
        spawn_local(async move {
            let outcome = start(store, spec).await;
            // On success this form is gone already.
            let _ = problem.try_set(outcome.err());
            let _ = starting.try_set(false);
        });
    };
    let streams = move || draft.with(|draft| draft.call.kind.client_streams());
    // What stands below the message already is not said twice.
    let shown = move || {
        let problem = problem.get()?;
        let said = checked.with(|c| c.as_ref().is_some_and(|c| c.problems.contains(&problem)));
        (!said).then_some(problem)
    };
    let endless = move || {
        draft.with(|draft| draft.call.kind.server_streams() && draft.deadline.trim().is_empty())
    };
    view! {
        <header class="compare-head">
            <div>
                <h1>"JSON or Protobuf?"</h1>
                <p class="dim">"Measure it with your own method and your own message"</p>
            </div>
        </header>
        <div class="compare-setup">
            <form
                class="card compare-form"
                aria-label="New comparison"
                on:submit=move |event| {
                    event.prevent_default();
                    run();
                }
            >
                <div class="compare-pair">
                    <MethodField draft known/>
                    <ServerField draft/>
                </div>
                <MessageField draft example checked/>
                <PathsField draft/>
                <div class="compare-numbers">
                    <NumberField draft field=Field::Calls testid="compare-calls"/>
                    <NumberField draft field=Field::InFlight testid="compare-in-flight"/>
                    <NumberField draft field=Field::WarmUp testid="compare-warm-up"/>
                    <NumberField draft field=Field::Deadline testid="compare-deadline"/>
                    <Show when=streams>
                        <NumberField draft field=Field::Messages testid="compare-messages"/>
                    </Show>
                </div>
                <Show when=endless>
                    <p class="compare-endless">
                        "Each call lasts until the server ends its stream. One that never does needs a deadline, and then counts as failed"
                    </p>
                </Show>
                {move || shown().map(|problem| view! { <ProblemLine problem/> })}
                <div class="compare-actions">
                    <button type="submit" class="btn go" data-testid="compare-run" disabled=move || starting.get()>
                        {move || if starting.get() { "Starting" } else { "Run comparison" }}
                    </button>
                </div>
            </form>
            <section class="card compare-about" aria-label="What is measured">
                <b>"What is measured"</b>
                <dl>
                    <dt><span class="dot proto"></span>"gRPC with Protobuf"</dt>
                    <dd>"Called for real, as often as you say: latency, errors, bytes on the connection"</dd>
                    <dt><span class="dot json"></span>"REST and WebSocket with JSON"</dt>
                    <dd>"Called for real through a bridge on this machine, in turn with gRPC: what the way round by the bridge takes is in the figures"</dd>
                    <dt>"The same messages in every form"</dt>
                    <dd>"Written and read for real: size, gzip size, time to encode and decode"</dd>
                    <dt>"Before counting"</dt>
                    <dd>"Warm-up calls open the connection and are left out of every figure"</dd>
                </dl>
            </section>
        </div>
    }
}

/// Takes kind and example of the method whenever another is chosen. What was typed for the one before comes back
/// with it.
fn follow_method(
    store: Store,
    draft: RwSignal<Draft>,
    known: Memo<Option<MethodInfo>>,
    example: RwSignal<String>,
) {
    let typed = StoredValue::new(HashMap::<String, String>::new());
    let last = StoredValue::new(None::<String>);
    Effect::new(move |_| {
        let Some(info) = known.get() else { return };
        let before = last.get_value();
        if before.as_ref() == Some(&info.path) {
            return;
        }
        last.set_value(Some(info.path.clone()));
        draft.update(|draft| {
            draft.call.kind = info.kind;
            if let Some(before) = before {
                let back = typed.try_update_value(|typed| typed.remove(&info.path)).flatten();
                let message = std::mem::replace(&mut draft.message, back.unwrap_or_default());
                if example.with_untracked(|example| message != *example) {
                    typed.update_value(|typed| drop(typed.insert(before, message)));
                }
            }
        });
        let client = store.client();
        spawn_local(async move {
            let Ok(form) = client.form(info.path.clone()).await else { return };
            if last.try_get_value().flatten() != Some(info.path) {
                return;
            }
            draft.update(|draft| {
                if matches!(draft.message.trim(), "" | "{}") {
                    draft.message.clone_from(&form.example);
                }
            });
            example.set(form.example);
        });
    });
}

/// Takes the studio's own server where none was named before it told of one.
fn follow_server(store: Store, draft: RwSignal<Draft>) {
    Effect::new(move |done: Option<bool>| {
        let endpoint = store.hello.with(|hello| hello.default_endpoint.clone());
        if done == Some(true) || endpoint.address.is_empty() {
            return done.unwrap_or_default();
        }
        let empty = draft.with_untracked(|draft| draft.call.endpoint.address.is_empty());
        if empty {
            draft.update(|draft| draft.call.endpoint = endpoint);
        }
        true
    });
}

/// What the studio says of the message, once it rests.
fn checks(
    store: Store,
    draft: RwSignal<Draft>,
    known: Memo<Option<MethodInfo>>,
) -> RwSignal<Option<Checked>> {
    let checked = RwSignal::new(None);
    let round = StoredValue::new(0u64);
    let message = Memo::new(move |_| draft.with(|draft| draft.message.clone()));
    Effect::new(move |_| {
        let (json, info) = (message.get(), known.get());
        round.update_value(|round| *round += 1);
        let mine = round.get_value();
        let Some(info) = info else { return checked.set(None) };
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(SETTLE_MS).await;
            if round.try_get_value() != Some(mine) {
                return;
            }
            let json = if json.trim().is_empty() { "{}".to_owned() } else { json };
            let found = store.client().check(CheckRequest { method: info.path, json }).await;
            if round.try_get_value() == Some(mine) {
                let _ = checked.try_set(found.ok());
            }
        });
    });
    checked
}
