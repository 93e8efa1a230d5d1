//! Streams: frames as gRPC has them, and an `EndStreamResponse` in JSON as the last
//! (<https://connectrpc.com/docs/protocol/#streaming-rpcs>).

use super::super::{Answer, End, Part, Reader, text};
use super::error;
use crate::explain::{self, Failure};
use crate::frame::Decoder;
use crate::metadata::from_headers;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::response;
use serde_json::Value;
use wirelab_model::{Metadatum, Status, StatusCode};

/// The flag of the frame that ends the stream.
const END_STREAM: u8 = 2;

pub(super) fn answer(head: &response::Parts, limit: u64) -> Answer {
    let encoding = text(&head.headers, "connect-content-encoding");
    let decoder = Decoder::new(limit, encoding).ending(END_STREAM);
    let reader = Read { decoder, limit, over: false };
    Answer::Body {
        metadata: from_headers(&head.headers, &[]),
        reader: Box::new(reader),
        failed: false,
    }
}

struct Read {
    decoder: Decoder,
    limit: u64,
    over: bool,
}

impl Reader for Read {
    fn push(&mut self, data: Bytes) -> Result<(), Failure> {
        self.decoder.push(data);
        Ok(())
    }

    fn finish(&mut self, _trailers: Option<HeaderMap>) -> Result<(), Failure> {
        self.over = true;
        Ok(())
    }

    fn take(&mut self) -> Result<Option<Part>, Failure> {
        match self.decoder.take().map_err(|error| explain::frame(error, self.limit))? {
            Some(message) if message.end => Ok(Some(Part::End(end(&message.payload)?))),
            Some(message) => Ok(Some(Part::Message(message))),
            None if !self.over => Ok(None),
            None if self.decoder.is_partial() => {
                let message = "the response ended in the middle of a message";
                Err(explain::broken(StatusCode::Internal, message))
            }
            None => {
                let message = "the response ended without the frame that says how the call ended";
                Err(explain::broken(StatusCode::Unknown, message))
            }
        }
    }
}

/// What an `EndStreamResponse` says.
fn end(json: &[u8]) -> Result<End, Failure> {
    let wrong = || {
        let message = "the frame that ends the stream is not the JSON that Connect wants there";
        explain::broken(StatusCode::Unknown, message)
    };
    let end: Value = serde_json::from_slice(json).map_err(|_| wrong())?;
    let end = end.as_object().ok_or_else(wrong)?;
    let metadata = match end.get("metadata") {
        None | Some(Value::Null) => Vec::new(),
        Some(metadata) => trailers(metadata).ok_or_else(wrong)?,
    };
    let status = match end.get("error") {
        None | Some(Value::Null) => Ok(Status::default()),
        Some(error) => error::status(error, StatusCode::Unknown).ok_or_else(wrong),
    };
    Ok(End { metadata: Some(metadata), status })
}

/// `{"key": ["value", …]}`; none when it is something else.
fn trailers(metadata: &Value) -> Option<Vec<Metadatum>> {
    let mut headers = HeaderMap::new();
    for (key, values) in metadata.as_object()? {
        let name = HeaderName::from_bytes(key.to_ascii_lowercase().as_bytes()).ok()?;
        for value in values.as_array()? {
            let value = HeaderValue::from_bytes(value.as_str()?.as_bytes()).ok()?;
            headers.try_append(name.clone(), value).ok()?;
        }
    }
    Some(from_headers(&headers, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ended<'a> = Option<(u32, &'a str, usize)>;

    #[test]
    fn ends() {
        let table: [(&str, Ended<'_>); 12] = [
            ("{}", Some((0, "", 0))),
            (r#"{"error": null, "metadata": null}"#, Some((0, "", 0))),
            (r#"{"metadata": {"A": ["x", "y"], "b-bin": ["AQ"]}}"#, Some((0, "", 3))),
            (
                r#"{"error": {"code": "aborted", "message": "m"}, "metadata": {"a": []}}"#,
                Some((10, "m", 0)),
            ),
            (r#"{"error": {"code": "teapot"}}"#, Some((2, "", 0))),
            (r#"{"error": {}}"#, None),
            (r#"{"error": "x"}"#, None),
            (r#"{"metadata": {"a": "x"}}"#, None),
            (r#"{"metadata": {"a b": ["x"]}}"#, None),
            (r#"{"metadata": []}"#, None),
            ("[]", None),
            ("{", None),
        ];
        for (json, want) in table {
            let got = end(json.as_bytes()).and_then(|end| {
                let count = end.metadata.map_or(0, |metadata| metadata.len());
                end.status.map(|status| (status.code, status.message, count))
            });
            let want = want.map(|(code, message, count)| (code, message.to_owned(), count));
            assert_eq!(got.ok(), want, "{json}");
        }
    }
}
