//! The access log: one event for each call or refusal. Neither payloads nor queries nor credentials are in it.

use super::text::code_name;
use super::watch::{Asked, Permit};
use crate::face::Face;
use crate::refusal::NoCall;
use http::StatusCode;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Where the events go: to be switched on and off apart from the rest.
pub const ACCESS_LOG: &str = "wirelab_bridge::access";

/// As much of a path as is told, bytes.
const PATH_BYTES: usize = 256;

pub(super) fn call(permit: &Permit, code: u32, took: Duration) {
    let counts = &permit.counts;
    let trace = permit.spans.as_ref().map(|spans| format!("{:032x}", spans.trace));
    tracing::info!(
        target: "wirelab_bridge::access",
        method = %permit.path,
        face = permit.face.name(),
        client = permit.client.ip.map(tracing::field::display),
        subject = permit.client.name.as_deref(),
        code = code_name(code as usize),
        duration_ms = took.as_secs_f64() * 1e3,
        request_messages = counts.request_messages.load(Relaxed),
        request_bytes = counts.request_bytes.load(Relaxed),
        response_messages = counts.response_messages.load(Relaxed),
        response_bytes = counts.response_bytes.load(Relaxed),
        trace,
        "call"
    );
}

/// A request that became no call. Its path is told only where it is for no method that is known: elsewhere it holds what
/// becomes a message.
pub(super) fn refused(asked: &Asked, face: Face, http: StatusCode, no_call: &NoCall) {
    let path =
        no_call.method.is_none().then(|| asked.path.get(..PATH_BYTES).unwrap_or(&asked.path));
    tracing::info!(
        target: "wirelab_bridge::access",
        method = no_call.method.as_deref(),
        verb = asked.verb.as_str(),
        path,
        face = face.name(),
        client = asked.client.ip.map(tracing::field::display),
        code = no_call.code.map(|code| code_name(code as usize)),
        http = http.as_u16(),
        "refused"
    );
}
