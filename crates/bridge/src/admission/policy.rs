//! Who may call what, and how often: the words of the configuration.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many clients' limits are remembered unless told otherwise.
pub const REMEMBERED_CLIENTS: usize = 100_000;
/// How far clocks may be apart, seconds, unless told otherwise.
pub const CLOCK_SKEW: u64 = 60;

/// Who may call what, and how often. The default lets everybody do everything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// How often, and how much at once.
    pub limits: LimitPolicy,
    /// Issuers whose tokens are taken.
    pub jwt: Vec<JwtPolicy>,
    /// Keys that are taken.
    pub api_keys: Option<KeyPolicy>,
    /// Whether a client's certificate, which the listening side has verified, is a credential like the others. It names
    /// the client in limits and logs anyway, where nothing else does.
    pub client_certificates: bool,
    /// What holds for a method: the first rule that names it. Without rules, whoever shows a credential may call
    /// everything; with rules, what none of them names is forbidden.
    pub rules: Vec<RulePolicy>,
    /// Whether the server behind the bridge sees the credentials that were checked here.
    pub forward_credentials: bool,
    /// How many proxies in front of the bridge add to `X-Forwarded-For`; none means that nobody is believed.
    pub trusted_proxies: usize,
}

/// How often, and how much at once.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitPolicy {
    /// Calls in a second that one client may begin, on average.
    pub rate: Option<f64>,
    /// How many it may begin at once after a pause; none means one second's, at least 1.
    pub burst: Option<u32>,
    /// Calls that one client may have under way.
    pub concurrent: Option<usize>,
    /// Calls that all clients together may have under way.
    pub total: Option<usize>,
    /// How many clients are remembered; see [`REMEMBERED_CLIENTS`].
    pub clients: Option<usize>,
}

/// An issuer whose tokens are taken.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct JwtPolicy {
    /// A file with its keys, a JSON Web Key Set or one public key as PEM, which is read again when it changes; or the
    /// `https` or `http` address of a set. None has the issuer say where its set is
    /// (<https://openid.net/specs/openid-connect-discovery-1_0.html>).
    pub keys: Option<String>,
    /// Authorities (PEM) that the server of the set is believed by instead of the system's.
    pub ca: Option<PathBuf>,
    /// Seconds until that server is asked again; see [`JWKS_INTERVAL`](super::JWKS_INTERVAL).
    pub refresh: Option<u64>,
    /// Seconds that it is left alone at least, whatever tokens come; see [`JWKS_GAP`](super::JWKS_GAP).
    pub refresh_gap: Option<u64>,
    /// The `iss` that tokens must have.
    pub issuer: Option<String>,
    /// Any of these must be in their `aud`.
    pub audience: Vec<String>,
    /// The algorithms that are taken, such as `RS256`; none means those that the key is for, and no shared secrets.
    pub algorithms: Vec<String>,
    /// Seconds that clocks may be apart; see [`CLOCK_SKEW`].
    pub clock_skew: Option<u64>,
    /// Claims that become metadata: `sub: x-user-id`. A dot leads into an object.
    pub claims: BTreeMap<String, String>,
    /// The claim that holds scopes, a list or separated by spaces; none means `scope`.
    pub scope_claim: Option<String>,
}

/// Keys that are taken.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyPolicy {
    /// A file with a line for each key: its name, the SHA-256 of the key in hexadecimal, and its scopes. It is read again
    /// when it changes.
    pub file: PathBuf,
    /// The header that holds a key; none means `x-api-key`.
    pub header: Option<String>,
    /// The parameter of the query that holds it where there is no header.
    pub query: Option<String>,
}

/// What holds for methods.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulePolicy {
    /// `pkg.Service/Method`; `*` stands for anything.
    pub methods: Vec<String>,
    /// Who may: `anyone`, `known` (whoever shows a credential) or `nobody`; none means `known`.
    pub allow: Allow,
    /// One of these clients: the name of a key, the subject of a token, or the subject or an alternative name of a
    /// certificate; `*` stands for anything.
    pub clients: Vec<String>,
    /// Every one of these scopes is needed.
    pub scopes: Vec<String>,
    /// These claims of the token must be so, or hold this.
    pub claims: BTreeMap<String, String>,
}

/// Who may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allow {
    /// Everybody.
    Anyone,
    /// Whoever shows a credential.
    #[default]
    Known,
    /// Nobody.
    Nobody,
}
