//! The web edition: `POST /api/{method}` and the WebSocket `/api/events`. The launch token travels as a cookie.

use super::{Backend, Reply, Signal, Sink};
use futures_util::StreamExt;
use gloo_net::{
    http::Request,
    websocket::{Message, futures::WebSocket},
};
use wirelab_model::{Problem, ProblemKind, StudioEvent};

/// First wait before the event stream is opened again, milliseconds; doubles up to [`LONGEST_WAIT_MS`].
const FIRST_WAIT_MS: u32 = 250;
/// Longest wait between two attempts, milliseconds.
const LONGEST_WAIT_MS: u32 = 5_000;

/// The page's own origin.
pub struct Http;

impl Backend for Http {
    fn request(&self, method: &'static str, body: String) -> Reply {
        Box::pin(async move {
            let response = Request::post(&format!("/api/{method}"))
                .header("content-type", "application/json")
                .body(body)
                .map_err(gone)?
                .send()
                .await
                .map_err(gone)?;
            let status = response.status();
            let text = response.text().await.map_err(gone)?;
            if response.ok() {
                return Ok(text);
            }
            Err(serde_json::from_str(&text).unwrap_or_else(|_| refused(status)))
        })
    }

    fn listen(&self, sink: Sink) {
        wasm_bindgen_futures::spawn_local(async move {
            let mut wait = FIRST_WAIT_MS;
            loop {
                if let Ok(socket) = WebSocket::open(&events_url()) {
                    let mut up = false;
                    let mut messages = socket;
                    // The studio greets with nothing, so being open is seen by asking it something beside.
                    if Http.request("hello", "null".to_owned()).await.is_ok() {
                        up = true;
                        sink(Signal::Up);
                    }
                    while let Some(Ok(message)) = messages.next().await {
                        if let Message::Text(text) = message
                            && let Ok(event) = serde_json::from_str::<StudioEvent>(&text)
                        {
                            sink(Signal::Event(event));
                        }
                    }
                    if up {
                        wait = FIRST_WAIT_MS;
                    }
                }
                sink(Signal::Down(gone("the event stream ended")));
                gloo_timers::future::TimeoutFuture::new(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT_MS);
            }
        });
    }
}

fn events_url() -> String {
    let location = web_sys::window().map(|w| w.location());
    let part = |f: fn(&web_sys::Location) -> Result<String, wasm_bindgen::JsValue>| {
        location.as_ref().and_then(|l| f(l).ok()).unwrap_or_default()
    };
    let scheme = if part(web_sys::Location::protocol) == "https:" { "wss" } else { "ws" };
    format!("{scheme}://{}/api/events", part(web_sys::Location::host))
}

fn gone(error: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::Unreachable, format!("The studio does not answer: {error}"))
        .help("Start it again with `wirelab serve`; this page reconnects by itself")
}

fn refused(status: u16) -> Problem {
    match status {
        401 | 403 => Problem::new(ProblemKind::Forbidden, "The studio does not know this page")
            .help("Open the address with its token that `wirelab serve` printed"),
        _ => Problem::new(
            ProblemKind::Internal,
            format!("The studio answered with HTTP status {status}"),
        )
        .help("Reload the page"),
    }
}
