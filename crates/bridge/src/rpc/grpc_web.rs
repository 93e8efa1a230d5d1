//! gRPC-Web, binary and text (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>): gRPC in an ordinary HTTP
//! body, which may have a content coding, with the trailers as its last frame.

use super::answers::{Answers, Ending, Framing, Opening, open};
use super::grpc::{Accepts, ask, head_of};
use super::misuse::Misuse;
use super::{Form, Target, refused, status};
use crate::bridge::Arrival;
use crate::compress::{self, Coding};
use crate::face::{self, Face};
use crate::refusal::Refusal;
use crate::upstream::End;
use axum::body::Body;
use http::header::{ACCEPT, HeaderMap, HeaderValue};
use http::{Method, Response, request};
use wirelab_transcode::Codec;

/// The flag of the frame that holds the trailers.
const TRAILERS: u8 = 0x80;

const BINARY: &str = "application/grpc-web";
const TEXT: &str = "application/grpc-web-text";
const TYPES: &str = "application/grpc-web, application/grpc-web+proto, application/grpc-web+json, \
    application/grpc-web-text, application/grpc-web-text+proto";

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    text: bool,
    form: Form,
}

impl Written {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match (self.text, self.form) {
            (false, Form::Proto) => "application/grpc-web+proto",
            (false, Form::Json) => "application/grpc-web+json",
            (true, Form::Proto) => "application/grpc-web-text+proto",
            (true, Form::Json) => "application/grpc-web-text+json",
        })
    }

    fn framing(self, output: Option<Codec>, coding: Option<Coding>) -> Framing {
        let ending = Ending::Frame(TRAILERS, Box::new(status::to_lines));
        Framing { output, coding: coding.map(|how| (how, 0)), text: self.text, ending }
    }

    /// An answer of nothing but its end.
    fn over(self, end: &End) -> Response<Body> {
        let mut response = Response::new(Body::new(Answers::over(end, self.framing(None, None))));
        *response.headers_mut() = head_of(self.content_type(), &[], None);
        response
    }
}

/// The answer to a request for another host.
pub(crate) fn misdirected(head: &request::Parts, refusal: Refusal) -> Response<Body> {
    let plain = Written { text: false, form: Form::Proto };
    let http = refusal.http;
    let answered = written(head).unwrap_or(plain);
    let mut response = refused(refusal, |end| answered.over(end));
    *response.status_mut() = http;
    response
}

/// Answers a request. Whatever the call comes to is in the body, where every client finds it: of the headers of an
/// answer from elsewhere, pages see only what they are shown.
pub(crate) async fn answer(arrival: Arrival) -> Response<Body> {
    let asked = match written(&arrival.head) {
        Ok(asked) => asked,
        Err(misuse) => return misuse.answer(),
    };
    let answered = Written { text: wants_text(&arrival.head.headers, asked.text), ..asked };
    let Arrival { mut head, body, loaded, shared } = arrival;
    let body = compress::decoded(body, &mut head.headers);
    let target = Target::of(&head, &loaded);
    let begun =
        async { ask(&shared, Face::GrpcWeb, &target, &head, body?, asked.form, asked.text).await };
    let (mut call, output) = match begun.await {
        Ok(begun) => begun,
        Err(refusal) => return refused(refusal.of(&target.path), |end| answered.over(end)),
    };
    match open(&mut call).await {
        Opening::End(end) => answered.over(&end),
        Opening::Head(metadata) => {
            let coding = Accepts::of(&head.headers).answering(&metadata);
            let framing = answered.framing(output, coding);
            let mut response = Response::new(Body::new(Answers::new(call, framing)));
            *response.headers_mut() = head_of(answered.content_type(), &metadata, coding);
            response
        }
    }
}

/// How a request is written.
///
/// # Errors
/// What is no request of gRPC-Web at all.
fn written(head: &request::Parts) -> Result<Written, Misuse> {
    if head.method != Method::POST {
        return Err(Misuse::Method("POST"));
    }
    let media = face::content_type(&head.headers).to_ascii_lowercase();
    let (text, suffix) = match (media.strip_prefix(TEXT), media.strip_prefix(BINARY)) {
        // The name of the only way to write text may be there.
        (Some(suffix), _) => (true, suffix.strip_prefix("-base64").unwrap_or(suffix)),
        (None, Some(suffix)) => (false, suffix),
        (None, None) => return Err(Misuse::ContentType(TYPES)),
    };
    let form = Form::of_suffix(suffix).ok_or(Misuse::ContentType(TYPES))?;
    Ok(Written { text, form })
}

/// Whether the answer is to be text: as `accept` says, or like the request where that says nothing of it.
fn wants_text(headers: &HeaderMap, asked: bool) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut named = accept.split(',').filter_map(|part| {
        let media = part.split(';').next().unwrap_or_default().trim();
        media.starts_with(BINARY).then(|| media.starts_with(TEXT))
    });
    named.next().unwrap_or(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_answers() {
        let table = [
            (None, false, false),
            (None, true, true),
            (Some("*/*"), true, true),
            (Some("application/grpc-web-text"), false, true),
            (Some("application/grpc-web+proto"), true, false),
            (Some("text/html, application/grpc-web-text+proto;q=1"), false, true),
        ];
        for (accept, asked, want) in table {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(wants_text(&headers, asked), want, "{accept:?}");
        }
    }
}
