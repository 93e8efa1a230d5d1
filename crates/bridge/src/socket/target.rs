//! What a socket's URL means: a method, by its REST route or by its name.

use super::options::Framings;
use crate::bridge::Arrival;
use crate::profile::Profile;
use crate::refusal::Refusal;
use crate::rest::Asked;
use crate::rules::{Captures, Found, Rule};
use http::uri::PathAndQuery;
use http::{Method as Verb, Request, Uri, request};
use std::sync::Arc;
use wirelab_model::StatusCode;

/// The parameter that says the verb of a route, as grpc-websocket-proxy has it: a handshake is always a GET.
const VERB_PARAMETER: &str = "method";
/// The verbs that a path is looked for under when none is said, and that may be said.
const VERBS: [Verb; 5] = [Verb::GET, Verb::POST, Verb::PUT, Verb::PATCH, Verb::DELETE];

/// What a socket calls, and the framing of clients that come to its URL and name none.
pub(super) struct Target {
    pub asked: Arc<Asked>,
    pub unnamed: Framings,
}

/// Finds what a URL means.
///
/// # Errors
/// NOT_FOUND for a path that no method has.
pub(super) fn find(arrival: &Arrival) -> Result<Target, Refusal> {
    let head = &arrival.head;
    let path = head.uri.path();
    let routes = &arrival.loaded.routes;
    if let Some(method) =
        path.strip_prefix('/').and_then(|path| arrival.loaded.catalog.method(path))
    {
        // By its name it takes what `POST /pkg.Service/Method` takes.
        let rule = Rule::implied(method);
        let rule = rule.map_err(|problem| Refusal::new(StatusCode::Internal, problem.message))?;
        let found = (Arc::new(rule), Captures::default());
        let asked = asked(arrival, found, Verb::POST, head.uri.clone());
        return Ok(Target { asked, unnamed: Framings::Wirelab });
    }
    let routed = |verb: &Verb| match routes.find(verb, path) {
        Found::Route { rule, captures } => Some((rule.clone(), captures)),
        Found::OtherVerb { .. } | Found::Nothing => None,
    };
    let is_gateway = |profile| matches!(profile, Profile::GrpcGateway | Profile::GrpcGatewayV1);
    if let Some((verb, uri)) = said_verb(&head.uri)
        && let Some(found) = routed(&verb)
    {
        let asked = asked(arrival, found, verb, uri);
        return Ok(Target { asked, unnamed: Framings::GrpcWebsocketProxy });
    }
    let tried = VERBS.into_iter().find_map(|verb| Some((routed(&verb)?, verb)));
    let Some((found, verb)) = tried else {
        let message =
            format!("no method has the path {path:?}; use a route or /pkg.Service/Method");
        return Err(Refusal::new(StatusCode::NotFound, message));
    };
    let unnamed = match is_gateway(arrival.shared.options.profile) {
        true => Framings::GrpcWebsocketProxy,
        false => Framings::Wirelab,
    };
    Ok(Target { asked: asked(arrival, found, verb, head.uri.clone()), unnamed })
}

/// The request as it would be without a socket.
fn asked(arrival: &Arrival, found: (Arc<Rule>, Captures), verb: Verb, uri: Uri) -> Arc<Asked> {
    let (rule, captures) = found;
    let (mut head, ()): (request::Parts, ()) = Request::new(()).into_parts();
    (head.method, head.uri, head.headers) = (verb, uri, arrival.head.headers.clone());
    let (loaded, shared) = (arrival.loaded.clone(), arrival.shared.clone());
    let refused = Default::default();
    Arc::new(Asked { head, rule, captures, loaded, shared, refused })
}

/// The verb that a URL says, and the URL without it.
fn said_verb(uri: &Uri) -> Option<(Verb, Uri)> {
    let value = |pair: &str| Some(pair.strip_prefix(VERB_PARAMETER)?.strip_prefix('=')?.to_owned());
    let pairs = || uri.query().unwrap_or_default().split('&');
    let said = pairs().find_map(value)?;
    let verb = VERBS.into_iter().find(|verb| verb.as_str() == said)?;
    let rest: Vec<&str> = pairs().filter(|pair| value(pair).is_none()).collect();
    let path = match rest.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), rest.join("&")),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Some((verb, Uri::from_parts(parts).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_taken_out_of_the_query() {
        for (uri, wanted) in [
            ("/v1/a?method=POST", Some("POST /v1/a")),
            ("/v1/a?b=1&method=PUT&c=2", Some("PUT /v1/a?b=1&c=2")),
            ("http://host/v1/a?method=GET", Some("GET http://host/v1/a")),
            ("/v1/a?method=post", None),
            ("/v1/a?methods=POST", None),
            ("/v1/a", None),
        ] {
            let said = said_verb(&uri.parse().unwrap()).map(|(verb, uri)| format!("{verb} {uri}"));
            assert_eq!(said.as_deref(), wanted, "{uri}");
        }
    }
}
