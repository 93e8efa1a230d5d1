//! What a call is and the events of its life.

use crate::{Blob, Compression, Endpoint, RetryPolicy, TlsInfo};
use serde::{Deserialize, Serialize};

/// The largest message accepted unless a [`CallSpec`] says otherwise: 64 MiB.
pub const DEFAULT_MAX_MESSAGE_BYTES: u64 = 64 << 20;

/// Which sides of a call stream.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum CallKind {
    /// One request, one response.
    #[default]
    Unary,
    /// One request, many responses.
    ServerStream,
    /// Many requests, one response.
    ClientStream,
    /// Many of both, interleaved.
    Bidi,
}

impl CallKind {
    /// From the two `stream` keywords of a method.
    pub fn new(client_streams: bool, server_streams: bool) -> Self {
        match (client_streams, server_streams) {
            (false, false) => CallKind::Unary,
            (false, true) => CallKind::ServerStream,
            (true, false) => CallKind::ClientStream,
            (true, true) => CallKind::Bidi,
        }
    }

    /// Whether the client may send more than one message.
    pub fn client_streams(self) -> bool {
        matches!(self, CallKind::ClientStream | CallKind::Bidi)
    }

    /// Whether the server may send more than one message.
    pub fn server_streams(self) -> bool {
        matches!(self, CallKind::ServerStream | CallKind::Bidi)
    }
}

/// One metadata entry. Order and repeated keys are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metadatum {
    /// Lower case; a key that ends in `-bin` carries a binary value.
    pub key: String,
    /// The value.
    pub value: MetadataValue,
}

/// The value of a metadata entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetadataValue {
    /// Printable ASCII.
    Text(String),
    /// The bytes of a `-bin` entry, decoded.
    Binary(Blob),
}

impl Metadatum {
    /// A text entry.
    pub fn text(key: impl Into<String>, value: impl Into<String>) -> Self {
        Metadatum { key: key.into(), value: MetadataValue::Text(value.into()) }
    }

    /// A binary entry; `key` should end in `-bin`.
    pub fn binary(key: impl Into<String>, value: impl Into<Blob>) -> Self {
        Metadatum { key: key.into(), value: MetadataValue::Binary(value.into()) }
    }
}

/// A call to make, apart from its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSpec {
    /// The server.
    pub endpoint: Endpoint,
    /// `pkg.Service/Method`, without a leading slash.
    pub method: String,
    /// Which sides stream.
    pub kind: CallKind,
    /// Sent as request headers, in order.
    #[serde(default)]
    pub metadata: Vec<Metadatum>,
    /// Milliseconds; sent as `grpc-timeout` and enforced here too. None waits for ever.
    #[serde(default)]
    pub deadline_ms: Option<u64>,
    /// Bytes; none means [`DEFAULT_MAX_MESSAGE_BYTES`].
    #[serde(default)]
    pub max_message_bytes: Option<u64>,
    /// How requests are compressed; none sends them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Whether to wait (until the deadline) for an instance that can be reached instead of failing at once
    /// (<https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md>).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait_for_ready: bool,
    /// Whether to make a new connection although an open one is there; it is closed after the call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cold: bool,
    /// When to try again; none leaves it to the endpoint's service config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
}

/// One event of a call's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// Nanoseconds since the call began, by a monotonic clock.
    pub at_ns: u64,
    /// What happened.
    pub kind: CallEventKind,
}

/// What happened in a call. The order is: for each attempt `Resolved` (only when the name was not resolved yet),
/// `Picked`, `Connected` and `Secured` (these only on a new connection, else `Reused`), `Requested`, then messages,
/// `HalfClosed` and `Headers` as they come, then `Trailers` (absent when the server sent none); between two
/// attempts `Retrying` (requests that a later attempt sends again are not told again); `Waiting` and `Pinged` may come at any time; and always exactly one `Finished`, last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CallEventKind {
    /// The name resolved to these socket addresses.
    Resolved {
        /// `ip:port` or the path of a socket, in the order tried.
        addresses: Vec<String>,
    },
    /// The call waits for an instance that can be reached.
    Waiting {
        /// Why none can be.
        problem: crate::Problem,
    },
    /// One of several instances was picked.
    Picked {
        /// Its address.
        instance: String,
        /// How many could have been picked.
        ready: u32,
        /// How many there are.
        of: u32,
    },
    /// The attempt failed and is made again after a wait.
    Retrying(crate::Attempt),
    /// TCP (or the Unix socket) is up.
    Connected {
        /// The peer's `ip:port`, or the path of its socket.
        peer: String,
    },
    /// TLS is up.
    Secured(TlsInfo),
    /// An open connection served the call.
    Reused {
        /// The peer's `ip:port`, or the path of its socket.
        peer: String,
        /// What TLS agreed on when it was made.
        tls: Option<TlsInfo>,
    },
    /// An HTTP/2 ping of the call's connection was answered.
    Pinged {
        /// The round trip, nanoseconds.
        rtt_ns: u64,
    },
    /// The head of the HTTP request that carries the call, where the transport tells it.
    Requested(HttpRequest),
    /// A request message was handed to the connection.
    Sent {
        /// The message, not compressed.
        message: Blob,
        /// Bytes as they went when the message was compressed.
        compressed: Option<u64>,
    },
    /// No more requests will come.
    HalfClosed,
    /// Response headers arrived.
    Headers {
        /// In order, repeated keys kept, `-bin` decoded.
        metadata: Vec<Metadatum>,
    },
    /// A response message arrived whole.
    Received {
        /// The message, decompressed.
        message: Blob,
        /// Bytes as they came when the message was compressed.
        compressed: Option<u64>,
    },
    /// Trailers arrived.
    Trailers {
        /// As in `Headers`; `grpc-status`, `grpc-message` and `grpc-status-details-bin` left out.
        metadata: Vec<Metadatum>,
    },
    /// The call is over.
    Finished {
        /// How it ended; statuses made on this side included.
        status: Status,
        /// Bytes this call moved on the connection where the transport can tell.
        wire: Option<WireBytes>,
    },
}

/// The most text of the body that an [`HttpRequest`] has, bytes.
pub const REQUEST_TEXT_BYTES: usize = 4096;

/// An HTTP request as it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub verb: String,
    /// With scheme and host; `ws:` for a WebSocket.
    pub url: String,
    /// In order, repeated names kept; of what is secret only the name.
    pub headers: Vec<(String, String)>,
    /// Its body as text, or the first message of a stream, cut at [`REQUEST_TEXT_BYTES`] on a character's border; none
    /// where it has none or is no text.
    pub body: Option<String>,
}

/// Bytes on the connection, HTTP/2 framing and headers included, while the call ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireBytes {
    /// Written.
    pub sent: u64,
    /// Read.
    pub received: u64,
    /// Whether other calls shared the connection meanwhile, so that the counts are theirs too.
    pub shared: bool,
}

/// How a call ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The gRPC status code; unknown numbers are kept.
    pub code: u32,
    /// `grpc-message`, percent-decoded.
    pub message: String,
    /// `grpc-status-details-bin`, decoded from base64; usually a `google.rpc.Status`.
    pub details: Blob,
    /// What probably is wrong and what to try, where this side can tell.
    #[serde(default)]
    pub problem: Option<crate::Problem>,
}

impl Status {
    /// A status without details.
    pub fn new(code: StatusCode, message: impl Into<String>) -> Self {
        Status { code: code as u32, message: message.into(), ..Status::default() }
    }

    /// Whether the call succeeded.
    pub fn is_ok(&self) -> bool {
        self.code == 0
    }

    /// `NOT_FOUND`, or `CODE_42` for a number that gRPC does not define.
    pub fn name(&self) -> String {
        StatusCode::from_number(self.code)
            .map_or_else(|| format!("CODE_{}", self.code), |code| code.name().to_owned())
    }
}

/// The status codes of gRPC (<https://grpc.io/docs/guides/status-codes/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
#[repr(u32)]
pub enum StatusCode {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl StatusCode {
    /// Every code, by number.
    pub const ALL: [StatusCode; 17] = [
        StatusCode::Ok,
        StatusCode::Cancelled,
        StatusCode::Unknown,
        StatusCode::InvalidArgument,
        StatusCode::DeadlineExceeded,
        StatusCode::NotFound,
        StatusCode::AlreadyExists,
        StatusCode::PermissionDenied,
        StatusCode::ResourceExhausted,
        StatusCode::FailedPrecondition,
        StatusCode::Aborted,
        StatusCode::OutOfRange,
        StatusCode::Unimplemented,
        StatusCode::Internal,
        StatusCode::Unavailable,
        StatusCode::DataLoss,
        StatusCode::Unauthenticated,
    ];

    /// The code with this number, if gRPC defines one.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }

    /// `DEADLINE_EXCEEDED`.
    pub fn name(self) -> &'static str {
        match self {
            StatusCode::Ok => "OK",
            StatusCode::Cancelled => "CANCELLED",
            StatusCode::Unknown => "UNKNOWN",
            StatusCode::InvalidArgument => "INVALID_ARGUMENT",
            StatusCode::DeadlineExceeded => "DEADLINE_EXCEEDED",
            StatusCode::NotFound => "NOT_FOUND",
            StatusCode::AlreadyExists => "ALREADY_EXISTS",
            StatusCode::PermissionDenied => "PERMISSION_DENIED",
            StatusCode::ResourceExhausted => "RESOURCE_EXHAUSTED",
            StatusCode::FailedPrecondition => "FAILED_PRECONDITION",
            StatusCode::Aborted => "ABORTED",
            StatusCode::OutOfRange => "OUT_OF_RANGE",
            StatusCode::Unimplemented => "UNIMPLEMENTED",
            StatusCode::Internal => "INTERNAL",
            StatusCode::Unavailable => "UNAVAILABLE",
            StatusCode::DataLoss => "DATA_LOSS",
            StatusCode::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From us to the server.
    Sent,
    /// From the server to us.
    Received,
}
