//! Credentials that are sent as they are.

use super::wrong;
use base64::{Engine, engine::general_purpose::STANDARD};
use wirelab_model::{Metadatum, Problem, Secret};

/// `authorization: Bearer …` (RFC 6750 §2.1).
pub(super) fn bearer(token: &Secret) -> Result<Metadatum, Problem> {
    let token = printable(&token.0, "auth.token", "token")?;
    Ok(Metadatum::text("authorization", format!("Bearer {token}")))
}

/// `authorization: Basic …` (RFC 7617).
pub(super) fn basic(user: &str, password: &Secret) -> Result<Metadatum, Problem> {
    if user.contains(':') {
        let message = "a user name cannot contain a colon";
        return Err(wrong("auth.user", message, "the password begins after the first colon"));
    }
    let control = |text: &str| text.chars().any(char::is_control);
    if control(user) {
        let message = "the user name contains a control character";
        return Err(wrong("auth.user", message, "type it again"));
    }
    if control(&password.0) {
        let message = "the password contains a control character";
        return Err(wrong(
            "auth.password",
            message,
            "type it again; is there a line break at its end?",
        ));
    }
    let pair = STANDARD.encode(format!("{user}:{}", password.0));
    Ok(Metadatum::text("authorization", format!("Basic {pair}")))
}

/// One entry of any name.
pub(super) fn api_key(name: &str, key: &Secret) -> Result<Metadatum, Problem> {
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() {
        let help = "say which metadata it goes in, such as x-api-key";
        return Err(wrong("auth.name", "the API key has no name", help));
    }
    if name.ends_with("-bin") {
        let help = "add it as metadata of its own";
        return Err(wrong("auth.name", "an API key is text, but `-bin` metadata is bytes", help));
    }
    let key = printable(&key.0, "auth.key", "API key")?;
    Ok(Metadatum::text(name, key))
}

/// White space around a secret comes from files and the clipboard.
fn printable<'a>(secret: &'a str, place: &str, what: &str) -> Result<&'a str, Problem> {
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(wrong(
            place,
            format!("the {what} is empty"),
            "secrets are not kept: give it again",
        ));
    }
    match secret.chars().all(|letter| matches!(letter, ' '..='~')) {
        true => Ok(secret),
        false => Err(wrong(
            place,
            format!("the {what} contains what is not printable ASCII"),
            "copy it again",
        )),
    }
}
