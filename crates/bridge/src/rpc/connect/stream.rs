//! Calls that stream: frames as gRPC has them, and an `EndStreamResponse` as the last
//! (<https://connectrpc.com/docs/protocol/#streaming-rpcs>).

use super::super::answers::{Answers, Ending, Framing, Opening, open};
use super::super::coding::answering;
use super::super::messages::{Messages, Writing};
use super::super::{Form, Target, begin, metadata, refused};
use super::{WRONG, coding, error, time};
use crate::bridge::{Arrival, Shared};
use crate::compress::Coding;
use crate::face::Face;
use crate::headers;
use crate::profile::Inbound;
use crate::refusal::Refusal;
use crate::upstream::{Call, End, Order};
use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, request};
use wirelab_model::Metadatum;
use wirelab_transcode::Codec;

/// The flag of the frame that ends a stream.
const END_STREAM: u8 = 2;

const ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("connect-accept-encoding");

/// Answers a request. A failure is in the last frame, always after the HTTP status 200.
pub(super) async fn answer(arrival: Arrival, target: Target, form: Form) -> Response<Body> {
    let Arrival { head, body, loaded, shared } = arrival;
    let framing = |output, coding| {
        let loaded = loaded.clone();
        let end = Box::new(move |end: &End| error::end_stream(end, &loaded));
        Framing { output, coding, text: false, ending: Ending::Frame(END_STREAM, end) }
    };
    let over = |end: &End| {
        let mut response = Response::new(Body::new(Answers::over(end, framing(None, None))));
        *response.headers_mut() = head_of(form, &[], None);
        response
    };
    let (mut call, output) = match ask(&shared, &target, &head, body, form).await {
        Ok(begun) => begun,
        Err(refusal) => return refused(refusal.of(&target.path), over),
    };
    match open(&mut call).await {
        Opening::End(end) => over(&end),
        Opening::Head(metadata) => {
            let coding = answering(&shared.options.compression, &head.headers, &ACCEPT_ENCODING);
            let framing = framing(output, coding);
            let coding = coding.map(|(coding, _)| coding);
            let mut response = Response::new(Body::new(Answers::new(call, framing)));
            *response.headers_mut() = head_of(form, &metadata, coding);
            response
        }
    }
}

async fn ask(
    shared: &Shared,
    target: &Target,
    head: &request::Parts,
    body: Body,
    form: Form,
) -> Result<(Call, Option<Codec>), Refusal> {
    let permit = Some(target.admit(head, Face::Connect, shared)?);
    let encoding = coding(head.headers.get(ENCODING))?;
    let (input, output) = target.codecs(form)?.unzip();
    let order = Order {
        method: target.path.clone(),
        kind: target.kind(),
        metadata: headers::metadata(head, &shared.options.headers, Inbound::Rpc)?,
        timeout: time(&head.headers, shared)?,
        permit,
    };
    let writing = Writing {
        limit: shared.options.message_limit(),
        encoding: encoding.map(|coding| coding.name().to_owned()),
        text: false,
        input,
        wrong: WRONG,
    };
    let call = begin(&shared.upstream, order, Messages::new(body, writing)).await?;
    Ok((call, output))
}

fn head_of(form: Form, metadata: &[Metadatum], coding: Option<Coding>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(metadata.len() + 3);
    metadata::to_headers(metadata, "", &mut headers);
    let content_type = match form {
        Form::Proto => "application/connect+proto",
        Form::Json => "application/connect+json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(Coding::ACCEPTED));
    if let Some(coding) = coding {
        headers.insert(ENCODING, coding.value());
    }
    headers
}
