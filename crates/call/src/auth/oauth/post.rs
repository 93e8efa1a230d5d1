//! Posts one form to a token endpoint over HTTP/1.1.

use super::super::wrong;
use super::answer::Refused;
use crate::endpoint::Target;
use crate::explain;
use crate::http::Http;
use crate::tls::{self, Trust};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use wirelab_model::{Endpoint, Problem, ProblemKind, Secret};

/// How long an authorization server may take to answer, connection included.
pub const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer, bytes.
const MAX_ANSWER: usize = 1 << 20;

/// What came back.
pub(super) struct Answer {
    pub status: http::StatusCode,
    pub body: Bytes,
}

/// Where an `http` or `https` address leads; `place` is the field that holds it.
pub(super) fn server(url: &str, place: &str) -> Result<(Uri, Target), Problem> {
    let form = "write https://host/path";
    if url.trim().is_empty() {
        return Err(wrong(place, "there is no address of the authorization server", form));
    }
    let uri: Uri = url.trim().parse().map_err(|_| {
        wrong(place, format!("`{}` is not a web address", url.trim().escape_debug()), form)
    })?;
    let base = match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("http" | "https")), Some(authority))
            if !authority.as_str().contains('@') =>
        {
            format!("{scheme}://{authority}")
        }
        _ => {
            let message = format!("`{}` is not a web address", url.trim().escape_debug());
            return Err(wrong(place, message, form));
        }
    };
    let endpoint = Endpoint { address: base, ..Endpoint::default() };
    let target = Target::parse(&endpoint).map_err(|problem| problem.at(place))?;
    Ok((uri, target))
}

/// Sends `form` and waits for the answer, at most [`TOKEN_TIMEOUT`].
pub(super) async fn post(
    url: &str,
    trust: &Trust,
    form: String,
    authorization: Option<Secret>,
) -> Result<Answer, Refused> {
    let (uri, target) = server(url, "auth.token_url")?;
    let request = request(&uri, &target, form, authorization)?;
    let until = Instant::now() + TOKEN_TIMEOUT;
    let unreachable = |why: String| {
        Problem::new(
            ProblemKind::Unreachable,
            format!("the authorization server {target} cannot be reached: {why}"),
        )
        .help("check the address of its token endpoint, and this machine's network")
        .at("auth.token_url")
    };
    let exchange = async {
        let tcp = TcpStream::connect((target.host(), target.port()))
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        if !target.tls() {
            return send(tcp, request).await.map_err(|error| unreachable(error.to_string()));
        }
        let stream = tls::secure(&target, trust, Http::One, tcp, until)
            .await
            .map_err(|failure| explain::problem(&failure))?;
        send(stream, request).await.map_err(|error| unreachable(error.to_string()))
    };
    match timeout_at(until, exchange).await {
        Ok(answer) => Ok(answer?),
        Err(_) => {
            let why = format!("it did not answer within {} s", TOKEN_TIMEOUT.as_secs());
            Err(unreachable(why).into())
        }
    }
}

fn request(
    uri: &Uri,
    target: &Target,
    form: String,
    authorization: Option<Secret>,
) -> Result<Request<Full<Bytes>>, Problem> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(HOST, uri.authority().map_or_else(|| target.to_string(), ToString::to_string))
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(CONTENT_LENGTH, form.len())
        .header(USER_AGENT, concat!("wirelab/", env!("CARGO_PKG_VERSION")));
    if let Some(Secret(value)) = authorization {
        let value = HeaderValue::try_from(value).map(|mut value| {
            value.set_sensitive(true);
            value
        });
        if let Ok(value) = value {
            request = request.header(AUTHORIZATION, value);
        }
    }
    request.body(Full::new(form.into())).map_err(|_| {
        wrong("auth.token_url", "the address of the token endpoint cannot be sent", "check it")
    })
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body =
            Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| match error
                .downcast_ref::<LengthLimitError>(
            ) {
                Some(_) => format!("its answer is longer than {MAX_ANSWER} bytes").into(),
                None => error,
            })?;
        Ok(Answer { status: head.status, body: body.to_bytes() })
    };
    tokio::pin!(connection);
    tokio::select! {
        biased;
        answer = exchange => answer,
        // It ends with the exchange, or because of it: then the exchange knows more.
        Err(error) = &mut connection => Err(error.into()),
    }
}
