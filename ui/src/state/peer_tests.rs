use super::*;
use wirelab_model::{CallKind, CallSpec, Compression, Endpoint, Timings, Totals, Transport};

const NOW_MS: i64 = 1_795_305_600_000; // 22 November 2026, 00:00 UTC

fn certificate(subject: &str, from_days: i64, to_days: i64) -> CertificateInfo {
    let now = NOW_MS / 1_000;
    CertificateInfo {
        subject: subject.into(),
        issuer: "CN=Own CA,O=Shop".into(),
        names: vec!["shop.example".into(), "10.0.0.1".into()],
        not_before_unix_s: now + from_days * 86_400,
        not_after_unix_s: now + to_days * 86_400,
        serial: "01".into(),
        sha256: "ab".into(),
    }
}

fn told(facts: &[Fact]) -> Vec<String> {
    facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect()
}

#[test]
fn says_who_served_a_call_and_how() {
    let record = CallRecord {
        spec: CallSpec {
            endpoint: Endpoint { transport: Transport::GrpcWeb, ..Endpoint::default() },
            compression: Some(Compression::Gzip),
            ..CallSpec::default()
        },
        peer: Some("10.0.0.1:1".into()),
        resolved: vec!["10.0.0.1:1".into(), "10.0.0.2:1".into()],
        attempts: vec![wirelab_model::Attempt::default()],
        rtt_ns: Some(300_000),
        auth: Some("bearer".into()),
        sent_compressed: Some(50),
        received_compressed: Some(9),
        totals: Totals {
            sent_bytes: 200,
            received_bytes: 12,
            wire_sent: Some(400),
            wire_received: Some(90),
            ..Totals::default()
        },
        ..CallRecord::default()
    };
    assert_eq!(
        told(&facts(&record)),
        [
            "served by: 10.0.0.1:1",
            "connection: cold",
            "instances: 2: 10.0.0.1:1, 10.0.0.2:1",
            "attempts: 2",
            "transport: gRPC-Web",
            "round trip: 300 µs",
            "credentials: bearer",
            "requests: 50 B gzip, 200 B plain (25 %)",
            "responses: 9 B compressed, 12 B plain (75 %)",
            "on the wire: 400 B up, 90 B down",
        ]
    );
    assert_eq!(told(&facts(&CallRecord::default())), ["transport: gRPC"]);
    let connection = |reused, cold| {
        let record = CallRecord {
            peer: Some("a:1".into()),
            resolved: vec!["a:1".into()],
            timings: Timings { reused, ..Timings::default() },
            spec: CallSpec { cold, ..CallSpec::default() },
            ..CallRecord::default()
        };
        told(&facts(&record))[1].clone()
    };
    assert_eq!(connection(true, false), "connection: warm");
    assert_eq!(connection(false, true), "connection: cold, as asked for");
}

#[test]
fn json_is_told_beside_protobuf() {
    let endpoint = Endpoint { transport: Transport::Rest, ..Endpoint::default() };
    let record = CallRecord {
        spec: CallSpec { endpoint, ..CallSpec::default() },
        sent_compressed: Some(20),
        received_compressed: Some(164),
        totals: Totals { sent_bytes: 12, received_bytes: 52, ..Totals::default() },
        ..CallRecord::default()
    };
    assert_eq!(
        told(&facts(&record)),
        [
            "transport: REST",
            "requests: 20 B as they travelled, 12 B as Protobuf",
            "responses: 164 B as they travelled, 52 B as Protobuf"
        ]
    );
}

#[test]
fn says_what_request_carried_a_call() {
    let record = |transport, kind| CallRecord {
        spec: CallSpec {
            endpoint: Endpoint { transport, ..Endpoint::default() },
            method: "a.B/C".into(),
            kind,
            ..CallSpec::default()
        },
        peer: Some("h:1".into()),
        ..CallRecord::default()
    };
    let (unary, stream) = (CallKind::Unary, CallKind::Bidi);
    for (transport, kind, media) in [
        (Transport::Grpc, unary, "application/grpc+proto"),
        (Transport::GrpcWebText, stream, "application/grpc-web-text+proto"),
        (Transport::Connect, unary, "application/proto"),
        (Transport::ConnectJson, stream, "application/connect+json"),
    ] {
        let carried = carried(&record(transport, kind)).unwrap();
        assert_eq!(carried.line, "POST http://h:1/a.B/C", "{transport:?}");
        assert_eq!(carried.headers, [("content-type".to_owned(), media.to_owned())]);
    }
    // A bridge tells what it was; before that, and before a connection, nothing is known.
    assert_eq!(carried(&record(Transport::Rest, unary)), None);
    assert_eq!(carried(&CallRecord::default()), None);
    let mut told = record(Transport::Rest, unary);
    told.request = Some(wirelab_model::HttpRequest {
        verb: "PUT".into(),
        url: "http://h:1/v1/x".into(),
        headers: vec![("te".into(), "trailers".into())],
        body: Some("{\"a\":1}".into()),
    });
    let carried = carried(&told).unwrap();
    assert_eq!(carried.line, "PUT http://h:1/v1/x");
    assert_eq!(carried.body.as_deref(), Some("{\n  \"a\": 1\n}"));
}

#[test]
fn tells_what_tls_agreed_on() {
    let tls = TlsInfo {
        version: "TLSv1_3".into(),
        cipher: "TLS13_AES_256_GCM_SHA384".into(),
        alpn: String::new(),
        server_name: "shop.example".into(),
        client_certificate: true,
        ..TlsInfo::default()
    };
    assert_eq!(
        told(&tls_facts(&tls)),
        [
            "version: TLS 1.3",
            "cipher: TLS13_AES_256_GCM_SHA384",
            "ALPN: none",
            "name: shop.example",
            "client: certificate sent",
        ]
    );
}

#[test]
fn what_is_unsafe_now_is_loud_and_what_will_end_is_not() {
    let good = certificate("CN=shop.example,O=Shop", -10, 300);
    let soon = certificate("CN=shop.example", -10, 12);
    let ended = certificate("CN=shop.example", -10, -2);
    for (insecure, chain, expected) in [
        (false, vec![good.clone()], vec![]),
        (true, vec![good], vec![("was not verified", true)]),
        (false, vec![soon.clone()], vec![("expires in 12 days", false)]),
        (true, vec![soon], vec![("was not verified", true), ("expires in 12 days", false)]),
        (false, vec![ended], vec![("expired on 2026-11-20", true)]),
    ] {
        let warned = warnings(&TlsInfo { insecure, chain, ..TlsInfo::default() }, NOW_MS);
        assert_eq!(warned.len(), expected.len(), "{warned:?}");
        for (warning, (words, loud)) in warned.iter().zip(expected) {
            assert!(warning.text.contains(words) && warning.loud == loud, "{warning:?}");
        }
    }
    for (from, to, words, class) in [
        (-10, 300, "expires in 300 days", "good"),
        (-10, 1, "expires in 1 day", "warn"),
        (-10, -2, "expired 2 days ago", "bad"),
        (-10, 0, "expired less than a day ago", "bad"),
        (3, 90, "is not valid for 3 days yet", "bad"),
    ] {
        let one = certificate("CN=a", from, to);
        assert_eq!(left(&one, NOW_MS), (words.to_owned(), class));
    }
}

#[test]
fn a_chain_is_short_with_all_of_it_at_hand() {
    let mut own = certificate("O=Shop,CN=Own CA", -10, 300);
    own.issuer = own.subject.clone();
    let tls = TlsInfo {
        chain: vec![certificate("CN=shop.example", -10, 12), own, CertificateInfo::default()],
        ..TlsInfo::default()
    };
    let chain = chain(&tls, NOW_MS);
    let short: Vec<_> =
        chain.iter().map(|c| (c.subject.as_str(), c.issuer.as_str(), c.class)).collect();
    assert_eq!(
        short,
        [
            ("shop.example", "Own CA", "warn"),
            ("Own CA", "itself", "good"),
            ("not readable", "itself", "bad"),
        ]
    );
    assert_eq!(chain[0].until, "4 Dec 2026");
    let details = told(&chain[0].details);
    assert!(details.contains(&"names: shop.example, 10.0.0.1".to_owned()), "{details:?}");
}
