//! The access log: one event for each call or refusal. Neither payloads nor queries nor credentials are in it.

use super::text::code_name;
use super::watch::{Client, Permit};
use crate::face::Face;
use crate::refusal::Refusal;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Where the events go: to be switched on and off apart from the rest.
pub const ACCESS_LOG: &str = "wirelab_bridge::access";

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

pub(super) fn refused(method: &str, face: Face, client: &Client, refusal: &Refusal) {
    tracing::info!(
        target: "wirelab_bridge::access",
        method,
        face = face.name(),
        client = client.ip.map(tracing::field::display),
        code = code_name(refusal.status.code as usize),
        http = refusal.http.as_u16(),
        "refused"
    );
}
