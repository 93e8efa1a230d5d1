//! Connect with Protobuf or JSON (<https://connectrpc.com/docs/protocol/>): unary calls are plain HTTP requests, the
//! other kinds have gRPC's frames in their bodies and a JSON object at the end.

mod error;
mod stream;
mod unary;

use super::{Answer, JsonTypes, Protocol, foreign, is_family, text};
use crate::compress;
use crate::explain::{self, Failure};
use crate::frame::{self, Encoded};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::response;
use std::time::Duration;
use wirelab_model::{CallKind, CallSpec, Compression, Problem, ProblemKind};

/// What responses may be compressed by; that they need not be goes without saying.
const ACCEPTED: &str = "gzip,deflate,zstd";

/// The most that `connect-timeout-ms` can say: ten digits.
const MAX_TIMEOUT_MS: u128 = 9_999_999_999;

/// Metadata that Connect itself says.
const RESERVED: [&str; 3] = ["accept-encoding", "content-encoding", "connect-"];

pub(super) struct Connect {
    unary: bool,
    json: Option<JsonTypes>,
    /// The largest message, bytes.
    limit: u64,
    /// How requests are compressed.
    compression: Option<Compression>,
}

impl Connect {
    /// With JSON when there are `json` types.
    pub fn new(spec: &CallSpec, limit: u64, json: Option<JsonTypes>) -> Result<Connect, Problem> {
        for (index, datum) in spec.metadata.iter().enumerate() {
            if RESERVED.iter().any(|reserved| datum.key.starts_with(reserved)) {
                let message =
                    format!("the metadata key `{}` is reserved", datum.key.escape_debug());
                return Err(Problem::new(ProblemKind::Mismatch, message)
                    .at(format!("metadata[{index}].key"))
                    .help("leave it out, Connect sets it"));
            }
        }
        let compression = spec.compression;
        Ok(Connect { unary: spec.kind == CallKind::Unary, json, limit, compression })
    }

    fn content_type(&self) -> &'static str {
        match (self.unary, self.json.is_some()) {
            (true, false) => "application/proto",
            (true, true) => "application/json",
            (false, false) => "application/connect+proto",
            (false, true) => "application/connect+json",
        }
    }
}

impl Protocol for Connect {
    fn name(&self) -> &'static str {
        "Connect"
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        headers.insert("connect-protocol-version", HeaderValue::from_static("1"));
        headers.insert(self.accepted(), HeaderValue::from_static(ACCEPTED));
        if let Some(how) = self.compression {
            let name = if self.unary { "content-encoding" } else { "connect-content-encoding" };
            headers.insert(name, HeaderValue::from_static(how.name()));
        }
        headers
    }

    fn timeout(&self, left: Duration) -> (HeaderName, String) {
        // Rounded up so that the server is not the stricter side.
        let ms = left.as_nanos().div_ceil(1_000_000).min(MAX_TIMEOUT_MS);
        (HeaderName::from_static("connect-timeout-ms"), ms.to_string())
    }

    fn accepted(&self) -> &'static str {
        if self.unary { "accept-encoding" } else { "connect-accept-encoding" }
    }

    fn encode(&self, message: Bytes) -> Result<Encoded, Failure> {
        if !self.unary {
            return frame::encode(message, self.compression, self.limit);
        }
        let size = message.len() as u64;
        if size > self.limit {
            return Err(explain::request_too_large(size, self.limit));
        }
        let Some(how) = self.compression else {
            return Ok(Encoded { prefix: None, payload: message, compressed: None });
        };
        // The headers have promised it, even where it does not make the message shorter.
        let payload = compress::compress(how, &message, Vec::new())
            .map_err(|error| explain::cannot_compress(how, &error))?;
        let compressed = Some(payload.len() as u64);
        Ok(Encoded { prefix: None, payload: payload.into(), compressed })
    }

    fn answer(&self, head: &response::Parts) -> Answer {
        let content_type = text(&head.headers, "content-type").unwrap_or_default();
        // Errors of unary calls are JSON, whatever the messages are.
        let failed = self.unary
            && head.status != http::StatusCode::OK
            && is_family(&content_type, "application/json");
        if !failed && let Some(foreign) = foreign(head, self.name(), self.content_type()) {
            return foreign;
        }
        match self.unary {
            true => unary::answer(head, self.limit, failed),
            false => stream::answer(head, self.limit),
        }
    }

    fn json(&self) -> Option<&JsonTypes> {
        self.json.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_known_is_accepted() {
        assert_eq!(compress::ACCEPTED, format!("identity,{ACCEPTED}"));
    }
}
