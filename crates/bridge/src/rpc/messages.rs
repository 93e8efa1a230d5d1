//! The messages in the body of a request.

use super::coding;
use crate::body::poll_piece;
use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use wirelab_call::wire::{Decoder, FrameError, Text};
use wirelab_model::{Status, StatusCode};
use wirelab_transcode::Codec;

/// How the messages of a body are written.
pub(super) struct Writing {
    /// The largest message, bytes.
    pub limit: u64,
    /// How those are compressed that say so.
    pub encoding: Option<String>,
    /// Whether the body is base64.
    pub text: bool,
    /// Their type, where they are JSON.
    pub input: Option<Codec>,
    /// What those are that cannot be read: INTERNAL in gRPC (<https://grpc.io/docs/guides/status-codes/>).
    pub wrong: StatusCode,
}

/// Takes them out of the body as it comes; nothing of it is read before it is asked for.
pub(super) struct Messages {
    body: Body,
    decoder: Decoder,
    text: Option<Text>,
    input: Option<Codec>,
    limit: u64,
    wrong: StatusCode,
    /// Whether the body is over, or something was wrong with it.
    over: bool,
}

impl Messages {
    pub fn new(body: Body, writing: Writing) -> Messages {
        let Writing { limit, encoding, text, input, wrong } = writing;
        Messages {
            body,
            decoder: Decoder::new(limit, encoding).unpacking(coding::unpack),
            text: text.then(Text::default),
            input,
            limit,
            wrong,
            over: false,
        }
    }

    /// The only message of a client that does not stream.
    ///
    /// # Errors
    /// What is wrong with it, and UNIMPLEMENTED where there is none or another one
    /// (<https://grpc.io/docs/guides/status-codes/>, "request cardinality violation").
    pub async fn only(&mut self) -> Result<Bytes, Status> {
        let wrong = |message: &str| Status::new(StatusCode::Unimplemented, message);
        let Some(message) = self.next().await else {
            return Err(wrong("there is no request message, but this method takes exactly one"));
        };
        let message = message?;
        match self.next().await {
            None => Ok(message),
            Some(Ok(_)) => {
                Err(wrong("there is more than one request message, but this method takes one"))
            }
            Some(Err(status)) => Err(status),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            let taken =
                self.decoder.take().map_err(|error| frame(error, self.limit, self.wrong))?;
            if let Some(message) = taken {
                return Poll::Ready(self.wire(message.payload).map(Some));
            }
            if self.text.as_ref().is_some_and(Text::is_broken) {
                return Poll::Ready(Err(not_base64(self.wrong)));
            }
            if self.over {
                return Poll::Ready(match self.decoder.is_partial() {
                    true => {
                        Err(Status::new(self.wrong, "the request ended in the middle of a message"))
                    }
                    false => Ok(None),
                });
            }
            match ready!(poll_piece(&mut self.body, cx)) {
                Some(Ok(data)) => self.push(data)?,
                Some(Err(refusal)) => return Poll::Ready(Err(refusal.status)),
                None => {
                    self.over = true;
                    if let Some(text) = &mut self.text {
                        self.decoder.push(text.finish().ok_or_else(|| not_base64(self.wrong))?);
                    }
                }
            }
        }
    }

    fn push(&mut self, data: Bytes) -> Result<(), Status> {
        let data = match &mut self.text {
            None => data,
            Some(text) => text.push(&data).ok_or_else(|| not_base64(self.wrong))?,
        };
        self.decoder.push(data);
        Ok(())
    }

    fn wire(&self, message: Bytes) -> Result<Bytes, Status> {
        match &self.input {
            None => Ok(message),
            Some(codec) => from_json(codec, &message),
        }
    }
}

impl Stream for Messages {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let polled = ready!(this.poll(cx));
        if polled.is_err() {
            // Nothing follows a failure.
            this.over = true;
            this.decoder = Decoder::new(this.limit, None);
        }
        Poll::Ready(polled.transpose())
    }
}

/// The wire bytes of a request in JSON.
///
/// # Errors
/// INVALID_ARGUMENT, with the place in the text.
pub(super) fn from_json(codec: &Codec, json: &[u8]) -> Result<Bytes, Status> {
    let mut wire = Vec::new();
    codec.json_to_wire(json, &mut wire).map_err(|error| {
        let name = codec.message().full_name().to_owned();
        Status::new(
            StatusCode::InvalidArgument,
            format!("the request is not JSON of `{name}`: {error}"),
        )
    })?;
    Ok(wire.into())
}

/// Why data of a request holds no message.
pub(super) fn frame(error: FrameError, limit: u64, wrong: StatusCode) -> Status {
    let broken = |message: String| Status::new(wrong, message);
    match error {
        FrameError::TooLarge(size) => {
            let size =
                size.map_or("more when decompressed".to_owned(), |size| format!("{size} bytes"));
            let message =
                format!("a request message is too large: {size}, but {limit} bytes are allowed");
            Status::new(StatusCode::ResourceExhausted, message)
        }
        FrameError::Unknown(name) => {
            let name = name.escape_debug();
            let message = format!(
                "a request message is compressed as `{name}`, which is not understood here"
            );
            Status::new(StatusCode::Unimplemented, message)
        }
        FrameError::Unannounced => broken(
            "a request message is marked as compressed, but the headers do not say how".to_owned(),
        ),
        FrameError::Corrupt(name, error) => broken(format!(
            "a request message is marked as {name}, but is not valid {name}: {error}"
        )),
        FrameError::Flag(flag) => {
            broken(format!("a request message begins with the flags {flag:#04x}, which are none"))
        }
    }
}

fn not_base64(wrong: StatusCode) -> Status {
    Status::new(wrong, "the request is not base64, as gRPC-Web text has to be")
}
