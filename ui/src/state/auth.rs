//! The credentials of a request as typed.
//!
//! Every sort keeps its own fields, so that looking at another loses nothing. What is secret lives in the open tab
//! alone: [`AuthDraft::without_secrets`] is what is stored.

use super::connection::object_problem;
use serde::{Deserialize, Serialize};
use wirelab_model::{Auth, JwtAuth, OAuth2, OAuth2Grant, Secret};

/// The algorithms that tokens are signed with here.
pub const ALGORITHMS: [&str; 8] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384"];
/// How long a signed token is good for unless said otherwise, seconds.
const LIFETIME_S: u64 = 3_600;
/// The longest lifetime that can be typed, seconds.
pub const MAX_LIFETIME_S: u64 = 10 * 365 * 86_400;

/// Which sort of credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AuthKind {
    #[default]
    None,
    Bearer,
    Basic,
    ApiKey,
    Jwt,
    OAuth2,
}

impl AuthKind {
    /// All, in the order of the switch.
    pub const ALL: [AuthKind; 6] = [
        AuthKind::None,
        AuthKind::Bearer,
        AuthKind::Basic,
        AuthKind::ApiKey,
        AuthKind::Jwt,
        AuthKind::OAuth2,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            AuthKind::None => "none",
            AuthKind::Bearer => "bearer",
            AuthKind::Basic => "basic",
            AuthKind::ApiKey => "API key",
            AuthKind::Jwt => "JWT",
            AuthKind::OAuth2 => "OAuth 2",
        }
    }

    /// What it sends.
    pub fn about(self) -> &'static str {
        match self {
            AuthKind::None => "Nothing is added; authorization may still be written in Metadata",
            AuthKind::Bearer => "Sends authorization: Bearer and the token",
            AuthKind::Basic => "Sends authorization: Basic with user and password in base64",
            AuthKind::ApiKey => "Sends the key as one metadata entry",
            AuthKind::Jwt => {
                "Signs a token on this machine when the call starts and sends it as bearer"
            }
            AuthKind::OAuth2 => {
                "Gets a token from the authorization server when the call starts and sends it as bearer"
            }
        }
    }
}

/// Credentials as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthDraft {
    /// Which sort is sent.
    pub kind: AuthKind,
    /// Of a bearer token.
    pub token: Secret,
    /// Of basic credentials.
    pub user: String,
    /// Of basic credentials.
    pub password: Secret,
    /// The metadata key of an API key.
    pub key_name: String,
    /// The API key.
    pub key: Secret,
    /// A token to sign.
    pub jwt: JwtAuth,
    /// A token to fetch.
    pub oauth: OAuth2,
}

impl Default for AuthDraft {
    fn default() -> Self {
        AuthDraft {
            kind: AuthKind::None,
            token: Secret::default(),
            user: String::new(),
            password: Secret::default(),
            key_name: "x-api-key".into(),
            key: Secret::default(),
            jwt: JwtAuth {
                algorithm: "HS256".into(),
                lifetime_s: LIFETIME_S,
                ..JwtAuth::default()
            },
            oauth: OAuth2::default(),
        }
    }
}

impl AuthDraft {
    /// What shows these credentials.
    pub fn of(auth: Option<&Auth>) -> Self {
        let mut draft = AuthDraft::default();
        draft.kind = match auth.cloned() {
            None => AuthKind::None,
            Some(Auth::Bearer { token }) => {
                draft.token = token;
                AuthKind::Bearer
            }
            Some(Auth::Basic { user, password }) => {
                (draft.user, draft.password) = (user, password);
                AuthKind::Basic
            }
            Some(Auth::ApiKey { name, key }) => {
                (draft.key_name, draft.key) = (name, key);
                AuthKind::ApiKey
            }
            Some(Auth::Jwt(jwt)) => {
                let lifetime_s = if jwt.lifetime_s == 0 { LIFETIME_S } else { jwt.lifetime_s };
                draft.jwt = JwtAuth { lifetime_s, ..jwt };
                AuthKind::Jwt
            }
            Some(Auth::OAuth2(oauth)) => {
                draft.oauth = oauth;
                AuthKind::OAuth2
            }
        };
        draft
    }

    /// The sort that a record names; its fields are to be typed again.
    pub fn named(name: &str) -> Self {
        let kind = match name {
            "bearer" => AuthKind::Bearer,
            "basic" => AuthKind::Basic,
            "api key" => AuthKind::ApiKey,
            "jwt" => AuthKind::Jwt,
            "oauth2" => AuthKind::OAuth2,
            _ => AuthKind::None,
        };
        AuthDraft { kind, ..AuthDraft::default() }
    }

    /// The same without what is secret, of whichever sort: what may be stored.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        for secret in [
            &mut self.token,
            &mut self.password,
            &mut self.key,
            &mut self.jwt.key,
            &mut self.oauth.client_secret,
            &mut self.oauth.refresh_token,
        ] {
            *secret = Secret::default();
        }
        self
    }

    /// What it yields as it stands, complete or not; none sends nothing.
    pub fn as_typed(&self) -> Option<Auth> {
        Some(match self.kind {
            AuthKind::None => return None,
            AuthKind::Bearer => Auth::Bearer { token: trimmed(&self.token) },
            AuthKind::Basic => {
                Auth::Basic { user: self.user.clone(), password: self.password.clone() }
            }
            AuthKind::ApiKey => Auth::ApiKey {
                name: self.key_name.trim().to_ascii_lowercase(),
                key: trimmed(&self.key),
            },
            AuthKind::Jwt => Auth::Jwt(self.jwt.clone()),
            AuthKind::OAuth2 => Auth::OAuth2(self.oauth.clone()),
        })
    }

    /// The credentials to send; none sends nothing.
    ///
    /// # Errors
    /// What is wrong or missing first, for people.
    pub fn auth(&self) -> Result<Option<Auth>, String> {
        match self.problem() {
            Some((_, why)) => Err(why),
            None => Ok(self.as_typed()),
        }
    }

    /// Which field is wrong or missing first, and a sentence for people.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let missing = |field, secret: &Secret, what: &str| {
            secret
                .0
                .trim()
                .is_empty()
                .then(|| (field, format!("Type the {what}: it is never kept")))
        };
        let absent =
            |field, text: &str, why: &str| text.trim().is_empty().then(|| (field, why.to_owned()));
        match self.kind {
            AuthKind::None => None,
            AuthKind::Bearer => missing("token", &self.token, "token"),
            AuthKind::Basic => {
                let colon = || Some(("user", "A user has no colon".to_owned()));
                absent("user", &self.user, "Type the user")
                    .or_else(|| if self.user.contains(':') { colon() } else { None })
                    .or_else(|| missing("password", &self.password, "password"))
            }
            AuthKind::ApiKey => {
                let row = super::metadata::Row {
                    key: self.key_name.clone(),
                    value: "x".into(),
                    ..Default::default()
                };
                let wrong = || Some(("name", row.problem()?));
                absent("name", &self.key_name, "Type the name of the entry, such as x-api-key")
                    .or_else(wrong)
                    .or_else(|| missing("key", &self.key, "key"))
            }
            AuthKind::Jwt => {
                let object =
                    |field, text: &str, example| Some((field, object_problem(text, example)?));
                let optional = |field, text: &str, example| match text.trim() {
                    "" => None,
                    _ => object(field, text, example),
                };
                missing("key", &self.jwt.key, "key")
                    .or_else(|| optional("claims", &self.jwt.claims, "{\"sub\": \"me\"}"))
                    .or_else(|| optional("header", &self.jwt.header, "{\"kid\": \"1\"}"))
            }
            AuthKind::OAuth2 => self.oauth_problem(),
        }
    }

    fn oauth_problem(&self) -> Option<(&'static str, String)> {
        let oauth = &self.oauth;
        let url = |field, text: &str, what: &str| {
            let text = text.trim();
            let fine = ["https://", "http://"]
                .iter()
                .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
            (!fine).then(|| {
                (
                    field,
                    format!("Expected the {what}, for example https://auth.example/oauth/{field}"),
                )
            })
        };
        url("token", &oauth.token_url, "address of the token endpoint")
            .or_else(|| match oauth.grant {
                OAuth2Grant::AuthorizationCode => {
                    url("authorize", &oauth.auth_url, "address of the authorization endpoint")
                }
                _ => None,
            })
            .or_else(|| redirect_problem(oauth))
            .or_else(|| {
                oauth.client_id.trim().is_empty().then(|| ("client", "Type the client id".into()))
            })
            .or_else(|| match oauth.grant {
                OAuth2Grant::ClientCredentials if oauth.client_secret.0.is_empty() => {
                    Some(("secret", "Type the client secret: it is never kept".into()))
                }
                OAuth2Grant::RefreshToken if oauth.refresh_token.0.trim().is_empty() => {
                    Some(("refresh", "Type the refresh token: it is never kept".into()))
                }
                _ => None,
            })
    }
}

/// A redirect that does not come back to this machine.
fn redirect_problem(oauth: &OAuth2) -> Option<(&'static str, String)> {
    let redirect = oauth.redirect_url.trim();
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|host| redirect.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/'])));
    let asked = oauth.grant == OAuth2Grant::AuthorizationCode && !redirect.is_empty();
    (asked && !local).then(|| {
        (
            "redirect",
            "Expected an address of this machine, for example http://localhost:8400/callback"
                .into(),
        )
    })
}

/// A token without the spaces and line ends that come with pasting.
fn trimmed(secret: &Secret) -> Secret {
    Secret(secret.0.trim().to_owned())
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
