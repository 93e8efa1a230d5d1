//! gRPC over HTTP/2 (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use super::{Answer, End, Part, Protocol, Reader, foreign, text};
use crate::compress::ACCEPTED;
use crate::explain::{self, Failure};
use crate::frame::{self, Decoder, Encoded};
use crate::metadata::{STATUS_HEADERS, from_headers};
use crate::status;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE};
use http::response;
use std::time::Duration;
use wirelab_model::{Compression, Status, StatusCode};

/// The most that `grpc-timeout` can say of each unit.
const MAX_TIMEOUT_DIGITS: u128 = 99_999_999;

/// Says in both directions what the sender of the header can decompress.
pub(super) const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

pub(super) struct Grpc {
    /// The largest message, bytes.
    pub limit: u64,
    /// How requests are compressed.
    pub compression: Option<Compression>,
}

impl Protocol for Grpc {
    fn name(&self) -> &'static str {
        "gRPC"
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        if let Some(how) = self.compression {
            headers.insert("grpc-encoding", HeaderValue::from_static(how.name()));
        }
        headers
    }

    fn timeout(&self, left: Duration) -> (HeaderName, String) {
        (HeaderName::from_static("grpc-timeout"), timeout(left))
    }

    fn accepted(&self) -> &'static str {
        ACCEPT_ENCODING
    }

    fn encode(&self, message: Bytes) -> Result<Encoded, Failure> {
        frame::encode(message, self.compression, self.limit)
    }

    fn answer(&self, head: &response::Parts) -> Answer {
        if let Some(end) = end(&head.headers) {
            // Trailers-only: the block is trailers although it comes first.
            return Answer::Over(end);
        }
        if let Some(foreign) = foreign(head, self.name(), "application/grpc") {
            return foreign;
        }
        let encoding = text(&head.headers, "grpc-encoding");
        let reader = Box::new(Read {
            decoder: Decoder::new(self.limit, encoding),
            limit: self.limit,
            end: None,
        });
        Answer::Body { metadata: from_headers(&head.headers, &[]), reader, failed: false }
    }
}

struct Read {
    decoder: Decoder,
    limit: u64,
    /// Once the body is over.
    end: Option<Option<HeaderMap>>,
}

impl Reader for Read {
    fn push(&mut self, data: Bytes) -> Result<(), Failure> {
        self.decoder.push(data);
        Ok(())
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Failure> {
        self.end = Some(trailers);
        Ok(())
    }

    fn take(&mut self) -> Result<Option<Part>, Failure> {
        if let Some(message) =
            self.decoder.take().map_err(|error| explain::frame(error, self.limit))?
        {
            return Ok(Some(Part::Message(message)));
        }
        let Some(trailers) = &self.end else { return Ok(None) };
        if self.decoder.is_partial() {
            let message = "the response ended in the middle of a message";
            return Err(explain::broken(StatusCode::Internal, message));
        }
        let Some(trailers) = trailers else {
            let message = "the server ended the call without a status";
            return Err(explain::no_status(message));
        };
        Ok(Some(Part::End(end(trailers).unwrap_or_else(|| End {
            metadata: Some(from_headers(trailers, &STATUS_HEADERS)),
            status: Err(explain::no_status("the server's trailers hold no `grpc-status`")),
        }))))
    }
}

/// The end that these headers tell; none when they hold no status.
pub(super) fn end(headers: &HeaderMap) -> Option<End> {
    let status: Result<Status, String> = status::from_trailers(headers)?;
    let status = status.map_err(|text| {
        let message = format!("the server's `grpc-status` is `{text}`, which is not a number");
        explain::broken(StatusCode::Unknown, message)
    });
    Some(End { metadata: Some(from_headers(headers, &STATUS_HEADERS)), status })
}

/// `grpc-timeout`: at most eight digits and a unit, rounded up so that the server is not the stricter side.
pub(super) fn timeout(left: Duration) -> String {
    let units: [(&str, u128); 5] = [
        ("u", 1_000),
        ("m", 1_000_000),
        ("S", 1_000_000_000),
        ("M", 60_000_000_000),
        ("H", 3_600_000_000_000),
    ];
    let nanos = left.as_nanos();
    units
        .iter()
        .map(|(unit, size)| (unit, nanos.div_ceil(*size)))
        .find(|(_, amount)| *amount <= MAX_TIMEOUT_DIGITS)
        .map_or_else(
            || format!("{MAX_TIMEOUT_DIGITS}H"),
            |(unit, amount)| format!("{amount}{unit}"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        let table = [
            (Duration::ZERO, "0u"),
            (Duration::from_nanos(1), "1u"),
            (Duration::from_millis(250), "250000u"),
            (Duration::from_millis(99_999), "99999000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::from_secs(100_000_000), "1666667M"),
            (Duration::MAX, "99999999H"),
        ];
        for (left, want) in table {
            assert_eq!(timeout(left), want, "{left:?}");
        }
    }
}
