//! Choosing what to compare: method, server, message, how many calls.

use super::start;
use crate::{
    components::{kind::Kind, problem::ProblemLine},
    state::compare::{Draft, Field},
    store::{Store, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::HashMap;
use wirelab_chart::format;
use wirelab_model::{CheckRequest, Checked, MethodInfo, Problem, Tls};

/// How many methods the picker offers at once.
const OFFERED: usize = 60;
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
                <div class="compare-numbers">
                    <NumberField draft field=Field::Calls testid="compare-calls"/>
                    <NumberField draft field=Field::InFlight testid="compare-in-flight"/>
                    <NumberField draft field=Field::WarmUp testid="compare-warm-up"/>
                    <Show when=streams>
                        <NumberField draft field=Field::Messages testid="compare-messages"/>
                    </Show>
                </div>
                {move || problem.get().map(|problem| view! { <ProblemLine problem/> })}
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
                    <dt><span class="dot json"></span>"The same messages as JSON"</dt>
                    <dd>"Written and read for real: size, gzip size, time to encode and decode. They are not sent, so there is no latency to show"</dd>
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

#[component]
fn MethodField(draft: RwSignal<Draft>, known: Memo<Option<MethodInfo>>) -> impl IntoView {
    let store = use_store();
    let method = move || draft.with(|draft| draft.call.method.clone());
    let offered = move || {
        let words = method().to_lowercase();
        // A chosen method offers the others again.
        let words = if known.with(Option::is_some) { String::new() } else { words };
        store.catalog.with(|catalog| {
            let all = catalog.services.iter().flat_map(|service| &service.methods);
            let fitting = all.filter(|method| {
                let path = method.path.to_lowercase();
                words.split_whitespace().all(|word| path.contains(word))
            });
            fitting.take(OFFERED).map(|method| method.path.clone()).collect::<Vec<_>>()
        })
    };
    let note = move || match (known.get(), method().is_empty()) {
        (Some(info), _) => format!("{} → {}", info.input, info.output),
        (None, true) => "Choose one of the loaded methods".to_owned(),
        (None, false) => "No loaded source has this method".to_owned(),
    };
    view! {
        <label class="compare-field">
            <span>"Method" {move || known.get().map(|info| view! { <Kind kind=info.kind/> })}</span>
            <input
                class="in"
                list="compare-methods"
                data-testid="compare-method"
                placeholder="pkg.Service/Method"
                autocomplete="off"
                spellcheck="false"
                prop:value=method
                on:input=move |event| {
                    draft.update(|draft| draft.call.method = event_target_value(&event).trim().to_owned());
                }
            />
            <datalist id="compare-methods">
                {move || offered().into_iter().map(|path| view! { <option value=path></option> }).collect_view()}
            </datalist>
            <small class:bad=move || known.with(Option::is_none) && !method().is_empty()>{note}</small>
        </label>
    }
}

#[component]
fn ServerField(draft: RwSignal<Draft>) -> impl IntoView {
    view! {
        <label class="compare-field">
            <span>"Server"</span>
            <span class="compare-server">
                <input
                    class="in"
                    data-testid="compare-address"
                    placeholder="localhost:50051"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || draft.with(|draft| draft.call.endpoint.address.clone())
                    on:input=move |event| {
                        draft.update(|draft| draft.call.endpoint.address = event_target_value(&event).trim().to_owned());
                    }
                />
                <select
                    class="in"
                    aria-label="Protection of the connection"
                    data-testid="compare-tls"
                    on:change=move |event| draft.update(|draft| {
                        draft.call.endpoint.tls = if event_target_value(&event) == "tls" { Tls::System } else { Tls::Off };
                    })
                >
                    <option value="off" selected=move || draft.with(|d| d.call.endpoint.tls == Tls::Off)>"Plaintext"</option>
                    <option value="tls" selected=move || draft.with(|d| d.call.endpoint.tls == Tls::System)>"TLS"</option>
                </select>
            </span>
            <small>{move || {
                let metadata = draft.with(|draft| draft.call.metadata.len());
                match metadata {
                    0 => "Nothing else should load it meanwhile".to_owned(),
                    1 => "With 1 metadata entry of the tab it was taken from".to_owned(),
                    n => format!("With {n} metadata entries of the tab it was taken from"),
                }
            }}</small>
        </label>
    }
}

#[component]
fn MessageField(
    draft: RwSignal<Draft>,
    example: RwSignal<String>,
    checked: RwSignal<Option<Checked>>,
) -> impl IntoView {
    let note = move || {
        let Checked { problems, sizes } = checked.get()?;
        if !problems.is_empty() {
            let lines = problems.into_iter().take(3);
            return Some(
                lines.map(|problem| view! { <ProblemLine problem/> }).collect_view().into_any(),
            );
        }
        let sizes = sizes?;
        let (proto, json) = (format::bytes(sizes.proto), format::bytes(sizes.json));
        Some(view! {
            <small>
                <span class="proto">{proto}" as Protobuf"</span>", "<span class="json">{json}" as compact JSON"</span>
            </small>
        }.into_any())
    };
    let differs = move || draft.with(|d| example.with(|e| !e.is_empty() && d.message != *e));
    view! {
        <div class="compare-field">
            <span>
                <label for="compare-message">"Message"</label>
                <Show when=differs>
                    <button
                        type="button"
                        class="link"
                        data-testid="compare-example"
                        on:click=move |_| draft.update(|draft| draft.message = example.get_untracked())
                    >
                        "Fill in the example"
                    </button>
                </Show>
            </span>
            <textarea
                id="compare-message"
                class="in"
                data-testid="compare-message"
                spellcheck="false"
                autocomplete="off"
                prop:value=move || draft.with(|draft| draft.message.clone())
                on:input=move |event| draft.update(|draft| draft.message = event_target_value(&event))
            ></textarea>
            {note}
        </div>
    }
}

#[component]
fn NumberField(draft: RwSignal<Draft>, field: Field, testid: &'static str) -> impl IntoView {
    let wrong = Memo::new(move |_| draft.with(|draft| field.read(draft.typed(field)).err()));
    view! {
        <label class="compare-field">
            <span>{field.name()}</span>
            <input
                class="in"
                class:err=move || wrong.with(Option::is_some)
                inputmode="numeric"
                data-testid=testid
                autocomplete="off"
                aria-invalid=move || wrong.with(Option::is_some).to_string()
                prop:value=move || draft.with(|draft| draft.typed(field).to_owned())
                on:input=move |event| draft.update(|draft| draft.set(field, event_target_value(&event)))
            />
            {move || wrong.get().map(|wrong| view! { <small class="bad">{wrong}</small> })}
        </label>
    }
}
