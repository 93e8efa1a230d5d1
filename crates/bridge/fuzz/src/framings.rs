//! What has to hold for any body that is framed as gRPC frames its messages: gRPC itself, gRPC-Web, Connect's streams.

use crate::coding::{Coding, pack};
use crate::echo::{Ask, End, LIMIT, METHODS, Told, json, wire};
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;
use wirelab_model::{Metadatum, Status};

/// A protocol of such bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Grpc,
    GrpcWeb,
    GrpcWebText,
    Connect,
}

/// Messages that are made of what is fuzzed, at most.
const MADE: usize = 16;

/// How much longer compressed messages are made, so that some pass the limit only when they are decompressed.
const STRETCH: usize = 40;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a call came to, in any of the protocols.
#[derive(Debug, PartialEq)]
struct Outcome {
    http: u16,
    asked: Vec<Vec<u8>>,
    messages: Vec<Vec<u8>>,
    /// As the protocol writes it; empty where the answer is none of the protocol.
    code: String,
    message: String,
    /// Of the trailer `x-bin`.
    trailer: Option<Vec<u8>>,
}

/// The first byte says how the rest is to be read, the second how it is cut.
pub fn envelopes(framing: Framing, data: &[u8]) {
    let &[how, cut, ref data @ ..] = data else { return };
    let codings: [Coding; 4] = match framing {
        Framing::Connect => [None, Some("gzip"), Some("br"), Some("zstd")],
        _ => [None, Some("gzip"), Some("deflate"), Some("zstd")],
    };
    let (kind, is_json) = (usize::from(how & 3), how & 4 != 0);
    let (coding, made, fails) = (codings[usize::from(how >> 3 & 3)], how & 32 != 0, how & 64 != 0);
    let messages = made.then(|| Made::of(data, coding.is_some(), is_json));
    let frames = messages.as_ref().map(|made| made.frames(coding));
    let mut body = frames.unwrap_or_else(|| data.to_vec());
    if framing == Framing::GrpcWebText && made {
        // Several pieces, each padded by itself, as clients send what they have.
        let pieces = body.chunks(usize::from(cut).max(1) * 7);
        body = pieces.map(|piece| STANDARD.encode(piece)).collect::<String>().into_bytes();
    }
    let end = match fails {
        false => End::default(),
        true => End {
            status: Status {
                code: 1 + u32::from(how >> 3 & 15),
                message: String::from_utf8_lossy(data).into_owned(),
                ..Status::default()
            },
            trailers: vec![Metadatum::binary("x-bin", data.to_vec())],
        },
    };

    let target = format!("/test.v1.Echo/{}", METHODS[kind]);
    let media = media(framing, is_json);
    let mut headers = vec![("content-type", media.as_str())];
    let name =
        if framing == Framing::Connect { "connect-content-encoding" } else { "grpc-encoding" };
    headers.extend(coding.map(|coding| (name, coding)));
    let ask = Ask { method: "POST", target: &target, headers: &headers, end: end.clone() };
    let outcome = |cut| ask.in_pieces(&body, cut).map(|told| outcome(framing, told));
    let (Some(whole), Some(in_pieces)) = (outcome(body.len()), outcome(cut.into())) else { return };
    assert_eq!(whole, in_pieces, "in pieces of {cut} bytes");
    consistent(&whole, kind, is_json);
    if let Some(made) = messages {
        made.arrived(&whole, kind, &end, data);
    }
}

fn media(framing: Framing, is_json: bool) -> String {
    let form = if is_json { "json" } else { "proto" };
    match framing {
        Framing::Grpc => format!("application/grpc+{form}"),
        Framing::GrpcWeb => format!("application/grpc-web+{form}"),
        Framing::GrpcWebText => format!("application/grpc-web-text+{form}"),
        Framing::Connect => format!("application/connect+{form}"),
    }
}

/// Whether an outcome says one thing only.
fn consistent(outcome: &Outcome, kind: usize, is_json: bool) {
    let Outcome { http, asked, messages, code, .. } = outcome;
    if *http == 415 && kind == 0 {
        // Connect has no stream of one message each way.
        return;
    }
    assert_eq!(*http, 200);
    assert!(!code.is_empty(), "it ends with a status");
    let streams = matches!(kind, 1 | 3);
    let given = if streams { asked.len() } else { 1 };
    if !is_json && streams {
        assert_eq!(messages, asked);
    } else if code == "0" {
        assert_eq!(messages.len(), given);
    }
}

/// Messages that are sent as they have to be.
struct Made {
    /// As they are sent, with whether each is compressed where that is announced.
    sent: Vec<(Vec<u8>, bool)>,
    /// As the server has to get them.
    wires: Vec<Vec<u8>>,
}

impl Made {
    /// Zeros are between them.
    fn of(data: &[u8], coded: bool, is_json: bool) -> Made {
        let (mut sent, mut wires) = (Vec::new(), Vec::new());
        for message in data.split(|byte| *byte == 0).take(MADE) {
            let packed = coded && message.len() % 3 != 0;
            let message = if packed { message.repeat(STRETCH) } else { message.to_vec() };
            let text = String::from_utf8_lossy(&message);
            let (payload, wire) = if is_json {
                (json(&text), wire(&text))
            } else {
                (message.clone(), message.clone())
            };
            sent.push((payload, packed));
            wires.push(wire);
        }
        Made { sent, wires }
    }

    fn frames(&self, coding: Coding) -> Vec<u8> {
        let mut body = Vec::new();
        for (payload, packed) in &self.sent {
            let payload = pack(coding.filter(|_| *packed), payload);
            body.push(u8::from(*packed));
            body.extend((payload.len() as u32).to_be_bytes());
            body.extend(payload);
        }
        body
    }

    /// The server got all of them, or those before the one that is too long.
    fn arrived(&self, outcome: &Outcome, kind: usize, end: &End, data: &[u8]) {
        if outcome.http != 200 {
            return;
        }
        let fit = self.sent.iter().take_while(|(payload, _)| payload.len() <= LIMIT).count();
        let one = matches!(kind, 0 | 1);
        let (code, asked) = match (fit < self.sent.len(), one) {
            // Where one is taken, another one is told before it is looked at how long it is, or after.
            (true, true) => return assert!(outcome.asked.is_empty() && outcome.code != "0"),
            (false, true) if fit > 1 => (Some(12), &[][..]),
            (true, false) => (Some(8), &self.wires[..fit]),
            (false, _) => (None, &self.wires[..]),
        };
        assert_eq!(outcome.asked, asked);
        match code {
            Some(code) => assert!(is(&outcome.code, code), "{} instead of {code}", outcome.code),
            None => {
                assert!(is(&outcome.code, end.status.code), "{} {}", outcome.code, end.status.code);
                assert_eq!(outcome.message, end.status.message);
                let told = (end.status.code != 0).then_some(data);
                assert_eq!(outcome.trailer.as_deref(), told);
            }
        }
    }
}

/// Whether a code is this number, as gRPC or as Connect writes it.
fn is(code: &str, number: u32) -> bool {
    const NAMES: [&str; 17] = [
        "ok",
        "canceled",
        "unknown",
        "invalid_argument",
        "deadline_exceeded",
        "not_found",
        "already_exists",
        "permission_denied",
        "resource_exhausted",
        "failed_precondition",
        "aborted",
        "out_of_range",
        "unimplemented",
        "internal",
        "unavailable",
        "data_loss",
        "unauthenticated",
    ];
    code == number.to_string() || NAMES.get(number as usize).is_some_and(|name| *name == code)
}

fn outcome(framing: Framing, told: Told) -> Outcome {
    let Told { http, headers, body, trailers, asked } = told;
    let asked = asked.iter().map(|message| message.to_vec()).collect();
    let (code, message, trailer) = (String::new(), String::new(), None);
    let mut outcome =
        Outcome { http: http.as_u16(), asked, messages: Vec::new(), code, message, trailer };
    if http != 200 {
        return outcome;
    }
    let body = match framing {
        Framing::GrpcWebText => text(&body),
        _ => body,
    };
    let mut frames = frames(&body);
    let last = (framing != Framing::Grpc).then(|| frames.pop().expect("a last frame"));
    for (flag, message) in frames {
        assert_eq!(flag, 0, "nothing here is compressed");
        outcome.messages.push(message);
    }
    match (framing, last) {
        (Framing::Connect, Some((flag, end))) => {
            assert_eq!(flag, 2);
            let end: Value = serde_json::from_slice(&end).expect("JSON");
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            outcome.code = match &end["error"] {
                Value::Null => "0".to_owned(),
                error => text(&error["code"]),
            };
            outcome.message = text(&end["error"]["message"]);
            let trailer = end["metadata"]["x-bin"][0].as_str();
            outcome.trailer = trailer.map(|text| BASE64.decode(text).expect("base64"));
        }
        (_, Some((flag, lines))) => {
            assert_eq!(flag, 0x80);
            let lines = String::from_utf8(lines).expect("ASCII");
            assert!(lines.ends_with("\r\n"));
            let pairs = lines.split_terminator("\r\n").map(|line| {
                line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no header"))
            });
            ended(&mut outcome, &pairs.collect());
        }
        (_, None) => {
            let of = |headers: &HeaderMap| {
                let pair = |name: &http::HeaderName| {
                    let value = headers[name].to_str().expect("ASCII");
                    (name.as_str().to_owned(), value.to_owned())
                };
                headers.keys().map(pair).collect::<Vec<_>>()
            };
            // "Trailers-Only" has them in the head.
            let pairs = [of(&headers), of(&trailers)].concat();
            ended(&mut outcome, &pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect());
        }
    }
    outcome
}

fn ended(outcome: &mut Outcome, trailers: &BTreeMap<&str, &str>) {
    let text = |name: &str| trailers.get(name).copied().unwrap_or_default();
    outcome.code = text("grpc-status").to_owned();
    let message = percent_decode_str(text("grpc-message")).decode_utf8();
    outcome.message = message.expect("UTF-8").into_owned();
    outcome.trailer = trailers.get("x-bin").map(|text| BASE64.decode(text).expect("base64"));
}

/// Base64 in pieces, each padded by itself.
fn text(body: &[u8]) -> Vec<u8> {
    body.chunks(4).flat_map(|four| STANDARD.decode(four).expect("base64")).collect()
}

fn frames(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((&[flag, a, b, c, d], rest)) = body.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let (payload, rest) = rest.split_at_checked(length).expect("whole frames");
        frames.push((flag, payload.to_vec()));
        body = rest;
    }
    assert!(body.is_empty(), "whole frames");
    frames
}
