//! The body of an answer: the messages of a call and its end, as one of the protocols frames them.

use super::status;
use crate::compress::{Coding, packed};
use crate::rest::FLUSH_BYTES;
use crate::upstream::{Call, End, Step};
use axum::body::HttpBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use wirelab_call::wire::PREFIX_BYTES;
use wirelab_model::{Metadatum, Status, StatusCode};
use wirelab_transcode::{Codec, Options};

/// Messages longer than this are not copied to go with others, bytes.
const WHOLE_BYTES: usize = 16 << 10;

/// The flag of a compressed message.
const COMPRESSED: u8 = 1;

/// How an answer is written.
pub(super) struct Framing {
    /// The type of its messages, where they are JSON.
    pub output: Option<Codec>,
    /// How messages of at least so many bytes are compressed.
    pub coding: Option<(Coding, usize)>,
    /// Whether the body is base64, each piece of it padded by itself.
    pub text: bool,
    /// How it ends.
    pub ending: Ending,
}

/// How an answer ends.
pub(super) enum Ending {
    /// With trailers of HTTP.
    Trailers,
    /// With a last frame of this flag, and what is in it.
    Frame(u8, LastFrame),
}

/// Makes the content of a last frame.
pub(super) type LastFrame = Box<dyn Fn(&End) -> Vec<u8> + Send>;

/// What a call begins with.
pub(super) enum Opening {
    /// Response metadata; the rest follows.
    Head(Vec<Metadatum>),
    /// The end, and nothing else.
    End(End),
}

/// Waits for what a call begins with.
pub(super) async fn open(call: &mut Call) -> Opening {
    loop {
        match call.step().await {
            Step::Head(metadata) => return Opening::Head(metadata),
            Step::End(end) => return Opening::End(end),
            // Headers come before messages.
            Step::Message(_) => {}
        }
    }
}

/// Polls a call only as its body is polled, so that a client that does not read slows the server down.
pub(super) struct Answers {
    /// None after its end.
    call: Option<Call>,
    framing: Framing,
    /// What goes next.
    gathered: Vec<u8>,
    /// What goes after that.
    whole: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Answers {
    /// The messages of a call that has begun.
    pub fn new(call: Call, framing: Framing) -> Answers {
        let gathered = Vec::new();
        Answers { call: Some(call), framing, gathered, whole: None, trailers: None }
    }

    /// No message, only an end.
    pub fn over(end: &End, framing: Framing) -> Answers {
        let gathered = Vec::new();
        let mut answers = Answers { call: None, framing, gathered, whole: None, trailers: None };
        answers.end(end);
        answers
    }

    fn message(&mut self, message: Bytes) -> Result<(), Status> {
        let coding = self.framing.coding;
        let Some(codec) = &self.framing.output else {
            return self.packed(message, coding);
        };
        let begin = self.gathered.len();
        if coding.is_none() {
            // Straight to where it goes; its length is known afterwards.
            self.gathered.extend_from_slice(&[0; PREFIX_BYTES]);
            to_json(codec, &message, &mut self.gathered)?;
            let length = length(self.gathered.len() - begin - PREFIX_BYTES)?;
            if let Some(place) = self.gathered.get_mut(begin + 1..begin + PREFIX_BYTES) {
                place.copy_from_slice(&length.to_be_bytes());
            }
            return Ok(());
        }
        let mut json = Vec::new();
        to_json(codec, &message, &mut json)?;
        self.packed(json.into(), coding)
    }

    /// Adds a message, compressed where that makes it shorter.
    fn packed(&mut self, message: Bytes, coding: Option<(Coding, usize)>) -> Result<(), Status> {
        let coding = coding.filter(|(_, from)| message.len() >= *from);
        match coding.and_then(|(coding, _)| packed(coding, &message)) {
            Some(packed) => self.frame(COMPRESSED, packed.into()),
            None => self.frame(0, message),
        }
    }

    fn frame(&mut self, flag: u8, payload: Bytes) -> Result<(), Status> {
        let length = length(payload.len())?;
        self.gathered.push(flag);
        self.gathered.extend_from_slice(&length.to_be_bytes());
        if payload.len() <= WHOLE_BYTES {
            self.gathered.extend_from_slice(&payload);
        } else {
            self.whole = Some(payload);
        }
        Ok(())
    }

    fn end(&mut self, end: &End) {
        self.call = None;
        match &self.framing.ending {
            Ending::Trailers => {
                let mut trailers = HeaderMap::new();
                status::to_headers(end, &mut trailers);
                self.trailers = Some(trailers);
            }
            Ending::Frame(flag, write) => {
                let (flag, payload) = (*flag, write(end));
                // Trailers of 4 GiB do not come.
                let _ = self.frame(flag, payload.into());
            }
        }
    }

    fn piece(&self, data: Bytes) -> Frame<Bytes> {
        Frame::data(if self.framing.text { STANDARD.encode(data).into() } else { data })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        loop {
            let full = self.gathered.len() >= FLUSH_BYTES || self.whole.is_some();
            if full && !self.gathered.is_empty() {
                return Poll::Ready(Some(self.flush()));
            }
            if let Some(whole) = self.whole.take() {
                return Poll::Ready(Some(self.piece(whole)));
            }
            let Some(call) = &mut self.call else {
                return Poll::Ready(match self.gathered.is_empty() {
                    false => Some(self.flush()),
                    true => self.trailers.take().map(Frame::trailers),
                });
            };
            match call.poll_step(cx) {
                Poll::Pending if self.gathered.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Some(self.flush())),
                Poll::Ready(Step::Head(_)) => {}
                Poll::Ready(Step::Message(message)) => {
                    let begin = self.gathered.len();
                    if let Err(status) = self.message(message) {
                        self.gathered.truncate(begin);
                        self.end(&End { status, trailers: Vec::new() });
                    }
                }
                Poll::Ready(Step::End(end)) => self.end(&end),
            }
        }
    }

    fn flush(&mut self) -> Frame<Bytes> {
        let gathered = std::mem::take(&mut self.gathered);
        self.piece(gathered.into())
    }
}

impl HttpBody for Answers {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().poll(cx).map(|frame| frame.map(Ok))
    }
}

/// Appends a response as JSON.
///
/// # Errors
/// INTERNAL for bytes that are not of the method's type.
pub(super) fn to_json(codec: &Codec, wire: &[u8], json: &mut Vec<u8>) -> Result<(), Status> {
    codec.wire_to_json(wire, json, &Options::default()).map_err(|error| {
        let name = codec.message().full_name().to_owned();
        let message = format!("the response cannot be written as JSON of `{name}`: {error}");
        Status::new(StatusCode::Internal, message)
    })
}

fn length(bytes: usize) -> Result<u32, Status> {
    u32::try_from(bytes).map_err(|_| {
        let message = format!("a response message has {bytes} bytes, more than a frame can say");
        Status::new(StatusCode::ResourceExhausted, message)
    })
}
