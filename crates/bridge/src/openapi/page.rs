//! `/openapi.json`, and `/docs`: a page of our own that renders it and calls what it shows, with nothing from elsewhere.

use super::document;
use crate::bridge::Arrival;
use crate::rules::Found;
use axum::body::Body;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Response};

/// Where the document is.
pub(crate) const DOCUMENT: &str = "/openapi.json";
/// Where the page is.
pub(crate) const PAGE: &str = "/docs";

/// What the page may do: run its own script, wear its own styles and ask where it came from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
struct File {
    path: &'static str,
    media: &'static str,
    text: &'static str,
}

const FILES: &[File] = &[
    File { path: PAGE, media: "text/html; charset=utf-8", text: include_str!("page/docs.html") },
    File {
        path: "/docs/docs.js",
        media: "text/javascript; charset=utf-8",
        text: include_str!("page/docs.js"),
    },
    File {
        path: "/docs/try.js",
        media: "text/javascript; charset=utf-8",
        text: include_str!("page/try.js"),
    },
    File {
        path: "/docs/docs.css",
        media: "text/css; charset=utf-8",
        text: concat!(
            include_str!("../../../../ui/styles/tokens.css"),
            include_str!("page/docs.css")
        ),
    },
];

/// The answer when a request is for the document or the page, they are served and no rule has their place.
pub(crate) fn answer(arrival: &Arrival) -> Option<Response<Body>> {
    let options = &arrival.shared.options.open_api;
    let path = arrival.head.uri.path();
    let asks = path == DOCUMENT || path.starts_with(PAGE);
    if !options.serve || !asks || !matches!(arrival.head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let file = FILES.iter().find(|file| file.path == path);
    if file.is_none() && path != DOCUMENT {
        return None;
    }
    if matches!(arrival.loaded.routes.find(&arrival.head.method, path), Found::Route { .. }) {
        return None;
    }
    let (media, content) = match file {
        Some(file) => (file.media, Bytes::from_static(file.text.as_bytes())),
        None => {
            let made = || {
                let state = arrival.shared.admission.state();
                Bytes::from(document(&arrival.loaded, options, &state).to_string())
            };
            ("application/json", arrival.loaded.open_api.get_or_init(made).clone())
        }
    };
    // A server takes the body off the answer to HEAD.
    let mut response = Response::new(Body::from(content));
    for (name, value) in [
        (CONTENT_TYPE, media),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}
