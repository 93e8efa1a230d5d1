//! The form of an answer: what `Accept` allows (RFC 9110 §12.5.1).

use crate::refusal::Refusal;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode as Http};
use wirelab_model::StatusCode;

/// The form of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One value; of a stream, an array.
    Json(HeaderValue),
    /// A value a line (<https://github.com/ndjson/ndjson-spec>).
    Lines(HeaderValue),
    /// Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
    Events,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
const LINES_NAMES: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
];
const EVENTS_NAME: &str = "text/event-stream";

/// One range of an `Accept`.
struct Range<'a> {
    media: &'a str,
    /// Thousandths.
    weight: u16,
}

/// The form where nothing is asked for.
pub(super) const DEFAULT: Form = Form::Json(JSON);

/// The form that suits best; of equals the one named first. None where nothing suits.
pub(super) fn form(headers: &HeaderMap) -> Option<Form> {
    let mut values = headers.get_all(ACCEPT).into_iter().peekable();
    match values.peek() {
        None => return Some(Form::Json(JSON)),
        Some(value) if *value == "*/*" || *value == JSON => return Some(Form::Json(JSON)),
        Some(_) => {}
    }
    let values = values.filter_map(|value| value.to_str().ok());
    let mut ranges: Vec<Range<'_>> =
        values.flat_map(|value| value.split(',')).filter_map(range).collect();
    if ranges.is_empty() {
        return Some(Form::Json(JSON));
    }
    // Stable: of equal weights the one named first stays first.
    ranges.sort_by_key(|range| std::cmp::Reverse(range.weight));
    let excluded: Vec<&str> =
        ranges.iter().filter(|range| range.weight == 0).map(|range| range.media).collect();
    let allowed = ranges.iter().filter(|range| range.weight > 0);
    allowed.into_iter().find_map(|range| named(range.media, &excluded))
}

/// The refusal where nothing suits.
pub(super) fn refusal() -> Refusal {
    let message = "the header `accept` excludes every form of the answer; accept \
                   application/json, application/x-ndjson or text/event-stream";
    Refusal::new(StatusCode::InvalidArgument, message).http(Http::NOT_ACCEPTABLE)
}

/// Reads `type/subtype;q=0.5`; none for what is not a range.
fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| media.contains('/'))?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
    // What is not a number counts as 0; what is beyond 1 as 1.
    let thousandths = weight.map_or(0.0, |weight| weight.clamp(0.0, 1.0) * 1000.0);
    Some(Range { media, weight: thousandths as u16 })
}

/// The form that a range stands for.
fn named(media: &str, excluded: &[&str]) -> Option<Form> {
    let is = |name: &str| media.eq_ignore_ascii_case(name);
    let free = |name: &str| !excluded.iter().any(|media| media.eq_ignore_ascii_case(name));
    if is("*/*") || is("application/*") {
        let lines = || free("application/x-ndjson").then_some(Form::Lines(LINES));
        let events = || (is("*/*") && free(EVENTS_NAME)).then_some(Form::Events);
        return free("application/json").then_some(Form::Json(JSON)).or_else(lines).or_else(events);
    }
    if is(EVENTS_NAME) || is("text/*") && free(EVENTS_NAME) {
        return Some(Form::Events);
    }
    let value = || HeaderValue::from_str(media).ok();
    if LINES_NAMES.iter().any(|name| is(name)) {
        return value().map(Form::Lines);
    }
    if is("application/json") {
        return Some(Form::Json(JSON));
    }
    is_json(media).then(value).flatten().map(Form::Json)
}

/// Whether a media type is JSON (RFC 6839 §3.1).
pub(super) fn is_json(media: &str) -> bool {
    let suffixed = || {
        let start = media.get(.."application/".len());
        let suffix = media.len().checked_sub("+json".len()).and_then(|at| media.get(at..));
        start.is_some_and(|start| start.eq_ignore_ascii_case("application/"))
            && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+json"))
    };
    media.eq_ignore_ascii_case("application/json") || suffixed()
}

/// Whether a body that says its charset is in UTF-8, as JSON has to be (RFC 8259 §8.1).
pub(super) fn is_utf8(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut charsets = value.split(';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    charsets
        .all(|name| ["utf-8", "utf8", "us-ascii"].iter().any(|own| name.eq_ignore_ascii_case(own)))
}

/// Whether a media type is JSON a line.
pub(super) fn is_lines(media: &str) -> bool {
    LINES_NAMES.iter().any(|name| media.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Accept`, and the content type of the answer.
    const CASES: &[(&str, Option<&str>)] = &[
        ("*/*", Some("application/json")),
        ("", Some("application/json")),
        ("application/json", Some("application/json")),
        ("Application/JSON", Some("application/json")),
        ("application/json; charset=utf-8", Some("application/json")),
        ("application/vnd.shop+json", Some("application/vnd.shop+json")),
        ("application/*", Some("application/json")),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Some("application/json")),
        ("application/x-ndjson", Some("application/x-ndjson")),
        ("application/jsonlines", Some("application/jsonlines")),
        ("text/event-stream", Some("text/event-stream")),
        ("text/*", Some("text/event-stream")),
        ("text/*, text/event-stream;q=0", None),
        ("application/json;q=0.5, text/event-stream", Some("text/event-stream")),
        ("text/event-stream;q=0.5, application/x-ndjson;q=0.9", Some("application/x-ndjson")),
        ("text/event-stream, application/json", Some("text/event-stream")),
        ("application/json, text/event-stream", Some("application/json")),
        ("application/json;q=0, */*", Some("application/x-ndjson")),
        ("application/json;q=0, application/x-ndjson;q=0, */*;q=0.1", Some("text/event-stream")),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/json;q=nonsense", None),
        ("image/*, application/xml", None),
    ];

    #[test]
    fn the_form_that_suits() {
        for (accept, wanted) in CASES {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            let got = form(&headers).map(|form| match form {
                Form::Json(value) | Form::Lines(value) => value.to_str().unwrap().to_owned(),
                Form::Events => EVENTS_NAME.to_owned(),
            });
            assert_eq!(got.as_deref(), *wanted, "{accept}");
        }
    }
}
