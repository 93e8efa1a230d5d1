//! What must be right about a call before anything is sent.

use crate::http::Http;
use crate::metadata;
use crate::transport::{self, Protocol, Types};
use http::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, Uri, Version};
use std::time::Duration;
use wirelab_model::{
    CallKind, CallSpec, Compression, DEFAULT_MAX_MESSAGE_BYTES, Problem, ProblemKind,
};

/// A call that can be tried.
pub(crate) struct Plan {
    tls: bool,
    /// Which HTTP carries it.
    pub http: Http,
    pub protocol: Box<dyn Protocol>,
    pub kind: CallKind,
    /// `pkg.Service/Method`.
    pub method: String,
    /// How requests are compressed.
    pub compression: Option<Compression>,
    /// Since the call began.
    pub deadline: Option<Duration>,
    /// Instead of the instance's own.
    authority: Option<Authority>,
    path: PathAndQuery,
    headers: HeaderMap,
}

impl Plan {
    /// Checks the method's name, the metadata, and whether the transport can carry the call. `tls` says whether the
    /// endpoint wants TLS; `types` knows the types of methods, which JSON wants.
    pub fn new(spec: &CallSpec, tls: bool, types: Option<&Types>) -> Result<Plan, Problem> {
        let path = path(&spec.method)?;
        let limit = spec.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES);
        let http = transport::http(spec, tls)?;
        let protocol = transport::protocol(spec, limit, types)?;
        let mut headers = protocol.headers();
        headers.insert(USER_AGENT, user_agent(spec.endpoint.user_agent.as_deref())?);
        metadata::to_headers(&spec.metadata, &mut headers)?;
        Ok(Plan {
            tls,
            http,
            protocol,
            kind: spec.kind,
            method: spec.method.clone(),
            compression: spec.compression,
            deadline: spec.deadline_ms.map(Duration::from_millis),
            authority: spec.endpoint.authority.as_deref().map(authority).transpose()?,
            path,
            headers,
        })
    }

    /// The request as it is sent to `authority` (`host:port`) when `elapsed` has passed since the call began;
    /// `one` in the form of HTTP/1.1.
    pub fn request(
        &self,
        authority: &str,
        elapsed: Duration,
        one: bool,
    ) -> Result<Request<()>, Problem> {
        let authority = match &self.authority {
            Some(authority) => authority.clone(),
            None => self::authority(authority)?,
        };
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.headers_mut() = self.headers.clone();
        if one {
            let host = HeaderValue::from_str(authority.as_str()).map_err(unsendable)?;
            request.headers_mut().insert(HOST, host);
            *request.uri_mut() = Uri::from(self.path.clone());
        } else {
            *request.version_mut() = Version::HTTP_2;
            *request.uri_mut() = Uri::builder()
                .scheme(if self.tls { "https" } else { "http" })
                .authority(authority)
                .path_and_query(self.path.clone())
                .build()
                .map_err(unsendable)?;
        }
        if let Some(deadline) = self.deadline {
            let (name, value) = self.protocol.timeout(deadline.saturating_sub(elapsed));
            request.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(unsendable)?);
        }
        Ok(request)
    }
}

fn unsendable(error: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::Mismatch, format!("the request cannot be sent: {error}"))
        .help("check the address and the authority")
}

/// What goes as `:authority` (RFC 9113 §8.3.1) or `Host`.
fn authority(text: &str) -> Result<Authority, Problem> {
    let parsed = text.parse::<Authority>().ok().filter(|_| !text.contains('@'));
    parsed.ok_or_else(|| {
        let message = format!("`{}` is not an authority", text.escape_debug());
        Problem::new(ProblemKind::Mismatch, message).at("authority").help("write host or host:port")
    })
}

fn user_agent(given: Option<&str>) -> Result<HeaderValue, Problem> {
    let Some(text) = given else {
        return Ok(HeaderValue::from_static(concat!("wirelab/", env!("CARGO_PKG_VERSION"))));
    };
    let value = text.bytes().all(|b| matches!(b, b' '..=b'~')).then(|| HeaderValue::from_str(text));
    value.and_then(Result::ok).ok_or_else(|| {
        let message = format!("`{}` is not a user agent", text.escape_debug());
        Problem::new(ProblemKind::Mismatch, message).at("user_agent").help("use printable ASCII")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

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
