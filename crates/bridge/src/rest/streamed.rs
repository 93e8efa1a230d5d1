//! The answer of a call that streams: messages as they come, in one of several forms.
//!
//! The body asks the call when it is asked itself, so that a slow client slows the server down and nothing is queued
//! between them. A failure before the first message is an HTTP status; one after it is the last element, never a cut.

use super::accept::Form;
use super::asked::Asked;
use super::failure;
use super::shape::Shape;
use super::single::failed;
use crate::headers::{append_metadata, append_trailers, wants_trailers};
use crate::profile::{Outbound, StreamShape};
use crate::upstream::{Call, End, Step};
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Frame;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Interval, MissedTickBehavior, interval_at, timeout};
use wirelab_model::{Metadatum, Status};

/// How much of what is ready goes out in one piece, bytes; one message may pass it.
pub const FLUSH_BYTES: usize = 64 << 10;

const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// Events are new each time, and a proxy that gathers them defeats their purpose.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// How messages follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Array,
    Lines,
    /// `{"result": …}` a line.
    WrappedLines,
    Events,
    /// The data of `google.api.HttpBody`s, joined.
    Raw,
}

/// Waits for the first thing that the call tells and answers with it and all that follows.
pub(super) async fn answer(
    asked: &Arc<Asked>,
    mut call: Call,
    shape: Shape,
    form: Form,
) -> Response<Body> {
    let mut metadata = Vec::new();
    let mut first = call.step().await;
    if let Step::Head(head) = first {
        metadata = head;
        let wait = asked.shared.rest.head_wait;
        match timeout(wait, call.step()).await {
            Ok(step) => first = step,
            Err(_) => first = Step::Head(Vec::new()),
        }
    }
    if let Step::End(End { status, trailers }) = &first
        && !status.is_ok()
    {
        return failed(asked, status, &metadata, trailers, true);
    }
    streaming(asked, call, shape, form, &metadata, first)
        .unwrap_or_else(|status| failed(asked, &status, &metadata, &[], true))
}

/// The answer that begins with `first`.
///
/// # Errors
/// A first message that has no form here.
fn streaming(
    asked: &Arc<Asked>,
    call: Call,
    shape: Shape,
    form: Form,
    metadata: &[Metadatum],
    first: Step,
) -> Result<Response<Body>, Status> {
    let behaviour = asked.behaviour();
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    append_metadata(metadata, behaviour, headers);
    let framing = match &form {
        _ if shape.is_raw() => Framing::Raw,
        Form::Json(_) if behaviour.stream == StreamShape::WrappedLines => Framing::WrappedLines,
        Form::Json(_) => Framing::Array,
        Form::Lines(_) => Framing::Lines,
        Form::Events => Framing::Events,
    };
    let media = match (form, &first) {
        (_, Step::Message(wire)) if framing == Framing::Raw => shape.raw(wire).0.unwrap_or(BINARY),
        _ if framing == Framing::Raw => BINARY,
        (Form::Json(media) | Form::Lines(media), _) => media,
        (Form::Events, _) => EVENTS,
    };
    headers.insert(CONTENT_TYPE, media);
    let mut keep_alive = None;
    if framing == Framing::Events {
        headers.insert(CACHE_CONTROL, NO_STORE);
        let period = asked.shared.rest.sse_keep_alive;
        let mut interval = interval_at(tokio::time::Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive = Some(interval);
    }
    let trailed = wants_trailers(&asked.head.headers) && behaviour.outbound != Outbound::Same;
    let shape = if framing == Framing::Array { shape } else { shape.compact() };
    let asked = asked.clone();
    let mut body = Streamed {
        asked,
        call,
        shape,
        framing,
        ready: Vec::new(),
        keep_alive,
        trailed,
        told: 0,
        expected: 0,
        rest: Rest::Messages,
    };
    let mut ready = Vec::new();
    match first {
        Step::Head(_) => {}
        Step::Message(wire) => body.element(&wire, &mut ready)?,
        Step::End(End { status, trailers }) => body.end(&status, &trailers, &mut ready),
    }
    body.ready = ready;
    *response.body_mut() = Body::new(body);
    Ok(response)
}

/// What is still to come.
enum Rest {
    Messages,
    /// The connection has to be broken: the body has no place for a failure.
    Broken(io::Error),
    Trailers(HeaderMap),
    Nothing,
}

/// The body of such an answer.
struct Streamed {
    asked: Arc<Asked>,
    call: Call,
    shape: Shape,
    framing: Framing,
    /// What was written while the head was waited for.
    ready: Vec<u8>,
    keep_alive: Option<Interval>,
    /// Whether the client takes trailers.
    trailed: bool,
    /// How many elements were written.
    told: u64,
    /// How long the next piece will be, a guess.
    expected: usize,
    rest: Rest,
}

impl Streamed {
    /// What is ready, up to [`FLUSH_BYTES`].
    fn gather(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) {
        while out.len() < FLUSH_BYTES {
            let Poll::Ready(step) = self.call.poll_step(cx) else { return };
            match step {
                Step::Head(_) => {}
                Step::Message(wire) => {
                    if let Err(status) = self.element(&wire, out) {
                        return self.end(&status, &[], out);
                    }
                }
                Step::End(End { status, trailers }) => return self.end(&status, &trailers, out),
            }
        }
    }

    /// One message; on failure `out` is as it was.
    fn element(&mut self, wire: &Bytes, out: &mut Vec<u8>) -> Result<(), Status> {
        let start = out.len();
        self.open(out);
        let written = match self.framing {
            Framing::Raw => {
                out.extend_from_slice(self.shape.raw(wire).1);
                Ok(())
            }
            Framing::WrappedLines => {
                out.extend_from_slice(b"{\"result\":");
                let written = self.shape.write(wire, out);
                out.push(b'}');
                written
            }
            Framing::Events => {
                out.extend_from_slice(format!("id: {}\ndata: ", self.told + 1).as_bytes());
                self.shape.write(wire, out)
            }
            Framing::Array | Framing::Lines => self.shape.write(wire, out),
        };
        match written {
            Ok(()) => {
                self.close(out);
                self.told += 1;
                Ok(())
            }
            Err(status) => {
                out.truncate(start);
                Err(status)
            }
        }
    }

    /// What goes before an element.
    fn open(&self, out: &mut Vec<u8>) {
        if self.framing == Framing::Array {
            out.push(if self.told == 0 { b'[' } else { b',' });
        }
    }

    /// What goes after it.
    fn close(&self, out: &mut Vec<u8>) {
        match self.framing {
            Framing::Lines | Framing::WrappedLines => out.push(b'\n'),
            Framing::Events => out.extend_from_slice(b"\n\n"),
            Framing::Array | Framing::Raw => {}
        }
    }

    /// The end of the call: in-band where it is a failure.
    fn end(&mut self, status: &Status, trailers: &[Metadatum], out: &mut Vec<u8>) {
        self.rest = Rest::Nothing;
        if !status.is_ok() {
            if self.framing == Framing::Raw {
                let message = format!("the call ended with {}", status.name());
                self.rest = Rest::Broken(io::Error::other(message));
                return;
            }
            self.open(out);
            if self.framing == Framing::Events {
                out.extend_from_slice(b"event: error\ndata: ");
            }
            let behaviour = self.asked.behaviour();
            failure::append_element(status, self.asked.types(), behaviour, out);
            self.close(out);
            self.told += 1;
        } else if self.framing == Framing::Events {
            out.extend_from_slice(b"event: complete\ndata: {}\n\n");
        }
        if self.framing == Framing::Array {
            out.extend_from_slice(if self.told == 0 { b"[]" } else { b"]" });
        }
        if self.trailed && !trailers.is_empty() {
            let mut fields = HeaderMap::new();
            append_trailers(trailers, self.asked.behaviour(), &mut fields);
            self.rest = Rest::Trailers(fields);
        }
    }

    /// Whether a comment is due that keeps the connection open.
    fn is_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        self.keep_alive.as_mut().is_some_and(|interval| interval.poll_tick(cx).is_ready())
    }
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if matches!(this.rest, Rest::Messages) || !this.ready.is_empty() {
            let mut out = std::mem::take(&mut this.ready);
            if let Rest::Messages = this.rest {
                out.reserve(this.expected);
                this.gather(cx, &mut out);
            }
            if !out.is_empty() {
                this.expected = out.len().min(FLUSH_BYTES * 2);
                if let Some(interval) = &mut this.keep_alive {
                    interval.reset();
                }
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(out)))));
            }
            if let Rest::Messages = this.rest {
                if this.is_quiet(cx) {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": \n\n")))));
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(match std::mem::replace(&mut this.rest, Rest::Nothing) {
            Rest::Broken(error) => Some(Err(error)),
            Rest::Trailers(fields) => Some(Ok(Frame::trailers(fields))),
            Rest::Messages | Rest::Nothing => None,
        })
    }
}
