//! Credentials to metadata: each kind makes one entry.
//!
//! Problems name the field, such as `auth.key`. Nothing here is logged, written or put into a problem that is secret.

mod jwt;
mod oauth;
mod simple;

pub(crate) use oauth::Tokens;
pub use oauth::{SIGN_IN_WAIT, TOKEN_MARGIN, TOKEN_TIMEOUT};

use crate::client::Inner;
use crate::metadata;
use http::HeaderMap;
use std::time::{SystemTime, UNIX_EPOCH};
use wirelab_model::{Auth, Metadatum, Problem, ProblemKind, TlsOptions};

/// The metadata that `auth` comes to. `tls` are the options of the server that is called: authorization servers are
/// trusted by its CA file too. `sign_in` is given what is to be opened in a browser, when that is needed.
pub(crate) async fn authorize(
    client: &Inner,
    auth: &Auth,
    tls: &TlsOptions,
    sign_in: impl Fn(String) + Send,
) -> Result<Metadatum, Problem> {
    let (datum, place) = match auth {
        Auth::Bearer { token } => (simple::bearer(token)?, "auth.token"),
        Auth::Basic { user, password } => (simple::basic(user, password)?, "auth.user"),
        Auth::ApiKey { name, key } => (simple::api_key(name, key)?, "auth.name"),
        Auth::Jwt(jwt) => (simple::bearer(&jwt::sign(jwt, now_unix_s())?)?, "auth.claims"),
        Auth::OAuth2(config) => {
            let token = client.tokens.token(&client.core.tls, config, tls, sign_in).await?;
            (simple::bearer(&token)?, "auth.token_url")
        }
    };
    // What gRPC does not let through is found here, where the field can be named.
    metadata::to_headers(std::slice::from_ref(&datum), &mut HeaderMap::new())
        .map_err(|problem| problem.at(place))?;
    Ok(datum)
}

/// Input that will not do.
fn wrong(place: &str, message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Mismatch, message).help(help).at(place)
}

fn now_unix_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
