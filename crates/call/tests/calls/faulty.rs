//! Every way in which servers fail, in one table: what the call ends with, what was received until then, and what
//! people are told.

use crate::raw::{After, data, frame, go_away, headers, reset, says, settings, trailers};
use crate::support::*;
use std::fmt::Write as _;
use wirelab_call::Client;
use wirelab_model::{CallKind, CallSpec, Compression, Tls};

/// A message limit that is easily passed, bytes.
const LIMIT: u64 = 4096;
/// Long enough for what comes before the silence, however slow the machine.
const DEADLINE_MS: u64 = 600;

enum Fault {
    /// Bytes below HTTP/2.
    Raw(Vec<u8>, After),
    /// What a proper HTTP/2 server answers.
    Answer(fn(&mut Reply)),
}
use Fault::{Answer, Raw};

struct Case {
    name: String,
    fault: Fault,
    change: fn(&mut CallSpec),
}

/// A fault and what it is called.
fn case(name: impl Into<String>, fault: Fault) -> Case {
    Case { name: name.into(), fault, change: |_| {} }
}

fn with(name: &str, change: fn(&mut CallSpec), fault: Fault) -> Case {
    Case { change, ..case(name, fault) }
}

/// The frames of an answer after the server's settings.
fn frames(frames: &[Vec<u8>]) -> Vec<u8> {
    [vec![settings()], frames.to_vec()].concat().concat()
}

fn deadline(spec: &mut CallSpec) {
    spec.deadline_ms = Some(DEADLINE_MS);
}

fn in_plaintext() -> Vec<Case> {
    use After::Close;
    let said = |word: &[u8]| Raw(word.to_vec(), Close);
    vec![
        case("the connection is closed at once", said(b"")),
        case("the connection is reset at once", Raw(Vec::new(), After::Reset)),
        case("HTTP/1.1", said(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")),
        case(
            "a plaintext request to an HTTPS server",
            said(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"),
        ),
        case("a TLS alert", said(&[0x15, 0x03, 0x03, 0, 2, 2, 70])),
        case("another protocol", said(b"SSH-2.0-OpenSSH_9.2\r\n")),
        with("half-open TCP", deadline, Raw(Vec::new(), After::Silence)),
        with("TLS to plaintext", |spec| spec.endpoint.tls = Tls::System, Answer(|_| {})),
        with(
            "TLS to HTTP/1.1",
            |spec| spec.endpoint.tls = Tls::System,
            said(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
    ]
}

fn connections() -> Vec<Case> {
    use After::{Close, Silence};
    let message = || data(&framed(0, b"one"));
    vec![
        case("GOAWAY before the call was looked at", Raw(frames(&[go_away(0, 0, "")]), Close)),
        case(
            "GOAWAY, and the call is still answered",
            Raw(frames(&[go_away(1, 0, ""), headers(), message(), trailers()]), Close),
        ),
        case(
            "GOAWAY in mid-stream",
            Raw(frames(&[headers(), message(), go_away(1, 0, "max_age")]), Close),
        ),
        case("GOAWAY for too many pings", Raw(frames(&[go_away(1, 11, "too_many_pings")]), Close)),
        case("GOAWAY for too many calls", Raw(frames(&[go_away(0, 11, "")]), Close)),
        case(
            "GOAWAY with an error and a reason",
            Raw(frames(&[go_away(0, 2, "out of memory")]), Close),
        ),
        case("GOAWAY with a broken rule", Raw(frames(&[go_away(0, 1, "")]), Close)),
        case("GOAWAY with an unknown code", Raw(frames(&[go_away(0, 0x42, "")]), Close)),
        case("GOAWAY that wants HTTP/1.1", Raw(frames(&[go_away(0, 13, "")]), Close)),
        case("GOAWAY that wants security", Raw(frames(&[go_away(0, 12, "")]), Close)),
        case("death after the settings", Raw(frames(&[]), Close)),
        case("death in mid-stream", Raw(frames(&[headers(), message(), message()]), Close)),
        case("reset in mid-stream", Raw(frames(&[headers(), message()]), After::Reset)),
        case(
            "death in the middle of a message",
            Raw(frames(&[headers(), message(), data(&framed(0, b"seven")[..7])]), Close),
        ),
        case(
            "death in the middle of a frame",
            Raw(frames(&[headers(), message()[..6].to_vec()]), Close),
        ),
        case(
            "a frame larger than HTTP/2 allows",
            Raw(frames(&[vec![0xff, 0xff, 0xff, 1, 4, 0, 0, 0, 1]]), Silence),
        ),
        case("a frame that HTTP/2 forbids", Raw(frames(&[frame(0, 0, 0, b"x")]), Silence)),
        case("headers that are no HPACK", Raw(frames(&[frame(1, 4, 1, &[0xff; 8])]), Silence)),
        with("silence", deadline, Raw(frames(&[]), Silence)),
        with("silence after headers", deadline, Raw(frames(&[headers()]), Silence)),
        with(
            "silence after two messages",
            deadline,
            Raw(frames(&[headers(), message(), message()]), Silence),
        ),
    ]
}

/// RST_STREAM with every code that HTTP/2 defines, and one that it does not.
fn resets() -> Vec<Case> {
    let mut cases: Vec<Case> = (0..=0xd)
        .chain([0x42])
        .map(|code| {
            let fault = match code {
                // It is tried again on the same connection, where a server has to say so again.
                7 => Answer(|r| r.reset(h2::Reason::REFUSED_STREAM)),
                code => Raw(frames(&[reset(code)]), After::Silence),
            };
            case(format!("RST_STREAM {code:#x}"), fault)
        })
        .collect();
    let later = frames(&[headers(), data(&framed(0, b"one")), reset(2)]);
    cases.push(case("RST_STREAM in mid-stream", Raw(later, After::Silence)));
    cases
}

fn statuses() -> Vec<Case> {
    fn ended(reply: &mut Reply, pairs: &[(&'static str, &'static str)]) {
        reply.open();
        reply.message(b"one");
        reply.trailers(pairs);
    }
    vec![
        case(
            "trailers only",
            Answer(|r| r.head(200, &[("grpc-status", "5"), ("grpc-message", "no%20such")], true)),
        ),
        case(
            "missing trailers",
            Answer(|r| {
                r.open();
                r.data(framed(0, b"one"), true);
            }),
        ),
        case("missing status", Answer(|r| ended(r, &[("a", "b")]))),
        case("unknown status", Answer(|r| ended(r, &[("grpc-status", "4242")]))),
        case("status that is no number", Answer(|r| ended(r, &[("grpc-status", "fine")]))),
        case("status that is negative", Answer(|r| ended(r, &[("grpc-status", "-1")]))),
        case("status without a number", Answer(|r| ended(r, &[("grpc-status", "")]))),
        case(
            "message that is badly escaped",
            Answer(|r| ended(r, &[("grpc-status", "13"), ("grpc-message", "100% %zz %ff")])),
        ),
        case(
            "HTTP 502",
            Answer(|r| {
                r.head(502, &[("content-type", "text/plain")], false);
                r.data("upstream\n  is down".into(), true);
            }),
        ),
        case("HTTP 401", Answer(|r| r.head(401, &[], true))),
        case("HTTP 404", Answer(|r| r.head(404, &[], true))),
        case("HTTP 431", Answer(|r| r.head(431, &[], true))),
        case(
            "a page",
            Answer(|r| {
                r.head(200, &[("content-type", "text/html")], false);
                r.data("<h1>Hello</h1>".into(), true);
            }),
        ),
        case("no content type", Answer(|r| r.head(200, &[], true))),
        case("headers too large", Answer(|r| r.big_headers())),
        case(
            "trailers too large",
            Answer(|r| {
                r.open();
                r.message(b"one");
                r.big_trailers();
            }),
        ),
    ]
}

fn messages() -> Vec<Case> {
    const GRPC: (&str, &str) = ("content-type", "application/grpc");
    /// Says that messages are compressed as gzip.
    fn gzip(reply: &mut Reply) {
        reply.head(200, &[GRPC, ("grpc-encoding", "gzip")], false);
    }
    vec![
        case(
            "message over the limit",
            Answer(|r| {
                r.open();
                r.message(b"one");
                r.message(&[0; LIMIT as usize + 1]);
            }),
        ),
        case(
            "message that claims 4 GiB",
            Answer(|r| {
                r.open();
                r.data((&[0, 255, 255, 255, 255][..]).into(), false);
            }),
        ),
        with("request over the limit", |spec| spec.max_message_bytes = Some(2), Answer(|_| {})),
        case(
            "unknown encoding",
            Answer(|r| {
                r.head(200, &[GRPC, ("grpc-encoding", "br")], false);
                r.message(b"one");
                r.data(framed(1, b"two"), false);
            }),
        ),
        case(
            "flag without encoding",
            Answer(|r| {
                r.open();
                r.data(framed(1, b"one"), false);
            }),
        ),
        case(
            "corrupt gzip",
            Answer(|r| {
                gzip(r);
                r.data(framed(1, b"not gzip"), false);
            }),
        ),
        case(
            "gzip that is cut off",
            Answer(|r| {
                gzip(r);
                r.data(framed(1, &GZIP[..GZIP.len() - 4]), false);
            }),
        ),
        case(
            "gzip bomb",
            Answer(|r| {
                gzip(r);
                r.data(framed(1, &GZIP), false);
            }),
        ),
        case(
            "flag that gRPC does not have",
            Answer(|r| {
                r.open();
                r.data(framed(7, b"one"), false);
            }),
        ),
        case(
            "half a message",
            Answer(|r| {
                r.open();
                r.message(b"one");
                r.data(framed(0, b"abcdef").slice(..8), false);
                r.trailers(&[("grpc-status", "0")]);
            }),
        ),
        with("no message", |spec| spec.kind = CallKind::Unary, Answer(|r| r.all(&[], "0"))),
        with(
            "two messages",
            |spec| spec.kind = CallKind::Unary,
            Answer(|r| r.all(&[b"one", b"two"], "0")),
        ),
        with(
            "compression that the server does not know",
            |spec| spec.compression = Some(Compression::Zstd),
            Answer(|r| {
                r.head(200, &[("grpc-status", "12"), ("grpc-accept-encoding", "gzip")], true);
            }),
        ),
    ]
}

/// 8,192 zeros in gzip (RFC 1952), more than the limit allows.
const GZIP: [u8; 43] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 0xd, 0, 0, 0, 0xc2, 0xa0, 0xf7, 0x4f, 0x6d,
    0xe, 0x37, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x77, 3, 0x94, 0x99, 0xf4, 0xd8, 0, 0x20, 0, 0,
];

async fn told(case: &Case) -> String {
    let server = match &case.fault {
        Raw(word, after) => says(word.clone(), *after).await,
        Answer(answer) => {
            let answer = *answer;
            grpc(move |request, mut reply| async move {
                read(request).await;
                answer(&mut reply);
                // The rest of the call is the client's; the stream stays until it ends it.
                reply.held().await;
            })
            .await
        }
    };
    let mut spec = spec(&server.address, CallKind::ServerStream);
    spec.max_message_bytes = Some(LIMIT);
    (case.change)(&mut spec);
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    let mut out = format!("{}\n  {}\n", case.name, call.steps().replace("sent:3 half-closed ", ""));
    if let Some(problem) = &call.status().problem {
        let (kind, message) = (problem.kind, problem.message.replace(&server.address, "ADDR"));
        let help = problem.help.as_deref().expect("every fault says what to try");
        let _ = write!(out, "  {kind:?}: {message}\n  try: {help}\n");
    }
    out
}

/// Ends of calls and sentences.
#[tokio::test]
async fn every_fault_is_told() {
    for (name, cases) in [
        ("plaintext", in_plaintext()),
        ("connections", connections()),
        ("resets", resets()),
        ("statuses", statuses()),
        ("messages", messages()),
    ] {
        let told = futures_util::future::join_all(cases.iter().map(told)).await;
        insta::assert_snapshot!(name, told.join("\n"));
    }
}
