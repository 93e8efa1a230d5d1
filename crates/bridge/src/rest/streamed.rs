//! The answer of a call that streams: messages as they come, in one of several forms.
//!
//! The body asks the call when it is asked itself, so that a slow client slows the server down and nothing is queued
//! between them. A failure before the first message is an HTTP status; one after it is the last element, never a cut.

use super::accept::Form;
use super::asked::Asked;
use super::elements::{Elements, Framing};
use super::shape::Shape;
use super::single::failed;
use crate::headers::{announced, append_metadata, append_trailers, named, wants_trailers};
use crate::profile::{Outbound, StreamShape};
use crate::upstream::{Call, End, Step};
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, TRAILER};
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
        Form::Json(_) if behaviour.stream == StreamShape::WrappedLines => Framing::WrappedLines,
        Form::Json(_) => Framing::Array,
        Form::Lines(_) => Framing::Lines,
        Form::Events => Framing::Events,
    };
    let media = match (form, &first) {
        (_, Step::Message(wire)) if shape.is_raw() => shape.raw(wire).0.unwrap_or(BINARY),
        _ if shape.is_raw() => BINARY,
        (Form::Json(media) | Form::Lines(media), _) => media,
        (Form::Events, _) => EVENTS,
    };
    headers.insert(CONTENT_TYPE, media);
    let mut keep_alive = None;
    if framing == Framing::Events && !shape.is_raw() {
        headers.insert(CACHE_CONTROL, NO_STORE);
        let period = asked.shared.rest.sse_keep_alive;
        let mut interval = interval_at(tokio::time::Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive = Some(interval);
    }
    let trailed = wants_trailers(&asked.head) && behaviour.outbound != Outbound::Same;
    let content = match shape.is_raw() {
        true => Content::Raw(shape),
        false => Content::Elements(Elements::new(asked.clone(), shape, framing)),
    };
    let asked = asked.clone();
    let mut body = Streamed {
        asked,
        call,
        content,
        ready: Bytes::new(),
        keep_alive,
        trailed,
        expected: 0,
        rest: Rest::Messages,
    };
    match first {
        Step::Head(_) => {}
        Step::Message(wire) => body.ready = body.message(wire)?,
        Step::End(End { status, trailers }) => {
            let mut out = Vec::new();
            body.end(&status, &trailers, &mut out);
            body.ready = out.into();
        }
    }
    let names = match &body.rest {
        Rest::Trailers(fields) => named(fields),
        Rest::Messages if trailed => announced(metadata, &body.asked.shared.options.headers),
        _ => None,
    };
    response.headers_mut().extend(names.map(|names| (TRAILER, names)));
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

/// What messages become.
enum Content {
    Elements(Elements),
    /// The data of `google.api.HttpBody`s, joined.
    Raw(Shape),
}

/// The body of such an answer.
struct Streamed {
    asked: Arc<Asked>,
    call: Call,
    content: Content,
    /// What was written while the head was waited for.
    ready: Bytes,
    keep_alive: Option<Interval>,
    /// Whether the client takes trailers.
    trailed: bool,
    /// How long the next piece will be, a guess.
    expected: usize,
    rest: Rest,
}

impl Streamed {
    /// The next piece; none when nothing is left.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let ready = std::mem::take(&mut self.ready);
        if let Content::Raw(_) = self.content
            && !ready.is_empty()
        {
            return Poll::Ready(Some(ready));
        }
        // Nobody else holds it, so that it is not copied.
        let mut out = Vec::from(ready);
        while let Rest::Messages = self.rest
            && out.len() < FLUSH_BYTES
        {
            let Poll::Ready(step) = self.call.poll_step(cx) else { break };
            match (step, &mut self.content) {
                (Step::Head(_), _) => {}
                (Step::Message(wire), Content::Raw(shape)) => {
                    let data = wire.slice_ref(shape.raw(&wire).1);
                    if !data.is_empty() {
                        return Poll::Ready(Some(data));
                    }
                }
                (Step::Message(wire), Content::Elements(elements)) => {
                    if out.capacity() == 0 {
                        out.reserve(self.expected);
                    }
                    if let Err(status) = elements.message(&wire, &mut out) {
                        self.end(&status, &[], &mut out);
                    }
                }
                (Step::End(End { status, trailers }), _) => self.end(&status, &trailers, &mut out),
            }
        }
        if !out.is_empty() {
            self.expected = out.len().min(FLUSH_BYTES * 2);
            return Poll::Ready(Some(Bytes::from(out)));
        }
        match self.rest {
            Rest::Messages => Poll::Pending,
            _ => Poll::Ready(None),
        }
    }

    /// What one message becomes.
    fn message(&mut self, wire: Bytes) -> Result<Bytes, Status> {
        match &mut self.content {
            Content::Raw(shape) => Ok(wire.slice_ref(shape.raw(&wire).1)),
            Content::Elements(elements) => {
                let mut out = Vec::new();
                elements.message(&wire, &mut out)?;
                Ok(out.into())
            }
        }
    }

    /// The end of the call.
    fn end(&mut self, status: &Status, trailers: &[Metadatum], out: &mut Vec<u8>) {
        self.rest = Rest::Nothing;
        match &mut self.content {
            Content::Elements(elements) => elements.end(status, trailers, out),
            Content::Raw(_) if !status.is_ok() => {
                let message = format!("the call ended with {}", status.name());
                self.rest = Rest::Broken(io::Error::other(message));
                return;
            }
            Content::Raw(_) => {}
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
        match this.poll_piece(cx) {
            Poll::Ready(Some(piece)) => {
                if let Some(interval) = &mut this.keep_alive {
                    interval.reset();
                }
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            Poll::Ready(None) => {}
            Poll::Pending if this.is_quiet(cx) => {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": \n\n")))));
            }
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(match std::mem::replace(&mut this.rest, Rest::Nothing) {
            Rest::Broken(error) => Some(Err(error)),
            Rest::Trailers(fields) => Some(Ok(Frame::trailers(fields))),
            Rest::Messages | Rest::Nothing => None,
        })
    }
}
