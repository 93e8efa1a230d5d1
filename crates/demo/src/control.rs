//! What a request's metadata tells the server to do, read once and obeyed everywhere.
//!
//! [`Obey`] is a layer around all services: it delays, stalls and fails calls and echoes metadata. What concerns
//! single messages of a stream it hands to the service as a [`Pace`] in the request's extensions.

use crate::details;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, body::Body};

/// The longest wait that metadata may ask for.
pub const MAX_WAIT: Duration = Duration::from_secs(60);
/// The longest stream that metadata may ask for, in messages.
pub const MAX_COUNT: u64 = 1_000_000;

/// A stream of answers.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// How the messages of a stream are to come.
#[derive(Clone, Default)]
pub struct Pace {
    interval: Option<Duration>,
    count: Option<u64>,
    fail_after: Option<(u64, Status)>,
    shutdown: CancellationToken,
}

impl Pace {
    /// What was asked for `request`.
    pub fn of<T>(request: &Request<T>) -> Pace {
        request.extensions().get::<Pace>().cloned().unwrap_or_default()
    }

    /// How long an answer stream is asked to be, in messages.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// The time between two steps of a simulation.
    pub fn tick(&self, default: Duration) -> Duration {
        self.interval.unwrap_or(default)
    }

    /// Answers as asked: with the interval between them.
    pub fn spaced<T: Send + 'static>(
        &self,
        answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Answers<T> {
        match self.interval.filter(|interval| !interval.is_zero()) {
            None => self.limited(answers),
            Some(interval) => {
                let mut first = true;
                self.limited(answers.then(move |answer| {
                    let wait = if std::mem::take(&mut first) { Duration::ZERO } else { interval };
                    async move {
                        tokio::time::sleep(wait).await;
                        answer
                    }
                }))
            }
        }
    }

    /// Answers as asked, whose rhythm is their own.
    pub fn limited<T: Send + 'static>(
        &self,
        answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Answers<T> {
        let count =
            self.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        let shutdown = self.shutdown.clone().cancelled_owned();
        let answers = answers.take(count).take_until(shutdown);
        let token = self.shutdown.clone();
        let answers = answers.chain(
            stream::once(async move {
                token
                    .is_cancelled()
                    .then(|| Err(Status::unavailable("the server is shutting down")))
            })
            .filter_map(std::future::ready),
        );
        self.failing(answers)
    }

    /// Requests of a request stream that is answered once: fails after as many as asked.
    pub fn requests<T: Send + 'static>(
        &self,
        requests: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Answers<T> {
        let shutdown = self.shutdown.clone().cancelled_owned();
        self.failing(requests.take_until(shutdown))
    }

    fn failing<T: Send + 'static>(
        &self,
        messages: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Answers<T> {
        match self.fail_after.clone() {
            None => Box::pin(messages),
            Some((after, status)) => Box::pin(stream::unfold(
                (Box::pin(messages), after, Some(status)),
                |(mut messages, left, status)| async move {
                    let Some(left) = left.checked_sub(1) else {
                        return status.map(|status| (Err(status), (messages, 0, None)));
                    };
                    let message = messages.next().await?;
                    Some((message, (messages, left, status)))
                },
            )),
        }
    }
}

/// Everything the metadata of one request asks for.
#[derive(Default)]
struct Control {
    delay: Duration,
    stall: bool,
    fail: Option<Status>,
    echo: Option<HeaderMap>,
    pace: Pace,
}

impl Control {
    fn read(headers: &HeaderMap, shutdown: &CancellationToken) -> Result<Control, Status> {
        let mut control = Control {
            delay: millis(headers, "demo-delay-ms")?.unwrap_or_default(),
            stall: flag(headers, "demo-stall")?,
            ..Control::default()
        };
        control.pace.interval = millis(headers, "demo-interval-ms")?;
        control.pace.count = number(headers, "demo-count", MAX_COUNT)?;
        control.pace.shutdown = shutdown.clone();
        if flag(headers, "demo-echo-metadata")? {
            control.echo = Some(echo(headers));
        }
        let after = number(headers, "demo-fail-after", MAX_COUNT)?;
        let code = match text(headers, "demo-fail")? {
            Some(name) => Some(code(&name)?),
            None => after.map(|_| Code::Unavailable),
        };
        if let Some(code) = code {
            let message = text(headers, "demo-fail-message")?;
            let status = details::rich(code, message.as_deref().unwrap_or("failed as asked"));
            match after {
                Some(after) => control.pace.fail_after = Some((after, status)),
                None => control.fail = Some(status),
            }
        }
        Ok(control)
    }
}

fn text(headers: &HeaderMap, key: &str) -> Result<Option<String>, Status> {
    let Some(value) = headers.get(key) else { return Ok(None) };
    match std::str::from_utf8(value.as_bytes()) {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(_) => Err(details::invalid(&[(key, "must be text")])),
    }
}

fn number(headers: &HeaderMap, key: &str, most: u64) -> Result<Option<u64>, Status> {
    let Some(value) = text(headers, key)? else { return Ok(None) };
    match value.parse::<u64>() {
        Ok(value) if value <= most => Ok(Some(value)),
        _ => {
            let why = format!("{value:?} is not a whole number from 0 to {most}");
            Err(details::invalid(&[(key, &why)]))
        }
    }
}

fn millis(headers: &HeaderMap, key: &str) -> Result<Option<Duration>, Status> {
    let most = u64::try_from(MAX_WAIT.as_millis()).unwrap_or(u64::MAX);
    Ok(number(headers, key, most)?.map(Duration::from_millis))
}

fn flag(headers: &HeaderMap, key: &str) -> Result<bool, Status> {
    match text(headers, key)?.as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1" | "") => Ok(true),
        Some(other) => {
            Err(details::invalid(&[(key, &format!("{other:?} is neither true nor false"))]))
        }
    }
}

/// A status code by number or by name, in any case, with `-` or `_`.
fn code(name: &str) -> Result<Code, Status> {
    const NAMES: [&str; 16] = [
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    (1..)
        .zip(NAMES)
        .find(|(number, name)| *name == wanted || wanted == number.to_string())
        .map(|(number, _)| Code::from_i32(number))
        .ok_or_else(|| {
            let why = format!("{name:?} is not a status code from 1 to 16, by name or number");
            details::invalid(&[("demo-fail", &why)])
        })
}

/// The metadata of a request without what belongs to HTTP, to gRPC or to this server.
fn echo(headers: &HeaderMap) -> HeaderMap {
    let of_the_protocol = |key: &HeaderName| {
        ["content-type", "te", "user-agent", "host", "content-length"].contains(&key.as_str())
            || key.as_str().starts_with("grpc-")
            || key.as_str().starts_with("demo-")
    };
    headers
        .iter()
        .filter(|(key, _)| !of_the_protocol(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn extend(headers: &mut HeaderMap, more: &HeaderMap<HeaderValue>) {
    for (key, value) in more {
        headers.append(key.clone(), value.clone());
    }
}

/// The layer that obeys.
#[derive(Clone)]
pub struct Obey {
    /// Ends waits and streams.
    pub shutdown: CancellationToken,
}

impl<S> tower::Layer<S> for Obey {
    type Service = Obedient<S>;

    fn layer(&self, inner: S) -> Obedient<S> {
        Obedient { inner, shutdown: self.shutdown.clone() }
    }
}

/// A service that obeys.
#[derive(Clone)]
pub struct Obedient<S> {
    inner: S,
    shutdown: CancellationToken,
}

impl<S> tower::Service<http::Request<Body>> for Obedient<S>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // The clone takes the place of the service that was found ready (see `tower::Service::call`).
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let shutdown = self.shutdown.clone();
        Box::pin(async move {
            // Tools send metadata with reflection too, and want the schema whatever the call is to do.
            if request.uri().path().starts_with("/grpc.reflection.") {
                return inner.call(request).await;
            }
            let control = match Control::read(request.headers(), &shutdown) {
                Ok(control) => control,
                Err(status) => return Ok(status.into_http()),
            };
            let wait = async {
                if control.stall {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(control.delay).await;
            };
            if (control.stall || !control.delay.is_zero())
                && shutdown.run_until_cancelled(wait).await.is_none()
            {
                return Ok(Status::unavailable("the server is shutting down").into_http());
            }
            let response = match control.fail {
                Some(status) => status.into_http(),
                None => {
                    request.extensions_mut().insert(control.pace);
                    inner.call(request).await?
                }
            };
            Ok(match control.echo {
                Some(echo) => with_metadata(response, echo),
                None => response,
            })
        })
    }
}

/// Adds metadata to the headers and to the trailers.
fn with_metadata(mut response: http::Response<Body>, metadata: HeaderMap) -> http::Response<Body> {
    extend(response.headers_mut(), &metadata);
    response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                extend(trailers, &metadata);
            }
            frame
        }))
    })
}
