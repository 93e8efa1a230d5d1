//! The response of a call: status, message or messages, headers, trailers.
//!
//! - `call_view`: one call as a screen looks at it; `fetch`: the fetching of what comes into view
//! - `body`, `json_view`, `find_bar`: one message whole
//! - `messages`: the list of a stream
//! - `metadata`: headers and trailers; `peer`: who served the call
//! - `failure`: why a call failed
//! - `request`: what was asked for; in History, where no editor shows it
//!
//! Explore and History make a [`CallView`] each and give it to [`CallResponse`] and to the wire panel.

mod body;
mod call_view;
mod failure;
mod fetch;
mod find_bar;
mod json_view;
mod messages;
mod metadata;
mod peer;
mod request;

pub use call_view::{CallView, Section, clock_ms};

use crate::{
    components::problem::ProblemLine,
    state::response::{Response, Tone},
    store::Tab,
};
use body::Message;
use failure::FailureBox;
use leptos::{ev::KeyboardEvent, prelude::*};
use messages::{Chips, MessageList};
use metadata::MetadataTable;
use peer::Peer;
use request::Request;
use wasm_bindgen::JsCast;
use wirelab_chart::format;
use wirelab_model::Direction;

/// The pane at the right of Explore: the response of a tab's last call.
#[component]
pub fn ResponsePane(tab: Tab, call: CallView) -> impl IntoView {
    let refused = move || tab.problem.get().map(|problem| view! { <ProblemLine problem/> });
    let empty = move || match tab.starting.get() {
        true => view! { <p class="r-empty">"Calling…"</p> }.into_any(),
        false => {
            let (verb, what) = match tab.kind.get().client_streams() {
                true => ("Send", "the messages"),
                false => ("Invoke", "the response"),
            };
            view! {
                <p class="r-empty">{verb} " with " <kbd>"Ctrl ⏎"</kbd> " to see " {what} " here"</p>
            }
            .into_any()
        }
    };
    view! {
        <section class="pane response" aria-label="Response">
            {refused}
            <Show when=move || call.with(|_| ()).is_some() fallback=move || view! { <div class="r-body">{empty}</div> }>
                <CallResponse call/>
            </Show>
        </section>
    }
}

/// The response of a call, with its tabs.
#[component]
pub fn CallResponse(
    call: CallView,
    /// Whether what was asked for has a tab of its own.
    #[prop(optional)]
    with_request: bool,
) -> impl IntoView {
    let stream = call.memo(Response::is_stream);
    let headers = call.memo(|response| response.record().headers.clone());
    let trailers = call.memo(|response| response.record().trailers.clone());
    let total = call.memo(|response| response.messages().total());
    let running = Signal::derive(move || call.with(Response::is_running).unwrap_or_default());
    let length = |list: Memo<Option<Vec<wirelab_model::Metadatum>>>| {
        move || list.with(|list| list.as_ref().map_or(0, |list| list.len() as u64))
    };
    let body = move || {
        let name = if stream.get() == Some(true) { "Messages" } else { "Response" };
        let count = move || match stream.get() {
            Some(true) => total.get().unwrap_or_default(),
            _ => 0,
        };
        view! { <TabButton call section=Section::Body name testid="tab-response" count/> }
    };
    view! {
        <nav role="tablist" aria-label="Parts of the response">
            {with_request.then(|| view! {
                <TabButton call section=Section::Request name="Request" testid="tab-request" count=|| 0/>
            })}
            {body}
            <TabButton call section=Section::Headers name="Headers" testid="tab-headers" count=length(headers)/>
            <TabButton call section=Section::Trailers name="Trailers" testid="tab-trailers" count=length(trailers)/>
            <TabButton call section=Section::Peer name="Peer" testid="tab-peer" count=|| 0/>
            <span class="right">
                <Show when=move || stream.get() == Some(true)><Chips call/></Show>
                <Status call/>
            </span>
        </nav>
        <div class="r-body" role="tabpanel" data-testid="response-body">
            {move || match call.section.get() {
                Section::Request => view! { <Request call/> }.into_any(),
                Section::Body => view! { <Body call stream/> }.into_any(),
                Section::Headers => {
                    view! { <MetadataTable entries=headers what="headers" running/> }.into_any()
                }
                Section::Trailers => {
                    view! { <MetadataTable entries=trailers what="trailers" running/> }.into_any()
                }
                Section::Peer => view! { <Peer call/> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Body(call: CallView, stream: Memo<Option<bool>>) -> impl IntoView {
    let only = call.memo(|response| response.only(Direction::Received));
    let waiting = call.memo(|response| response.is_running());
    let lost = move || {
        let problem = call.problem.get()?;
        (stream.get() == Some(true)).then(|| view! {
            <ProblemLine problem/>
            <button type="button" class="btn r-retry" on:click=move |_| call.retry()>"Try again"</button>
        })
    };
    let single = move || match (only.get().flatten(), waiting.get()) {
        (Some(_), _) => view! { <Message call index=move || only.get().flatten()/> }.into_any(),
        (None, Some(true)) => {
            view! { <p class="r-empty">"Waiting for the response"</p> }.into_any()
        }
        _ => ().into_any(),
    };
    view! {
        <FailureBox call/>
        {lost}
        {move || match stream.get() {
            Some(true) => view! { <MessageList call/> }.into_any(),
            _ => single.into_any(),
        }}
    }
}

/// The status with its name and colour, how long it took and how much came.
#[component]
fn Status(call: CallView) -> impl IntoView {
    let status = Memo::new(move |_| {
        let now = call.now.get();
        call.with(|response| response.status(now))
    });
    let figures =
        call.memo(|response| (response.duration(), response.size(), response.is_stream()));
    let detail = call.memo(|response| {
        let record = response.record();
        let code = record.status.as_ref().map(|status| format!("gRPC status {}", status.code));
        let peer = record.peer.as_ref().map(|peer| format!("from {peer}"));
        let tries = match record.attempts.len() {
            0 => None,
            failed => Some(format!("after {} attempts", failed + 1)),
        };
        [code, peer, tries].into_iter().flatten().collect::<Vec<_>>().join(", ")
    });
    move || {
        let (text, tone) = status.get()?;
        let class = format!("status s-{}", tone.class());
        let (duration, size, stream) = figures.get()?;
        let size = size.filter(|_| !stream);
        let live = if tone == Tone::Open { "off" } else { "polite" };
        Some(view! {
            <span class=class title=detail.get() role="status" aria-live=live data-testid="response-status">
                {text}
            </span>
            {duration.map(|text| view! { <code class="dim" title="From begin to end">{text}</code> })}
            {size.map(|(text, what)| view! { <code class="dim" title=what>{text}</code> })}
        })
    }
}

#[component]
fn TabButton<C>(
    call: CallView,
    section: Section,
    name: &'static str,
    testid: &'static str,
    count: C,
) -> impl IntoView
where
    C: Fn() -> u64 + Copy + Send + Sync + 'static,
{
    let on = move || call.section.get() == section;
    let count = move || match count() {
        0 => None,
        count => Some(view! { <em class="count">{format::count(count)}</em> }),
    };
    // What of the connection is to be warned of is said on every tab.
    let caution = call.memo(|response| peer::caution(response, clock_ms() as i64));
    let mark = move || {
        let (loud, text) = caution.get().flatten().filter(|_| section == Section::Peer)?;
        Some(view! {
            <em class="tab-mark" class:bad=loud class:warn=!loud role="img" aria-label=text.clone() title=text></em>
        })
    };
    view! {
        <button
            type="button"
            role="tab"
            class="pane-tab"
            class:on=on
            aria-selected=move || on().to_string()
            tabindex=move || if on() { "0" } else { "-1" }
            data-testid=testid
            on:click=move |_| call.section.set(section)
            on:keydown=move |event| move_tab(&event)
        >
            {name} {count} {mark}
        </button>
    }
}

/// Left and right go to the neighbouring tab, which shows and takes the focus.
fn move_tab(event: &KeyboardEvent) {
    let tab = event_target::<web_sys::Element>(event);
    let next = match event.key().as_str() {
        "ArrowRight" => tab.next_element_sibling(),
        "ArrowLeft" => tab.previous_element_sibling(),
        _ => return,
    };
    let next = next.filter(|next| next.get_attribute("role").as_deref() == Some("tab"));
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        event.prevent_default();
        next.click();
        let _ = next.focus();
    }
}
