//! HTTP under the transports: one request and its response, in pieces, over HTTP/2 (`h2`) or HTTP/1.1 (`hyper`).
//! Knows neither messages nor statuses.

mod one;
mod two;

pub(crate) use two::{MAX_HEADER_BYTES, STREAM_WINDOW};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// Which versions of HTTP a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Http {
    /// HTTP/1.1.
    One,
    /// HTTP/2; in plaintext by prior knowledge (RFC 9113 §3.3).
    Two,
    /// What ALPN agrees on, HTTP/2 first; HTTP/1.1 where the server agrees on nothing.
    Agreed,
}

impl Http {
    /// What is offered by ALPN, best first (RFC 7301).
    pub fn alpn(self) -> Vec<Vec<u8>> {
        let offered: &[&[u8]] = match self {
            Http::One => &[b"http/1.1"],
            Http::Two => &[b"h2"],
            Http::Agreed => &[b"h2", b"http/1.1"],
        };
        offered.iter().map(|name| name.to_vec()).collect()
    }

    /// What is spoken after ALPN has agreed on this.
    pub fn agreed(self, alpn: Option<&[u8]>) -> Http {
        match (self, alpn) {
            (Http::Agreed, Some(b"h2")) => Http::Two,
            (Http::Agreed, _) => Http::One,
            (other, _) => other,
        }
    }
}

/// HTTP failed under a call.
#[derive(Debug)]
pub(crate) enum HttpError {
    One(hyper::Error),
    Two(h2::Error),
}

impl HttpError {
    /// Whether the connection itself failed.
    pub fn is_io(&self) -> bool {
        matches!(self, HttpError::Two(error) if error.is_io())
    }

    /// Whether the library gave a response up for its headers. It does so for nothing else in this way: too large
    /// (by stream, or by connection where there is no end to them), or malformed.
    pub fn is_refused_headers(&self) -> bool {
        let HttpError::Two(error) = self else { return false };
        let endless = || error.to_string().contains("too_many_continuations");
        error.is_library()
            && (error.is_reset() && error.reason() == Some(h2::Reason::PROTOCOL_ERROR)
                || error.is_go_away() && endless())
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::One(error) => error.fmt(f),
            HttpError::Two(error) => error.fmt(f),
        }
    }
}

/// Drives a connection until it ends.
pub(crate) type Driver = Pin<Box<dyn Future<Output = Result<(), HttpError>> + Send>>;

/// A connection that speaks HTTP.
pub(crate) struct Opened {
    pub sender: Sender,
    /// Must be polled for anything to happen.
    pub driver: Driver,
    /// Sends pings, where the version of HTTP has them.
    pub pings: Option<h2::PingPong>,
}

/// Begins to speak HTTP; `window` is how many bytes of a stream the server may send ahead of its reader.
pub(crate) async fn handshake<S>(stream: S, http: Http, window: u32) -> Result<Opened, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match http {
        Http::One => one::handshake(stream).await,
        Http::Two | Http::Agreed => two::handshake(stream, window).await,
    }
}

/// A connection's place to begin requests at.
pub(crate) enum Sender {
    One(one::Line),
    Two(two::Sender),
}

impl Sender {
    /// Takes the right to one request; none while an HTTP/1.1 connection is busy with another.
    pub fn hold(&self) -> Option<Hold> {
        match self {
            Sender::One(line) => line.hold().map(Hold::One),
            Sender::Two(sender) => Some(Hold::Two(sender.clone())),
        }
    }

    /// How many requests may be under way at once.
    pub fn capacity(&self) -> usize {
        match self {
            Sender::One(_) => 1,
            Sender::Two(sender) => sender.current_max_send_streams(),
        }
    }

    /// Whether a request can be begun; none once the peer has said that it takes no more.
    pub fn is_ready(&mut self) -> Option<bool> {
        match self {
            Sender::One(line) => line.is_ready(),
            Sender::Two(sender) => two::is_ready(sender),
        }
    }
}

/// The right to one request. Dropping it gives an HTTP/1.1 connection back.
pub(crate) enum Hold {
    One(one::Held),
    Two(two::Sender),
}

impl Hold {
    /// Whether this is HTTP/1.1.
    pub fn is_one(&self) -> bool {
        matches!(self, Hold::One(_))
    }

    /// What the peer said when it gave the connection up (GOAWAY): the requests under way only learn that the
    /// connection is gone.
    pub fn given_up(&self) -> Option<HttpError> {
        match self {
            Hold::One(_) => None,
            Hold::Two(sender) => two::given_up(sender).map(HttpError::Two),
        }
    }

    /// Begins a request; `length` is that of its body where it is known, bytes.
    pub fn open(
        &mut self,
        request: Request<()>,
        length: Option<u64>,
    ) -> Result<(Upload, Pending), HttpError> {
        match self {
            Hold::One(held) => {
                let (upload, pending) = held.open(request, length);
                Ok((Upload::One(upload), Pending::One(pending)))
            }
            Hold::Two(sender) => {
                let (upload, pending) = two::open(sender, request).map_err(HttpError::Two)?;
                Ok((Upload::Two(upload), Pending::Two(pending)))
            }
        }
    }
}

/// The body of a request. Dropping it before its end breaks the request off.
pub(crate) enum Upload {
    One(one::Upload),
    Two(two::Upload),
}

impl Upload {
    /// Hands data over as fast as the peer takes it; `last` ends the body. False when the request is over: why,
    /// the response knows.
    pub async fn send(&mut self, data: Bytes, last: bool) -> bool {
        match self {
            Upload::One(upload) => upload.send(data, last).await,
            Upload::Two(upload) => upload.send(data, last).await,
        }
    }

    /// Ends the body.
    pub async fn finish(&mut self) {
        match self {
            Upload::One(upload) => upload.finish().await,
            Upload::Two(upload) => upload.finish(),
        }
    }
}

/// A response that has not begun. Dropping it breaks the request off.
pub(crate) enum Pending {
    One(one::Pending),
    Two(h2::client::ResponseFuture),
}

impl Pending {
    /// Waits for the head.
    pub async fn head(self) -> Result<Response<Download>, HttpError> {
        match self {
            Pending::One(pending) => Ok(pending.await.map_err(HttpError::One)?.map(Download::one)),
            Pending::Two(pending) => Ok(pending.await.map_err(HttpError::Two)?.map(Download::two)),
        }
    }
}

/// The body of a response. Dropping it before its end breaks the request off.
pub(crate) enum Download {
    One(hyper::body::Incoming, HeaderMap),
    Two(two::Download),
}

impl Download {
    fn one(body: hyper::body::Incoming) -> Download {
        Download::One(body, HeaderMap::new())
    }

    fn two(body: h2::RecvStream) -> Download {
        Download::Two(two::Download::new(body))
    }

    /// The next data; none at the end of the body.
    pub async fn data(&mut self) -> Result<Option<Bytes>, HttpError> {
        match self {
            Download::One(body, trailers) => {
                one::data(body, trailers).await.transpose().map_err(HttpError::One)
            }
            Download::Two(stream) => stream.data().await.transpose().map_err(HttpError::Two),
        }
    }

    /// Lets the peer send as many bytes again.
    pub fn release(&mut self, size: usize) {
        // HTTP/1.1 reads no further than it is asked to.
        if let Download::Two(stream) = self {
            stream.release(size);
        }
    }

    /// What follows the body.
    pub async fn trailers(&mut self) -> Result<Option<HeaderMap>, HttpError> {
        match self {
            Download::One(_, trailers) if trailers.is_empty() => Ok(None),
            Download::One(_, trailers) => Ok(Some(std::mem::take(trailers))),
            Download::Two(stream) => stream.trailers().await.map_err(HttpError::Two),
        }
    }
}
