//! The shown request as a binding sends it, as it is edited.

use super::View;
use crate::{
    components::{icons::Icon, kind::Kind, problem::ProblemLine},
    state::bridge::answer,
    store::{Store, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use wirelab_model::{Binding, BindingPreview, Form, Metadatum, PreviewBinding, Problem};

/// How long what is edited must rest before it is asked for, milliseconds.
const SETTLE_MS: u32 = 120;

/// What is known of the shown request.
type Shown = RwSignal<Option<Result<BindingPreview, Problem>>>;

/// The preview.
#[component]
pub fn Preview(view: View) -> impl IntoView {
    let store = use_store();
    let preview: Shown = RwSignal::new(None);
    // Whether the message is the shown tab's own, or an example.
    let own = RwSignal::new(true);
    follow(store, view, preview, own);
    let binding = Memo::new(move |_| view.binding());
    let open = move |_| {
        if let Some(binding) = binding.get_untracked() {
            store.open_method(&binding.method);
        }
    };
    let head = move || {
        binding.get().map(|binding| {
            let short = binding.method.rsplit('/').next().unwrap_or_default().to_owned();
            view! {
                <header>
                    <Kind kind=binding.kind/>
                    <b title=binding.method.clone()>{short}</b>
                    <span class="faint bridge-whose">
                        {move || if own.get() { "with the request in Explore" } else { "with an example" }}
                    </span>
                    <button class="link right" data-testid="preview-open" on:click=open>"Open in Explore"</button>
                </header>
            }
        })
    };
    let body = move || match preview.get() {
        None if binding.with(Option::is_none) => {
            view! { <p class="bridge-none">"A request shows here as a binding sends it"</p> }
                .into_any()
        }
        None => view! { <p class="bridge-none">"Reading"</p> }.into_any(),
        Some(Err(problem)) => view! { <ProblemLine problem/> }.into_any(),
        Some(Ok(BindingPreview { problem: Some(problem), .. })) => {
            view! { <ProblemLine problem/> }.into_any()
        }
        Some(Ok(preview)) => {
            let kind = binding.with(|b| b.as_ref().map(|b| b.kind).unwrap_or_default());
            view! { <Request preview/> <p class="faint bridge-answer">{answer(kind)}</p> }
                .into_any()
        }
    };
    view! {
        <section class="card bridge-preview" aria-label="Preview" aria-live="polite" data-testid="preview">
            {head}
            {body}
        </section>
    }
}

/// Asks for the preview whenever the binding, the request, or where the bridge listens changes.
fn follow(store: Store, view: View, preview: Shown, own: RwSignal<bool>) {
    let round = StoredValue::new(0u64);
    let phase = Memo::new(move |_| store.bridge.with(|state| state.phase.clone()));
    let binding = Memo::new(move |_| view.binding());
    Effect::new(move |_| {
        phase.track();
        let binding = binding.get();
        let request = binding.as_ref().and_then(|binding| request(store, &binding.method));
        round.update_value(|n| *n += 1);
        let mine = round.get_value();
        let Some(binding) = binding else { return preview.set(None) };
        own.set(request.is_some());
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(SETTLE_MS).await;
            if round.try_get_value() != Some(mine) {
                return;
            }
            let found = ask(store, binding, request).await;
            if round.try_get_value() == Some(mine) {
                let _ = preview.try_set(Some(found));
            }
        });
    });
}

/// Message and metadata of the tab that shows this method; tracks them.
fn request(store: Store, method: &str) -> Option<(String, Vec<Metadatum>)> {
    let shown = store.active_tab().filter(|tab| tab.method() == method);
    let tab = shown.or_else(|| store.tabs.get().into_iter().find(|tab| tab.method() == method))?;
    let text = tab.editor.with(|editor| editor.text().to_owned());
    let json = if text.trim().is_empty() { "{}".to_owned() } else { text };
    let metadata = tab.metadata.with(|rows| crate::state::metadata::entries(rows));
    Some((json, metadata.unwrap_or_default()))
}

async fn ask(
    store: Store,
    binding: Binding,
    request: Option<(String, Vec<Metadatum>)>,
) -> Result<BindingPreview, Problem> {
    let client = store.client();
    let (json, metadata) = match request {
        Some(request) => request,
        None => {
            let Form { example, .. } = client.form(binding.method.clone()).await?;
            (example, Vec::new())
        }
    };
    client.preview_binding(PreviewBinding { binding, json, metadata }).await
}

/// Verb, URL, headers and body; each can be copied.
#[component]
fn Request(preview: BindingPreview) -> impl IntoView {
    let store = use_store();
    let BindingPreview { verb, url, headers, body, curl, socket, .. } = preview;
    let copy = url.clone();
    let class = format!("b-verb {}", verb.to_ascii_lowercase());
    let part = |label: &'static str, testid: &'static str, text: String| {
        view! { <Part label testid text/> }
    };
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect::<Vec<_>>()
        .join("\n");
    view! {
        <div class="bridge-request" data-testid="preview-url">
            <span class=class>{verb}</span>
            <code>{url}</code>
            <button
                class="icon-button" aria-label="Copy the URL" title="Copy the URL"
                on:click=move |_| store.copy(copy.clone(), "the URL")
            >
                {Icon::Copy.view()}
            </button>
        </div>
        {(!headers.is_empty()).then(|| part("Headers", "preview-headers", headers))}
        {match body {
            Some(body) => part("Body", "preview-body", body).into_any(),
            None => view! { <p class="faint bridge-answer">"No body: everything is in the path and the query"</p> }.into_any(),
        }}
        {part("curl", "preview-curl", curl)}
        {(!socket.is_empty()).then(|| part("WebSocket", "preview-socket", socket))}
    }
}

#[component]
fn Part(label: &'static str, testid: &'static str, text: String) -> impl IntoView {
    let store = use_store();
    let copy = text.clone();
    let words = format!("Copy: {label}");
    view! {
        <div class="bridge-part">
            <span class="u">{label}</span>
            <button
                class="icon-button" aria-label=words.clone() title=words
                on:click=move |_| store.copy(copy.clone(), label)
            >
                {Icon::Copy.view()}
            </button>
            <pre class="mono" data-testid=testid tabindex="0">{text}</pre>
        </div>
    }
}
