//! What must be right about a call before anything is sent.

use crate::endpoint::Target;
use crate::metadata;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri, Version};
use std::time::Duration;
use wirelab_model::{CallKind, CallSpec, DEFAULT_MAX_MESSAGE_BYTES, Problem, ProblemKind};

/// The most that `grpc-timeout` can say of each unit.
const MAX_TIMEOUT_DIGITS: u128 = 99_999_999;

/// A call that can be tried.
pub(crate) struct Plan {
    pub target: Target,
    pub kind: CallKind,
    /// `pkg.Service/Method`.
    pub method: String,
    /// The largest response message, bytes.
    pub limit: u64,
    /// Since the call began.
    pub deadline: Option<Duration>,
    path: PathAndQuery,
    headers: HeaderMap,
}

impl Plan {
    /// Checks the endpoint, the method's name and the metadata.
    pub fn new(spec: &CallSpec) -> Result<Plan, Problem> {
        let target = Target::parse(&spec.endpoint)?;
        let path = path(&spec.method)?;
        let mut headers = HeaderMap::new();
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity,gzip"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("wirelab/", env!("CARGO_PKG_VERSION"))),
        );
        metadata::to_headers(&spec.metadata, &mut headers)?;
        Ok(Plan {
            target,
            kind: spec.kind,
            method: spec.method.clone(),
            limit: spec.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES),
            deadline: spec.deadline_ms.map(Duration::from_millis),
            path,
            headers,
        })
    }

    /// The request as it is sent when `elapsed` has passed since the call began.
    pub fn request(&self, elapsed: Duration) -> Result<Request<()>, Problem> {
        let uri = Uri::builder()
            .scheme(if self.target.tls() { "https" } else { "http" })
            .authority(self.target.to_string())
            .path_and_query(self.path.clone())
            .build()
            .map_err(|error| {
                Problem::new(ProblemKind::Mismatch, format!("the address cannot be sent: {error}"))
                    .at(self.target.to_string())
                    .help("write host:port")
            })?;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if let Some(deadline) = self.deadline
            && let Ok(value) = HeaderValue::from_str(&timeout(deadline.saturating_sub(elapsed)))
        {
            request.headers_mut().insert("grpc-timeout", value);
        }
        Ok(request)
    }
}

fn path(method: &str) -> Result<PathAndQuery, Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let parsed = match method.split_once('/') {
        Some((service, name))
            if !service.is_empty()
                && !name.is_empty()
                && service.chars().all(allowed)
                && name.chars().all(allowed) =>
        {
            PathAndQuery::try_from(format!("/{method}")).ok()
        }
        _ => None,
    };
    parsed.ok_or_else(|| {
        Problem::new(ProblemKind::Mismatch, format!("`{method}` is not the name of a method"))
            .at("method")
            .help("write package.Service/Method, without a leading slash")
    })
}

/// `grpc-timeout`: at most eight digits and a unit, rounded up so that the server is not the stricter side.
fn timeout(left: Duration) -> String {
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

    #[test]
    fn methods() {
        for good in ["a.B/C", "B/C", "a.b.c.D/E_f-1"] {
            assert_eq!(path(good).unwrap().as_str(), format!("/{good}"));
        }
        for bad in ["", "/", "a.B", "/a.B/C", "a.B/", "/C", "a/b/c", "a b/c", "a/b?c", "a/b\n"] {
            let problem = path(bad).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::Mismatch, "{bad:?}");
        }
    }
}
