//! What a token endpoint answers (RFC 6749 §5).

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use wirelab_model::{Problem, ProblemKind, Secret};

/// A token that was granted.
pub(super) struct Granted {
    pub access: Secret,
    /// Empty where there is none.
    pub refresh: Secret,
    pub lifetime: Option<Duration>,
}

/// Why there is no token.
pub(super) struct Refused {
    /// Whether the grant itself was refused: a code or a refresh token that is not valid (any more).
    pub by_grant: bool,
    pub problem: Problem,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused { by_grant: false, problem }
    }
}

#[derive(Deserialize)]
struct Success {
    access_token: Secret,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Understands an answer of the token endpoint at `url`. Of what is not understood nothing is quoted: it may repeat
/// secrets.
pub(super) fn read(url: &str, answer: &Response<Bytes>) -> Result<Granted, Refused> {
    if let Ok(failure) = serde_json::from_slice::<Failure>(answer.body()) {
        return Err(refused(&failure.error, &failure.error_description, url));
    }
    let strange = |message: String| -> Refused {
        Problem::new(ProblemKind::Mismatch, message)
            .help("check that this is the address of its token endpoint")
            .at(url)
            .into()
    };
    if !answer.status().is_success() {
        return Err(strange(format!("the authorization server answered HTTP {}", answer.status())));
    }
    let success: Success = serde_json::from_slice(answer.body())
        .map_err(|_| strange("the authorization server did not answer with a token".to_owned()))?;
    let kind = success.token_type;
    if !(kind.is_empty() || kind.eq_ignore_ascii_case("bearer")) {
        let problem = Problem::new(
            ProblemKind::Mismatch,
            format!("the authorization server grants tokens of the type `{}`", shown(&kind)),
        );
        let help = "only bearer tokens can be sent: have the server configured to grant them";
        return Err(problem.help(help).at(url).into());
    }
    let seconds = match &success.expires_in {
        Value::Number(number) => number.as_f64(),
        // Some servers write it so.
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(Granted {
        access: success.access_token,
        refresh: success.refresh_token.unwrap_or_default(),
        lifetime: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    })
}

/// Words an error code (RFC 6749 §4.1.2.1 and §5.2).
pub(super) fn refused(code: &str, description: &str, at: &str) -> Refused {
    let (what, help) = match code {
        "invalid_client" => (
            "does not know this client, or its secret is wrong",
            "check the client id and its secret, and whether the server wants them in the form instead of a header",
        ),
        "invalid_grant" => (
            "does not accept the code or refresh token: it was used, has ended or was meant for another client",
            "sign in again, or give a new refresh token",
        ),
        "unauthorized_client" => (
            "does not let this client use this grant",
            "allow the grant for the client at the authorization server, or choose another",
        ),
        "unsupported_grant_type" => ("does not have this grant", "choose another grant"),
        "invalid_scope" => ("does not know the scope, or does not grant it", "change the scope"),
        "invalid_request" => (
            "says that the request is not valid",
            "check the redirect address and what else this server wants to know, such as an audience",
        ),
        "access_denied" => ("was told to deny access", "sign in as somebody who may, and agree"),
        "server_error" | "temporarily_unavailable" => ("has a fault of its own", "try again later"),
        _ => ("refused", "look at the authorization server's documentation or log"),
    };
    let by_grant = code == "invalid_grant";
    let code = shown(code);
    let said = match description {
        "" => code,
        description => format!("{code}: {}", shown(description).trim_end_matches('.')),
    };
    let message = format!("the authorization server {what} ({said})");
    Refused { by_grant, problem: Problem::new(ProblemKind::Forbidden, message).help(help).at(at) }
}

/// A server's words, short and printable.
fn shown(text: &str) -> String {
    const SHOWN: usize = 300;
    text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
