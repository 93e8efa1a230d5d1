//! What went on inside a call, for `-vv`: instances, attempts, TLS, phases and bytes.

use wirelab_model::{Attempt, CallRecord, TlsInfo};

/// One line for each thing that is known.
pub fn notes(record: &CallRecord) -> Vec<String> {
    let mut notes = Vec::new();
    if !record.resolved.is_empty() {
        notes.push(format!("resolved to {}", record.resolved.join(", ")));
    }
    notes.extend(record.attempts.iter().map(attempt));
    notes.extend(record.tls.iter().flat_map(tls));
    let t = &record.timings;
    if t.reused {
        notes.push("an open connection was used".to_owned());
    }
    let phases = [
        ("resolve", t.resolve_ns),
        ("connect", t.connect_ns),
        ("TLS", t.tls_ns),
        ("send", t.send_ns),
        ("wait", t.wait_ns),
        ("receive", t.receive_ns),
        ("trailers", t.trailers_ns),
    ];
    notes.extend(times("phases", &phases));
    notes.extend(times("headers", &[("came after", t.headers_at_ns)]));
    notes.extend(times("beside the call", &[("encode", t.encode_ns), ("decode", t.decode_ns)]));
    notes.extend(times("ping", &[("round trip", record.rtt_ns)]));
    let totals = &record.totals;
    for (way, messages, compressed, wire) in [
        ("sent", totals.sent_bytes, record.sent_compressed, totals.wire_sent),
        ("received", totals.received_bytes, record.received_compressed, totals.wire_received),
    ] {
        let mut note = format!("{way}: {messages} B of messages");
        if let Some(compressed) = compressed {
            note += &format!(", {compressed} B compressed");
        }
        if let Some(wire) = wire {
            note += &format!(", {wire} B on the connection with headers and framing");
        }
        notes.push(note);
    }
    notes
}

fn times(what: &str, parts: &[(&str, Option<u64>)]) -> Option<String> {
    let parts: Vec<String> =
        parts.iter().filter_map(|(name, ns)| Some(format!("{name} {}", millis((*ns)?)))).collect();
    (!parts.is_empty()).then(|| format!("{what}: {}", parts.join(", ")))
}

/// Milliseconds for people.
fn millis(ns: u64) -> String {
    format!("{:.3} ms", ns as f64 / 1e6)
}

fn attempt(attempt: &Attempt) -> String {
    let Attempt { number, instance, ended_at_ns, status, backoff_ns } = attempt;
    format!(
        "attempt {number} at {} ended after {} with {}: {}; the next one {} later",
        instance.as_deref().unwrap_or("no instance"),
        millis(*ended_at_ns),
        status.name(),
        status.message,
        millis(*backoff_ns),
    )
}

fn tls(tls: &TlsInfo) -> Vec<String> {
    let mut first = format!("{} with {}", tls.version, tls.cipher);
    if !tls.alpn.is_empty() {
        first += &format!(", {}", tls.alpn);
    }
    if !tls.server_name.is_empty() {
        first += &format!(", for the name {}", tls.server_name);
    }
    if tls.client_certificate {
        first += ", with a client certificate";
    }
    if tls.insecure {
        first += ", NOT VERIFIED";
    }
    let chain = tls.chain.iter().map(|certificate| {
        format!("certificate {}, signed by {}", certificate.subject, certificate.issuer)
    });
    [first].into_iter().chain(chain).collect()
}
