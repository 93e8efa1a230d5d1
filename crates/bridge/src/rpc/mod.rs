//! The faces whose messages are framed as gRPC frames them: one file a protocol, and what they share.
//!
//! A face reads the head of a request into an [`Order`] and the body into [`Messages`](messages::Messages), and gives
//! back the [`Answers`](answers::Answers) of the call. Messages in Protobuf are passed on unseen, so that also methods
//! can be called that the schema does not have. Only their compression ends here: what a client may use is what this side
//! understands, whatever the server does.

mod answers;
mod coding;
pub(crate) mod connect;
pub(crate) mod grpc;
pub(crate) mod grpc_web;
mod messages;
mod metadata;
mod misuse;
mod status;
mod timeout;

use crate::bridge::{Loaded, Shared};
use crate::catalog::Method;
use crate::face::Face;
use crate::observe::Permit;
use crate::refusal::Refusal;
use crate::upstream::{Call, End, Order, Upstream};
use axum::body::Body;
use http::{Response, request};
use messages::Messages;
use std::sync::Arc;
use wirelab_model::{CallKind, Status, StatusCode};
use wirelab_transcode::Codec;

/// How messages are written in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Proto,
    Json,
}

impl Form {
    /// By what a content type has after its family: `+proto`, `+json` or nothing.
    fn of_suffix(suffix: &str) -> Option<Form> {
        match suffix {
            "" | "+proto" => Some(Form::Proto),
            "+json" => Some(Form::Json),
            _ => None,
        }
    }
}

/// What a request is for.
struct Target {
    /// `pkg.Service/Method`.
    path: String,
    /// None where the schema does not have it.
    method: Option<Arc<Method>>,
}

impl Target {
    fn of(head: &request::Parts, loaded: &Loaded) -> Target {
        let path = head.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        Target { method: loaded.catalog.method(path).cloned(), path: path.to_owned() }
    }

    /// Whether its call may begin. What is no path of gRPC is not passed on: a server behind the bridge might read it
    /// in another way than the rules that say who may call.
    ///
    /// # Errors
    /// UNIMPLEMENTED for a path that no method can have, and those of [`Shared::admit`].
    fn admit(&self, head: &request::Parts, face: Face, shared: &Shared) -> Result<Permit, Refusal> {
        let part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('%');
        if self.method.is_none() && !(self.path.contains('/') && self.path.split('/').all(part)) {
            let shown = self.path.escape_debug();
            let message =
                format!("`/{shown}` is the path of no method; write /package.Service/Method");
            return Err(Refusal::new(StatusCode::Unimplemented, message));
        }
        shared.admit(head, face, &self.path)
    }

    /// What a method streams; one that is not known may stream both ways.
    fn kind(&self) -> CallKind {
        self.method.as_ref().map_or(CallKind::Bidi, |method| method.kind)
    }

    /// Converts requests and responses, where they are JSON here.
    ///
    /// # Errors
    /// JSON of a method that is not known.
    fn codecs(&self, form: Form) -> Result<Option<(Codec, Codec)>, Status> {
        match (form, &self.method) {
            (Form::Proto, _) => Ok(None),
            // A client may be newer than the schema, and Connect's own servers leave out what they do not know.
            (Form::Json, Some(method)) => {
                Ok(Some((method.input.clone().ignoring_unknown(true), method.output.clone())))
            }
            (Form::Json, None) => Err(Status::new(
                StatusCode::Unimplemented,
                format!(
                    "`{}` is not in the schema of this bridge, so it cannot be called with JSON; call it with Protobuf",
                    self.path.escape_debug()
                ),
            )),
        }
    }
}

/// The answer of a call that is not made: what `over` makes of its end, with what the refusal says beside that.
fn refused(refusal: Refusal, over: impl FnOnce(&End) -> Response<Body>) -> Response<Body> {
    let no_call = refusal.no_call();
    let Refusal { status, headers, .. } = refusal;
    let mut response = over(&End { status, trailers: Vec::new() });
    response.headers_mut().extend(headers);
    response.extensions_mut().insert(no_call);
    response
}

/// Begins a call. Where the client does not stream, its only message is waited for first, within the call's time.
///
/// # Errors
/// Requests that are wrong, or not one where there has to be one.
async fn begin(upstream: &Upstream, order: Order, mut messages: Messages) -> Result<Call, Status> {
    if order.kind.client_streams() {
        return Ok(upstream.stream(order, messages));
    }
    let (order, message) = order.within(messages.only()).await?;
    Ok(upstream.unary(order, message))
}
