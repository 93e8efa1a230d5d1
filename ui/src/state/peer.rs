//! Who served a call and by which connection: facts with labels, what TLS agreed on, and the peer's chain.
//!
//! Owns the wording and the warnings. Knows no screen and no clock; now is given.

use super::when;
use wirelab_chart::format;
use wirelab_model::{
    CallKind, CallRecord, CertificateInfo, EXPIRY_WARNING_DAYS, Problem, TlsInfo, Transport,
};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub label: &'static str,
    /// Which.
    pub value: String,
    /// More about it.
    pub title: String,
}

/// Something to be careful of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A sentence.
    pub text: String,
    /// Whether it is unsafe now rather than soon.
    pub loud: bool,
}

/// A certificate of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `shop.example`, or the whole name where it has no common name.
    pub subject: String,
    /// Who signed it, as short.
    pub issuer: String,
    /// `21 Nov 2026`.
    pub until: String,
    /// `expires in 12 days`.
    pub left: String,
    /// The class that colours `left`: `good`, `warn` or `bad`.
    pub class: &'static str,
    /// Names, serial number and fingerprint, in full.
    pub details: Vec<Fact>,
}

/// What is known of how a call was served.
pub fn facts(record: &CallRecord) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |label, value: String, title: &str| {
        facts.push(Fact { label, value, title: title.to_owned() });
    };
    let spec = &record.spec;
    let endpoint = &spec.endpoint;
    if let Some(peer) = &record.peer {
        fact("served by", peer.clone(), "The instance that answered");
        let (word, title) = match (record.timings.reused, spec.cold) {
            (true, _) => ("warm", "An open connection served the call"),
            (false, true) => ("cold, as asked for", "A connection was made for this call alone"),
            (false, false) => ("cold", "The connection was made for this call and stays open"),
        };
        fact("connection", word.to_owned(), title);
    }
    if record.resolved.len() > 1 || record.resolved.first() != record.peer.as_ref() {
        let all = record.resolved.join(", ");
        let title = "What the address resolved to in this call, in the order tried";
        if !all.is_empty() {
            fact("instances", format!("{}: {all}", record.resolved.len()), title);
        }
    }
    if !record.attempts.is_empty() {
        let tries = record.attempts.len() + 1;
        fact("attempts", tries.to_string(), "The failed ones are in Where the time went");
    }
    fact("transport", endpoint.transport.name().to_owned(), "The protocol that carried the call");
    if let Some(ns) = record.rtt_ns {
        fact("round trip", format::ns(ns), "Of the last HTTP/2 ping on this connection");
    }
    if let Some(name) = &record.auth {
        fact("credentials", name.clone(), "Which sort; they themselves are not kept");
    }
    // What travels as JSON is told beside Protobuf, not as a sort of compression.
    let json = endpoint.transport.carries_json();
    let packed = |compressed: Option<u64>, plain: u64, how: &str| {
        compressed.map(|bytes| {
            if json {
                let (bytes, plain) = (format::bytes(bytes), format::bytes(plain));
                return format!("{bytes} as they travelled, {plain} as Protobuf");
            }
            let part = if plain > 0 { bytes as f64 * 100.0 / plain as f64 } else { 100.0 };
            let (packed, plain) = (format::bytes(bytes), format::bytes(plain));
            format!("{packed} {how}, {plain} plain ({part:.0} %)")
        })
    };
    let how = spec.compression.map_or("compressed", |c| c.name());
    let totals = &record.totals;
    if let Some(text) = packed(record.sent_compressed, totals.sent_bytes, how) {
        fact("requests", text, "As they went, and as Protobuf");
    }
    if let Some(text) = packed(record.received_compressed, totals.received_bytes, "compressed") {
        fact("responses", text, "As they came, and as Protobuf");
    }
    if let Some(bytes) = totals.wire_sent.zip(totals.wire_received) {
        let text = format!("{} up, {} down", format::bytes(bytes.0), format::bytes(bytes.1));
        fact("on the wire", text, "Bytes on the connection, framing and headers included");
    }
    facts
}

/// The HTTP request that carried a call: its first line, its headers and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// `GET http://127.0.0.1:8080/v1/stock/KB-204-EU`
    pub line: String,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// Pretty where it is JSON and whole.
    pub body: Option<String>,
}

/// The HTTP request that carried a call. What the protocol prescribes is told where the transport tells nothing.
pub fn carried(record: &CallRecord) -> Option<Carried> {
    let peer = record.peer.as_ref()?;
    if let Some(request) = &record.request {
        let pretty = |body: &String| match super::json::parse(body) {
            Ok(value) => super::json::pretty(&value),
            Err(_) => body.clone(),
        };
        return Some(Carried {
            line: format!("{} {}", request.verb, request.url),
            headers: request.headers.clone(),
            body: request.body.as_ref().map(pretty),
        });
    }
    let unary = record.spec.kind == CallKind::Unary;
    let media = match record.spec.endpoint.transport {
        Transport::Grpc => "application/grpc+proto",
        Transport::GrpcWeb => "application/grpc-web+proto",
        Transport::GrpcWebText => "application/grpc-web-text+proto",
        Transport::Connect if unary => "application/proto",
        Transport::Connect => "application/connect+proto",
        Transport::ConnectJson if unary => "application/json",
        Transport::ConnectJson => "application/connect+json",
        Transport::Rest | Transport::WebSocket => return None,
    };
    let scheme = if record.tls.is_some() { "https" } else { "http" };
    Some(Carried {
        line: format!("POST {scheme}://{peer}/{}", record.spec.method),
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: None,
    })
}

/// What TLS agreed on.
pub fn tls_facts(tls: &TlsInfo) -> Vec<Fact> {
    let fact = |label, value: &str, title: &str| Fact {
        label,
        value: value.to_owned(),
        title: title.to_owned(),
    };
    let mut facts = vec![
        fact("version", &version(&tls.version), "What both sides agreed on"),
        fact("cipher", &tls.cipher, "The cipher suite"),
        fact(
            "ALPN",
            if tls.alpn.is_empty() { "none" } else { &tls.alpn },
            "The protocol chosen in the handshake",
        ),
    ];
    if !tls.server_name.is_empty() {
        facts.push(fact("name", &tls.server_name, "The name that was asked for and verified"));
    }
    if tls.client_certificate {
        facts.push(fact("client", "certificate sent", "The server asked for one"));
    }
    facts
}

/// `TLS 1.3` for `TLSv1.3` and `TLSv1_3`.
fn version(name: &str) -> String {
    name.replace("TLSv", "TLS ").replace('_', ".")
}

/// What to be careful of, verification that is off first.
pub fn warnings(tls: &TlsInfo, now_unix_ms: i64) -> Vec<Warning> {
    let now = now_unix_ms.div_euclid(1_000);
    let ended = tls.chain.iter().any(|one| one.not_after_unix_s < now);
    let warning = |(at, problem): (usize, Problem)| Warning {
        text: match problem.help {
            Some(help) => format!("{}; {help}", problem.message),
            None => problem.message,
        },
        loud: if tls.insecure && at == 0 { true } else { ended },
    };
    tls.warnings(now).into_iter().enumerate().map(warning).collect()
}

/// The chain, the server's own certificate first.
pub fn chain(tls: &TlsInfo, now_unix_ms: i64) -> Vec<Certificate> {
    let unread = "not readable".to_owned();
    let one = |one: &CertificateInfo| {
        let (left, class) = left(one, now_unix_ms);
        let utc = when::Now { unix_ms: now_unix_ms, offset_min: 0 };
        let day = |s: i64| when::day(s.saturating_mul(1_000), utc);
        let fact = |label, value: String, title: &str| Fact { label, value, title: title.into() };
        let details = [
            fact("subject", one.subject.clone(), "Distinguished name"),
            fact("issuer", one.issuer.clone(), "Distinguished name of who signed it"),
            fact("names", one.names.join(", "), "What it is for"),
            fact("valid from", day(one.not_before_unix_s), "UTC"),
            fact("valid until", day(one.not_after_unix_s), "UTC"),
            fact("serial", one.serial.clone(), ""),
            fact("SHA-256", one.sha256.clone(), "Of the whole certificate"),
        ];
        Certificate {
            subject: if one.subject.is_empty() {
                unread.clone()
            } else {
                common_name(&one.subject)
            },
            issuer: if one.issuer == one.subject {
                "itself".into()
            } else {
                common_name(&one.issuer)
            },
            until: day(one.not_after_unix_s),
            left,
            class,
            details: details.into_iter().filter(|fact| !fact.value.is_empty()).collect(),
        }
    };
    tls.chain.iter().map(one).collect()
}

/// When its validity ends, in words, and the class that colours it.
fn left(one: &CertificateInfo, now_unix_ms: i64) -> (String, &'static str) {
    let now = now_unix_ms.div_euclid(1_000);
    let days = |s: i64| match s / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{} days", format::count(days.unsigned_abs())),
    };
    if now < one.not_before_unix_s {
        (format!("is not valid for {} yet", days(one.not_before_unix_s - now)), "bad")
    } else if now >= one.not_after_unix_s {
        (format!("expired {} ago", days(now - one.not_after_unix_s)), "bad")
    } else {
        let left = one.not_after_unix_s - now;
        (
            format!("expires in {}", days(left)),
            if left <= EXPIRY_WARNING_DAYS * 86_400 { "warn" } else { "good" },
        )
    }
}

/// The common name of a distinguished name, or all of it.
fn common_name(name: &str) -> String {
    let parts = || name.split(',').map(str::trim);
    let found = parts().find_map(|part| part.strip_prefix("CN="));
    found.filter(|name| !name.is_empty()).unwrap_or(name).to_owned()
}

#[cfg(test)]
#[path = "peer_tests.rs"]
mod tests;
