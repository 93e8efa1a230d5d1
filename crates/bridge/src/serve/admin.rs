//! Health, readiness and figures, for whoever runs the bridge.

use crate::Bridge;
use crate::observe::MEDIA_TYPE;
use axum::body::Body;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode, request};
use std::sync::atomic::Ordering;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminPaths {
    /// Whether the process is alive: 200 as long as it answers.
    pub health: String,
    /// Whether requests should be sent here: 503 until the schema, the keys of tokens and the bridge's own credentials
    /// are known, and while it ends.
    pub ready: String,
    /// The figures as Prometheus reads them.
    pub metrics: String,
}

impl Default for AdminPaths {
    fn default() -> AdminPaths {
        AdminPaths {
            health: "/healthz".to_owned(),
            ready: "/readyz".to_owned(),
            metrics: "/metrics".to_owned(),
        }
    }
}

impl AdminPaths {
    /// The answer, when the request is for one of them.
    pub(crate) fn answer(&self, bridge: &Bridge, head: &request::Parts) -> Option<Response<Body>> {
        let path = head.uri.path();
        let life = &bridge.shared.life;
        let (status, media, text) = if path == self.health {
            (StatusCode::OK, "text/plain", "alive\n".to_owned())
        } else if path == self.ready {
            match bridge.waits_for() {
                None if life.lost.load(Ordering::Relaxed) => {
                    (StatusCode::OK, "text/plain", "ready, but the upstream is gone\n".to_owned())
                }
                None => (StatusCode::OK, "text/plain", "ready\n".to_owned()),
                Some(what) => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{what}\n")),
            }
        } else if path == self.metrics {
            let (ready, sockets) = (bridge.waits_for().is_none(), bridge.socket_counts());
            (StatusCode::OK, MEDIA_TYPE, bridge.shared.observe.text(life, ready, &sockets))
        } else {
            return None;
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if head.method != Method::GET && head.method != Method::HEAD {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            *response.body_mut() = Body::empty();
            return Some(response);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(response)
    }
}
