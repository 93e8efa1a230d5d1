//! What has to hold for Connect's unary calls, whose messages are bodies or stand in the query.

use crate::coding::{Coding, pack};
use crate::echo::{Ask, End, LIMIT, Told, json, wire};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

const CODINGS: [Coding; 4] = [None, Some("gzip"), Some("br"), Some("zstd")];

/// As many bytes as an address may have.
const TARGET: usize = 60_000;

/// How much longer compressed messages are made, so that some pass the limit only when they are decompressed.
const STRETCH: usize = 40;

/// The first byte says how the rest is to be read, the second how it is cut.
pub fn unary(data: &[u8]) {
    let &[how, cut, ref data @ ..] = data else { return };
    let (coding, is_json, made) = (CODINGS[usize::from(how & 3)], how & 4 != 0, how & 8 != 0);
    let plain = if made && coding.is_some() { data.repeat(STRETCH) } else { data.to_vec() };
    let text = String::from_utf8_lossy(&plain);
    let (payload, wire) = match (made, is_json) {
        (false, _) => (data.to_vec(), Vec::new()),
        (true, true) => (json(&text), wire(&text)),
        (true, false) => (plain.clone(), plain.clone()),
    };
    let body = if made { pack(coding, &payload) } else { payload.clone() };
    match how & 16 {
        0 => post(&body, coding, is_json, cut),
        _ if made => get(&body, coding, is_json, how & 32 != 0),
        _ => {
            // Any query at all.
            let Ok(query) = std::str::from_utf8(data) else { return };
            let target = format!("/test.v1.Echo/Look?connect=v1&{query}");
            target.parse::<http::Uri>().ok().and_then(|_| asked(&target, b"", &[], 1))
        }
    }
    .into_iter()
    .for_each(|told| {
        let got = (told.http.as_u16(), told.asked.first().map(|message| message.to_vec()));
        // In a query only the message itself has a limit.
        let fits = payload.len() <= LIMIT && (how & 16 != 0 || body.len() <= LIMIT);
        match (made, fits) {
            (true, true) => assert_eq!(got, (200, Some(wire.clone()))),
            (true, false) => assert_eq!(got, (429, None)),
            (false, _) => assert_eq!(got.0 == 200, got.1.is_some()),
        }
        if got.0 == 200 && !is_json && how & 16 == 0 {
            assert_eq!(told.body, told.asked[0], "the answer is the message");
        }
    });
}

fn post(body: &[u8], coding: Coding, is_json: bool, cut: u8) -> Option<Told> {
    let media = if is_json { "application/json" } else { "application/proto" };
    let mut headers = vec![("content-type", media), ("connect-protocol-version", "1")];
    headers.extend(coding.map(|name| ("content-encoding", name)));
    let target = "/test.v1.Echo/Say";
    let whole = asked(target, body, &headers, body.len())?;
    let in_pieces = asked(target, body, &headers, cut.into())?;
    let seen = |told: &Told| (told.http, told.body.clone(), told.asked.clone());
    assert_eq!(seen(&whole), seen(&in_pieces), "in pieces of {cut} bytes");
    Some(whole)
}

fn get(message: &[u8], coding: Coding, is_json: bool, padded: bool) -> Option<Told> {
    let form = if is_json { "json" } else { "proto" };
    let message = match (is_json && coding.is_none(), padded) {
        (true, _) => percent_encode(message, NON_ALPHANUMERIC).to_string(),
        (false, true) => format!("{}&base64=1", URL_SAFE.encode(message)),
        (false, false) => format!("{}&base64=1", URL_SAFE_NO_PAD.encode(message)),
    };
    let coding = coding.map(|name| format!("&compression={name}")).unwrap_or_default();
    let target = format!("/test.v1.Echo/Look?connect=v1&encoding={form}&message={message}{coding}");
    if target.len() > TARGET { None } else { asked(&target, b"", &[], 1) }
}

fn asked(target: &str, body: &[u8], headers: &[(&str, &str)], cut: usize) -> Option<Told> {
    let method = if target.contains('?') { "GET" } else { "POST" };
    Ask { method, target, headers, end: End::default() }.in_pieces(body, cut)
}
