//! Single exchanges of HTTP/1.1 with web servers that are not called: authorization servers, sets of keys, collectors.

use crate::endpoint::Target;
use crate::explain;
use crate::http::Http;
use crate::tls::{self, Tls, Trust};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use wirelab_model::{Endpoint, Problem, ProblemKind, TlsOptions};

/// Who asks.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("wirelab/", env!("CARGO_PKG_VERSION")));

/// Asks web servers, with a connection for each exchange. Cheap to clone.
#[derive(Clone, Default)]
pub struct Web(Arc<Tls>);

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Web")
    }
}

/// What an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long it may take, connection included.
    pub time: Duration,
    /// The longest body, bytes.
    pub bytes: usize,
}

impl Web {
    /// Trusts the system's root certificates, which are read when TLS is first wanted.
    pub fn new() -> Web {
        Web::default()
    }

    /// Sends a request to the `http` or `https` address that it has and gives the answer, whatever its status. A CA file
    /// in `tls` takes the place of the system's roots. Redirects are not followed.
    ///
    /// # Errors
    /// An address that is none, a server that cannot be reached, is not believed, or does not answer within `bounds`.
    pub async fn ask(
        &self,
        request: Request<Bytes>,
        tls: &TlsOptions,
        bounds: Bounds,
    ) -> Result<Response<Bytes>, Problem> {
        let url = request.uri().to_string();
        let (uri, target) = server(&url)?;
        let trust = self.0.trust(tls).await.map_err(|failure| explain::problem(&failure))?;
        exchange(&uri, &target, &trust, request, bounds).await.map_err(|fault| match fault {
            Fault::Problem(problem) => problem,
            Fault::Unreachable(why) => {
                let message = format!("{target} cannot be reached: {why}");
                Problem::new(ProblemKind::Unreachable, message)
                    .at(url)
                    .help("check the address, and this machine's network")
            }
        })
    }
}

/// Where an `http` or `https` address leads.
///
/// # Errors
/// What is none.
pub(crate) fn server(url: &str) -> Result<(Uri, Target), Problem> {
    let wrong = || {
        let message = format!("`{}` is not a web address", url.escape_debug());
        Problem::new(ProblemKind::Mismatch, message).at(url).help("write https://host/path")
    };
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let address = match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("http" | "https")), Some(authority))
            if !authority.as_str().contains('@') =>
        {
            format!("{scheme}://{authority}")
        }
        _ => return Err(wrong()),
    };
    let target = Target::parse(&Endpoint { address, ..Endpoint::default() })?;
    Ok((uri, target))
}

/// Why there is no answer.
pub(crate) enum Fault {
    /// In a few words.
    Unreachable(String),
    /// With all that is known of it.
    Problem(Problem),
}

/// One exchange: connects, asks, and waits for the whole answer.
pub(crate) async fn exchange(
    uri: &Uri,
    target: &Target,
    trust: &Trust,
    request: Request<Bytes>,
    bounds: Bounds,
) -> Result<Response<Bytes>, Fault> {
    let until = Instant::now() + bounds.time;
    let unreachable = |error: &dyn std::fmt::Display| Fault::Unreachable(error.to_string());
    let request = prepared(uri, target, request);
    let exchange = async {
        let tcp = TcpStream::connect((target.host(), target.port()))
            .await
            .map_err(|error| unreachable(&error))?;
        if !target.tls() {
            return send(tcp, request, bounds.bytes).await.map_err(|error| unreachable(&error));
        }
        let stream = tls::secure(target, trust, Http::One, tcp, until)
            .await
            .map_err(|failure| Fault::Problem(explain::problem(&failure)))?;
        send(stream, request, bounds.bytes).await.map_err(|error| unreachable(&error))
    };
    match timeout_at(until, exchange).await {
        Ok(answer) => answer,
        Err(_) => {
            let why = format!("it did not answer within {} s", bounds.time.as_secs_f32());
            Err(Fault::Unreachable(why))
        }
    }
}

/// The request as HTTP/1.1 wants it: the path for a target, the host in a header.
fn prepared(uri: &Uri, target: &Target, request: Request<Bytes>) -> Request<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // It was a part of an address.
    head.uri = path.parse().unwrap_or_default();
    let host = uri.authority().map_or_else(|| target.to_string(), ToString::to_string);
    if let Ok(host) = HeaderValue::try_from(host) {
        head.headers.insert(HOST, host);
    }
    if !body.is_empty() {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    head.headers.entry(USER_AGENT).or_insert(AGENT);
    Request::from_parts(head, Full::new(body))
}

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn send<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<Response<Bytes>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, most).collect().await.map_err(|error| match error
            .downcast_ref::<LengthLimitError>(
        ) {
            Some(_) => format!("its answer is longer than {most} bytes").into(),
            None => error,
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    tokio::pin!(connection);
    tokio::select! {
        biased;
        answer = exchange => answer,
        // It ends with the exchange, or because of it: then the exchange knows more.
        Err(error) = &mut connection => Err(error.into()),
    }
}
