//! Posts one form to a token endpoint over HTTP/1.1.

use super::super::wrong;
use super::answer::Refused;
use crate::endpoint::Target;
use crate::tls::Trust;
use crate::web::{self, Bounds, Fault};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, Uri};
use std::time::Duration;
use wirelab_model::{Problem, ProblemKind, Secret};

/// How long an authorization server may take to answer, connection included.
pub const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer, bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Where an `http` or `https` address leads; `place` is the field that holds it.
pub(super) fn server(url: &str, place: &str) -> Result<(Uri, Target), Problem> {
    let url = url.trim();
    if url.is_empty() {
        let message = "there is no address of the authorization server";
        return Err(wrong(place, message, "write https://host/path"));
    }
    web::server(url).map_err(|problem| problem.at(place))
}

/// Sends `form` and waits for the answer, at most [`TOKEN_TIMEOUT`].
pub(super) async fn post(
    url: &str,
    trust: &Trust,
    form: String,
    authorization: Option<Secret>,
) -> Result<Response<Bytes>, Refused> {
    let (uri, target) = server(url, "auth.token_url")?;
    let request = request(form, authorization);
    let bounds = Bounds { time: TOKEN_TIMEOUT, bytes: MAX_ANSWER };
    web::exchange(&uri, &target, trust, request, bounds).await.map_err(|fault| match fault {
        Fault::Problem(problem) => problem.into(),
        Fault::Unreachable(why) => {
            let message = format!("the authorization server {target} cannot be reached: {why}");
            let problem = Problem::new(ProblemKind::Unreachable, message)
                .help("check the address of its token endpoint, and this machine's network");
            problem.at("auth.token_url").into()
        }
    })
}

fn request(form: String, authorization: Option<Secret>) -> Request<Bytes> {
    let mut request = Request::new(form.into());
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    if let Some(Secret(value)) = authorization
        && let Ok(mut value) = HeaderValue::try_from(value)
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    request
}
