//! The authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636): somebody signs in in a browser, which comes back
//! to this machine with a code.

use super::form::Form;
use super::redirect::Redirect;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::time::Duration;
use tokio::time::timeout;
use wirelab_model::{OAuth2, Problem, ProblemKind};

/// How long somebody may take to sign in.
pub const SIGN_IN_WAIT: Duration = Duration::from_secs(300);

/// Has somebody sign in and gives what the token endpoint is to be asked.
pub(super) async fn sign_in(
    config: &OAuth2,
    open: impl Fn(String) + Send,
) -> Result<Form, Problem> {
    let listening = Redirect::parse(&config.redirect_url)?.listen().await?;
    let redirect = listening.url.clone();
    let (state, verifier) = (random()?, random()?);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let query = Form::query()
        .with("response_type", "code")
        .with("client_id", &config.client_id)
        .with("redirect_uri", &redirect)
        .maybe("scope", &config.scope)
        .maybe("audience", &config.audience)
        .with("state", &state)
        .with("code_challenge", &challenge)
        .with("code_challenge_method", "S256")
        .encode();
    let auth_url = config.auth_url.trim();
    let (auth_url, _) = auth_url.split_once('#').unwrap_or((auth_url, ""));
    let joint = if auth_url.contains('?') { '&' } else { '?' };
    open(format!("{auth_url}{joint}{query}"));
    let code = timeout(SIGN_IN_WAIT, listening.code(&state, &config.auth_url)).await.map_err(|_| {
        let message = format!("nobody signed in within {} minutes", SIGN_IN_WAIT.as_secs() / 60);
        Problem::new(ProblemKind::Deadline, message)
            .help("call again and sign in in the browser; the server must send it back to this machine")
            .at("auth.auth_url")
    })??;
    Ok(Form::new("authorization_code")
        .with("code", &code)
        .with("redirect_uri", &redirect)
        .with("code_verifier", &verifier))
}

/// 256 random bits as 43 characters, which is a `code_verifier` (RFC 7636 §4.1).
fn random() -> Result<String, Problem> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Problem::new(ProblemKind::Internal, "this machine has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
