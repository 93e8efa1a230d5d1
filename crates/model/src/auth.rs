//! Credentials that a call is made with; the engine turns them into metadata when the call starts. They are no
//! part of what is recorded.

use serde::{Deserialize, Serialize};

/// A text that is never shown, logged or kept.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret(…)" })
    }
}

/// What yields the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth {
    /// `authorization: Bearer TOKEN` (RFC 6750 §2.1).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// `authorization: Basic …` (RFC 7617).
    Basic {
        /// Without a colon.
        user: String,
        /// Any text.
        password: Secret,
    },
    /// One metadata entry of any name.
    ApiKey {
        /// Such as `x-api-key`.
        name: String,
        /// Its value.
        key: Secret,
    },
    /// A token signed here (RFC 7519), sent as a bearer token.
    Jwt(JwtAuth),
    /// A token fetched from an authorization server (RFC 6749), sent as a bearer token.
    OAuth2(OAuth2),
}

impl Auth {
    /// `bearer`, `basic`, `api key`, `jwt` or `oauth2`.
    pub fn name(&self) -> &'static str {
        match self {
            Auth::Bearer { .. } => "bearer",
            Auth::Basic { .. } => "basic",
            Auth::ApiKey { .. } => "api key",
            Auth::Jwt(_) => "jwt",
            Auth::OAuth2(_) => "oauth2",
        }
    }

    /// The key of the metadata that it becomes.
    pub fn metadata_key(&self) -> String {
        match self {
            Auth::ApiKey { name, .. } => name.trim().to_ascii_lowercase(),
            _ => "authorization".to_owned(),
        }
    }

    /// The same without what is secret, to be kept.
    pub fn without_secrets(&self) -> Auth {
        let mut auth = self.clone();
        match &mut auth {
            Auth::Bearer { token } => *token = Secret::default(),
            Auth::Basic { password, .. } => *password = Secret::default(),
            Auth::ApiKey { key, .. } => *key = Secret::default(),
            Auth::Jwt(jwt) => jwt.key = Secret::default(),
            Auth::OAuth2(oauth) => {
                oauth.client_secret = Secret::default();
                oauth.refresh_token = Secret::default();
            }
        }
        auth
    }
}

/// A token to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwtAuth {
    /// `HS256`, `RS512`, `ES256`, …
    pub algorithm: String,
    /// The shared secret (HS…) or a private key as PEM.
    pub key: Secret,
    /// Whether the shared secret is given as base64.
    #[serde(default)]
    pub key_is_base64: bool,
    /// The claims as a JSON object; `iat` and `exp` are added where it has none. Empty means none.
    #[serde(default)]
    pub claims: String,
    /// More header fields as a JSON object, such as `{"kid": "1"}`; may be empty.
    #[serde(default)]
    pub header: String,
    /// Seconds from `iat` to `exp`; 0 means an hour.
    #[serde(default)]
    pub lifetime_s: u64,
}

/// How a token is fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuth2 {
    /// Which grant.
    #[serde(default)]
    pub grant: OAuth2Grant,
    /// The token endpoint.
    pub token_url: String,
    /// The authorization endpoint; for the authorization code only.
    #[serde(default)]
    pub auth_url: String,
    /// Where the authorization server sends the browser back to, for servers that want one they know: `http` on
    /// this machine, such as `http://localhost:8400/callback`. Empty means a free port of 127.0.0.1.
    #[serde(default)]
    pub redirect_url: String,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    #[serde(default)]
    pub client_secret: Secret,
    /// Whether client and secret go in the form instead of an `authorization` header.
    #[serde(default)]
    pub credentials_in_body: bool,
    /// Separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Some servers want to know whom the token is for.
    #[serde(default)]
    pub audience: String,
    /// For the refresh grant, and what the others got.
    #[serde(default)]
    pub refresh_token: Secret,
}

/// The grants of RFC 6749 that are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OAuth2Grant {
    /// §4.4.
    #[default]
    ClientCredentials,
    /// §4.1 with PKCE (RFC 7636) and a redirect to this machine (RFC 8252 §7.3).
    AuthorizationCode,
    /// §6.
    RefreshToken,
}
