//! gRPC itself, passed on (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use super::answers::{Answers, Ending, Framing, Opening, open};
use super::coding::announced;
use super::messages::{Messages, Writing};
use super::misuse::Misuse;
use super::{Form, Target, begin, metadata, refused, status};
use crate::bridge::{Arrival, Shared};
use crate::compress::Coding;
use crate::face::{self, Face};
use crate::headers;
use crate::profile::Inbound;
use crate::refusal::Refusal;
use crate::upstream::{Call, End, Order};
use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, Version, request};
use wirelab_call::wire::ACCEPTED;
use wirelab_model::{Metadatum, StatusCode};
use wirelab_transcode::Codec;

pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(super) const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

const TYPES: &str = "application/grpc, application/grpc+proto, application/grpc+json";

/// Answers a request.
pub(crate) async fn answer(arrival: Arrival) -> Response<Body> {
    let form = match form(&arrival.head) {
        Ok(form) => form,
        Err(misuse) => return misuse.answer(),
    };
    let accepts = Accepts::of(&arrival.head.headers);
    let content_type = arrival.head.headers.get(CONTENT_TYPE).cloned();
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/grpc"));
    let Arrival { head, body, loaded, shared } = arrival;
    let target = Target::of(&head, &loaded);
    let asked = ask(&shared, Face::Grpc, &target, &head, body, form, false);
    let (mut call, output) = match asked.await {
        Ok(begun) => begun,
        Err(refusal) => {
            return refused(refusal.of(&target.path), |end| over(content_type, end));
        }
    };
    match open(&mut call).await {
        Opening::End(end) => over(content_type, &end),
        Opening::Head(metadata) => {
            let coding = accepts.answering(&metadata);
            let (from, ending) = (coding.map(|how| (how, 0)), Ending::Trailers);
            let framing = Framing { output, coding: from, text: false, ending };
            let mut response = Response::new(Body::new(Answers::new(call, framing)));
            *response.headers_mut() = head_of(content_type, &metadata, coding);
            response
        }
    }
}

/// The answer to a request for another host.
pub(crate) fn misdirected(head: &request::Parts, refusal: Refusal) -> Response<Body> {
    let content_type = head.headers.get(CONTENT_TYPE).cloned();
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/grpc"));
    let http = refusal.http;
    let mut response = refused(refusal, |end| over(content_type, end));
    *response.status_mut() = http;
    response
}

/// How the messages of a request are written.
///
/// # Errors
/// What is no request of gRPC at all.
fn form(head: &request::Parts) -> Result<Form, Misuse> {
    if head.method != Method::POST {
        return Err(Misuse::Method("POST"));
    }
    if head.version < Version::HTTP_2 {
        return Err(Misuse::Version(
            "gRPC needs HTTP/2; over HTTP/1.1 call by gRPC-Web or Connect",
        ));
    }
    let media = face::content_type(&head.headers).to_ascii_lowercase();
    let suffix = media.strip_prefix("application/grpc");
    suffix.and_then(Form::of_suffix).ok_or(Misuse::ContentType(TYPES))
}

/// Begins the call that a request of gRPC or gRPC-Web is for; with it the type of its messages, where they are JSON.
///
/// # Errors
/// A request that cannot become a call.
pub(super) async fn ask(
    shared: &Shared,
    face: Face,
    target: &Target,
    head: &request::Parts,
    body: Body,
    form: Form,
    text: bool,
) -> Result<(Call, Option<Codec>), Refusal> {
    let permit = Some(target.admit(head, face, shared)?);
    let options = &shared.options.headers;
    let encoding = announced(head.headers.get(ENCODING), is_known)?;
    let (input, output) = target.codecs(form)?.unzip();
    let order = Order {
        method: target.path.clone(),
        kind: target.kind(),
        metadata: headers::metadata(head, options, Inbound::Rpc)?,
        timeout: options.timeout(headers::grpc_timeout(&head.headers)?),
        permit,
    };
    let writing = Writing {
        limit: shared.options.message_limit(),
        encoding: encoding.map(|coding| coding.name().to_owned()),
        text,
        input,
        wrong: StatusCode::Internal,
    };
    let call = begin(&shared.upstream, order, Messages::new(body, writing)).await?;
    Ok((call, output))
}

/// Whether gRPC's clients and servers know a coding.
fn is_known(coding: Coding) -> bool {
    coding != Coding::Brotli
}

/// The compressions that a client takes.
pub(super) struct Accepts(Vec<Coding>);

impl Accepts {
    pub fn of(headers: &HeaderMap) -> Accepts {
        let lists = headers.get_all(ACCEPT_ENCODING).into_iter();
        let names = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
        Accepts(names.filter_map(Coding::named).filter(|coding| is_known(*coding)).collect())
    }

    /// How an answer is compressed: as the server does, if the client can take that, otherwise as it can. What the
    /// server does not compress stays so.
    pub fn answering(&self, metadata: &[Metadatum]) -> Option<Coding> {
        let server = metadata.iter().find(|datum| datum.key == ENCODING.as_str())?;
        let server = Coding::named(&metadata::text(server))?;
        self.0.iter().find(|coding| **coding == server).or(self.0.first()).copied()
    }
}

/// The headers of an answer with messages.
pub(super) fn head_of(
    content_type: HeaderValue,
    metadata: &[Metadatum],
    coding: Option<Coding>,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(metadata.len() + 3);
    metadata::to_headers(metadata, "", &mut headers);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    if let Some(coding) = coding {
        headers.insert(ENCODING, coding.value());
    }
    headers
}

/// An answer of headers alone, which are trailers ("Trailers-Only").
fn over(content_type: HeaderValue, end: &End) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    status::to_headers(end, headers);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    response
}
