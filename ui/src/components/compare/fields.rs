//! The fields of a comparison's form.

use crate::{
    components::{kind::Kind, problem::ProblemLine},
    state::compare::{Draft, Field, PATHS},
    store::use_store,
};
use leptos::prelude::*;
use wirelab_chart::format;
use wirelab_model::{Checked, MethodInfo, Tls};

/// How many methods the picker offers at once.
const OFFERED: usize = 60;

/// The method, picked from the loaded ones.
#[component]
pub fn MethodField(draft: RwSignal<Draft>, known: Memo<Option<MethodInfo>>) -> impl IntoView {
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

/// The server and how the connection to it is protected.
#[component]
pub fn ServerField(draft: RwSignal<Draft>) -> impl IntoView {
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

/// The message as JSON text, with what the studio says of it.
#[component]
pub fn MessageField(
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

/// A number, with what can be typed where it is not.
#[component]
pub fn NumberField(draft: RwSignal<Draft>, field: Field, testid: &'static str) -> impl IntoView {
    let wrong = Memo::new(move |_| draft.with(|draft| field.wrong(draft.typed(field))));
    view! {
        <label class="compare-field">
            <span>{field.name()}</span>
            <input
                class="in"
                class:err=move || wrong.with(Option::is_some)
                inputmode="numeric"
                placeholder=field.is_optional().then_some("none")
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

/// The paths to call.
#[component]
pub fn PathsField(draft: RwSignal<Draft>) -> impl IntoView {
    view! {
        <div class="compare-field" role="group" aria-label="Paths">
            <span>"Paths"</span>
            <div class="compare-paths">
                {PATHS.map(|(path, word)| view! {
                    <label class="check">
                        <input
                            type="checkbox" data-testid="compare-path" data-path=word
                            prop:checked=move || draft.with(|draft| draft.paths.contains(&path))
                            on:change=move |event| {
                                let on = event_target_checked(&event);
                                draft.update(|draft| draft.call_by(path, on));
                            }
                        />
                        {word}
                    </label>
                })}
            </div>
        </div>
    }
}
