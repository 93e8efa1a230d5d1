//! What has to hold for bodies of REST: values taken out of them as they come, whatever they are compressed by.

use crate::coding::{Coding, pack};
use crate::echo::{Ask, End, LIMIT, METHODS, Told, json, wire};
use serde_json::Value;

const CODINGS: [Coding; 5] = [None, Some("gzip"), Some("br"), Some("zstd"), Some("deflate")];

/// Messages that are made of what is fuzzed, at most.
const MADE: usize = 16;

/// How much longer compressed messages are made, so that some pass the limit only when they are decompressed.
const STRETCH: usize = 40;

/// How values stand in a body.
const FORMS: [(&str, &str, &str, &str); 4] = [
    ("application/json", "[", ",", "]"),
    ("application/json", " [ ", " ,\n", "\t] "),
    ("application/json", "", "", ""),
    ("application/x-ndjson", "", "\n", "\n"),
];

/// The first two bytes say how the rest is to be read, the third how it is cut.
pub fn bodies(data: &[u8]) {
    let &[how, by, cut, ref data @ ..] = data else { return };
    let (kind, made) = (usize::from(how & 3), how & 16 != 0);
    // Where one message is taken there is nothing between messages.
    let one = matches!(kind, 0 | 1);
    let (media, begin, between, end) = FORMS[if one { 2 } else { usize::from(how >> 2 & 3) }];
    // Two codings, the first of which is applied first.
    let codings = [by & 15, by >> 4].map(|at| CODINGS[usize::from(at) % CODINGS.len()]);
    let stretch = if codings[0].is_some() { STRETCH } else { 1 };
    let texts: Vec<String> = data
        .split(|byte| *byte == 0)
        .take(if one { 1 } else { MADE })
        .map(|text| String::from_utf8_lossy(text).repeat(stretch))
        .collect();
    let (body, whole) = match made {
        false => (data.to_vec(), data.to_vec()),
        true => {
            let values: Vec<String> = texts
                .iter()
                .map(|text| String::from_utf8_lossy(&json(text)).into_owned())
                .collect();
            let body = format!("{begin}{}{end}", values.join(between)).into_bytes();
            let packed = codings.iter().fold(body.clone(), |body, coding| pack(*coding, &body));
            (packed, body)
        }
    };
    let coding: Vec<&str> = codings.into_iter().flatten().collect();
    let coding = coding.join(", ");
    let target = format!("/test.v1.Echo/{}", METHODS[kind]);
    let mut headers =
        vec![("content-type", media), ("accept", "application/x-ndjson, application/json;q=0.5")];
    if !coding.is_empty() {
        headers.push(("content-encoding", &coding));
    }
    let ask = Ask { method: "POST", target: &target, headers: &headers, end: End::default() };
    let (Some(at_once), Some(in_pieces)) =
        (ask.in_pieces(&body, body.len()), ask.in_pieces(&body, cut.into()))
    else {
        return;
    };
    if made || coding.is_empty() {
        assert_eq!(seen(&at_once), seen(&in_pieces), "in pieces of {cut} bytes");
    } else {
        // Of several faults in compressed data, which is found first depends on the pieces.
        assert_eq!(failed(&at_once), failed(&in_pieces), "in pieces of {cut} bytes");
    }
    if coding.is_empty() {
        assert_eq!(at_once.body, in_pieces.body, "in pieces of {cut} bytes");
    }
    let (lines, failed) = (lines(&at_once), failed(&at_once));
    if made {
        let wires: Vec<Vec<u8>> = texts.iter().map(|text| wire(text)).collect();
        let fit = match kind {
            0 | 1 => usize::from(whole.len() <= LIMIT),
            _ => texts.iter().take_while(|text| json(text).len() <= LIMIT).count(),
        };
        assert_eq!(at_once.asked, wires[..fit]);
        assert_eq!(failed, fit < wires.len());
    }
    if !failed {
        let given = if matches!(kind, 1 | 3) { at_once.asked.len() } else { 1 };
        assert_eq!(lines.len(), given);
    }
}

/// The values of an answer.
fn lines(told: &Told) -> Vec<Value> {
    let lines = serde_json::Deserializer::from_slice(&told.body).into_iter::<Value>();
    lines.map(|line| line.expect("JSON")).collect()
}

/// A failure is told: by the status, or as the last line.
fn failed(told: &Told) -> bool {
    told.http != 200 || lines(told).last().is_some_and(|line| line.get("error").is_some())
}

/// What may not depend on how a body is cut.
fn seen(told: &Told) -> (u16, Vec<Vec<u8>>, usize) {
    let asked = told.asked.iter().map(|message| message.to_vec()).collect();
    let lines = told.body.iter().filter(|byte| **byte == b'\n').count();
    (told.http.as_u16(), asked, lines)
}
