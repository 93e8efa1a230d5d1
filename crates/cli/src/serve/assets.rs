//! The screens: files of `ui/dist`, built into the program (read from there in a debug build).

use super::{Shared, api, guard};
use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use wirelab_model::{Problem, ProblemKind};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
#[allow_missing = true]
struct Dist;

/// What is shown when the program was built before its screens.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Wirelab</title>\
    <h1>The screens are not built</h1>\
    <p>This program was built without them. In the source folder run <code>cargo xtask studio</code>, \
    which builds and starts everything.</p></html>";

/// Serves a file, and turns the token of a first visit into a cookie.
pub async fn serve(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return api::wrong_method().await;
    }
    if let Some(token) = guard::token_of(&uri) {
        if !shared.guard.is_token(token) {
            return api::refuse(&guard::forbidden("the launch token is not the one of this start"));
        }
        let headers = [
            (header::SET_COOKIE, shared.guard.cookie()),
            (header::LOCATION, "/".to_owned()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        return (StatusCode::SEE_OTHER, headers).into_response();
    }
    match uri.path().trim_start_matches('/') {
        "" => file("index.html", &headers)
            .unwrap_or_else(|| (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()),
        path => file(path, &headers).unwrap_or_else(|| {
            api::refuse(&Problem::new(ProblemKind::NotFound, "there is nothing at this address"))
        }),
    }
}

/// A file, compressed when it was compressed beforehand and the client can take it.
fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts = |coding: &str| {
        accepted.is_some_and(|all| {
            all.split(',').any(|one| one.split(';').next().unwrap_or(one).trim() == coding)
        })
    };
    let compressed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, ending)| {
        accepts(coding).then(|| Dist::get(&format!("{path}.{ending}")))?.map(|file| (file, coding))
    });
    let (file, coding) = match compressed {
        Some((file, coding)) => (file, Some(coding)),
        None => (Dist::get(path)?, None),
    };
    Some(answer(path, file, coding, headers))
}

fn answer(path: &str, file: EmbeddedFile, coding: Option<&str>, headers: &HeaderMap) -> Response {
    let hash: String =
        file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    // Names stay the same from build to build, so the browser asks each time and mostly hears "not modified".
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(path))], file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = tag.parse() {
        headers.insert(header::ETAG, tag);
    }
    if let Some(coding) = coding.and_then(|coding| coding.parse().ok()) {
        headers.insert(header::CONTENT_ENCODING, coding);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        // Browsers compile it while it loads only with this type.
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
