//! Who may call what, and how often. Every face asks before its call, by [`Shared::admit`](crate::bridge::Shared::admit).
//!
//! Credentials are compared in constant time or by signature, and are in no message, log or metric.

mod jwt;
mod keys;
mod limits;
mod policy;
mod rules;
#[cfg(test)]
mod tests;

pub use jwt::{MAX_JWKS, TOKEN_BYTES};
pub use keys::MAX_KEYS;
pub(crate) use limits::Slot;
pub use policy::{
    Allow, CLOCK_SKEW, JwtPolicy, KeyPolicy, LimitPolicy, Policy, REMEMBERED_CLIENTS, RulePolicy,
};

use crate::headers::Peer;
use crate::observe::Client;
use crate::refusal::Refusal;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, request};
use jwt::Issuer;
use keys::Keys;
use limits::{Key, Limits};
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;
use wirelab_model::{Metadatum, Problem, ProblemKind, StatusCode};

/// The largest file of keys that is read, bytes.
pub const KEY_FILE_BYTES: u64 = 16 << 20;
/// The header of an API key unless another is named.
const KEY_HEADER: &str = "x-api-key";

/// A policy at work.
#[derive(Debug)]
pub(crate) struct Admission {
    policy: Policy,
    limits: Limits,
    /// What the files of keys hold; replaced as a whole when they change.
    known: RwLock<Arc<Known>>,
    key_header: HeaderName,
    withheld: Arc<[String]>,
}

#[derive(Debug, Default)]
struct Known {
    issuers: Vec<Issuer>,
    keys: Option<Keys>,
}

/// A request that may become a call.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    pub client: Client,
    /// Metadata that is not the client's to give.
    pub withheld: Arc<[String]>,
    pub metadata: Vec<Metadatum>,
    pub slot: Option<Slot>,
}

/// Who a client has shown to be.
struct Identity {
    name: Arc<str>,
    scopes: Vec<String>,
    claims: Map<String, Value>,
    metadata: Vec<Metadatum>,
}

impl Admission {
    /// # Errors
    /// Names the file or word of the policy that will not do.
    pub fn new(policy: &Policy) -> Result<Admission, Problem> {
        let header = policy.api_keys.as_ref().and_then(|keys| keys.header.as_deref());
        let header = header.unwrap_or(KEY_HEADER);
        let key_header = header.to_ascii_lowercase().parse().map_err(|_| {
            Problem::new(ProblemKind::Mismatch, "this is no name of a header").at(header)
        })?;
        let mut withheld: Vec<String> = Vec::new();
        for (claim, name) in policy.jwt.iter().flat_map(|issuer| &issuer.claims) {
            let good = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)
            };
            if name.is_empty() || !name.bytes().all(good) || name.ends_with("-bin") {
                let message = format!("the claim {claim} cannot become metadata of this name");
                return Err(Problem::new(ProblemKind::Mismatch, message)
                    .at(name)
                    .help("use lower-case letters, digits and - _ . without -bin at the end"));
            }
            withheld.push(name.clone());
        }
        if !policy.forward_credentials {
            withheld.extend((!policy.jwt.is_empty()).then(|| AUTHORIZATION.to_string()));
            withheld.extend(policy.api_keys.is_some().then(|| format!("{key_header}")));
        }
        Ok(Admission {
            known: RwLock::new(Arc::new(Known::read(policy)?)),
            limits: Limits::new(policy.limits.clone()),
            policy: policy.clone(),
            key_header,
            withheld: withheld.into(),
        })
    }

    /// The files that it depends on.
    pub fn files(&self) -> Vec<PathBuf> {
        let issuers = self.policy.jwt.iter().map(|issuer| issuer.keys.clone());
        issuers.chain(self.policy.api_keys.iter().map(|keys| keys.file.clone())).collect()
    }

    /// Reads those files again.
    ///
    /// # Errors
    /// What is wrong with them; what they held before then holds.
    pub fn reload(&self) -> Result<(), Problem> {
        let known = Arc::new(Known::read(&self.policy)?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// Moves a key from the query to its header, where the policy lets it be in the query: nothing behind this sees it
    /// there.
    pub fn unhide(&self, head: &mut request::Parts) {
        let name = self.policy.api_keys.as_ref().and_then(|keys| keys.query.as_deref());
        let (Some(name), Some(query)) = (name, head.uri.query()) else { return };
        let is_key = |pair: &&str| pair.split('=').next() == Some(name);
        let Some(found) = query.split('&').find(is_key) else { return };
        let secret = found.split_once('=').map_or("", |(_, value)| value);
        let secret = percent_encoding::percent_decode_str(secret).collect::<Vec<u8>>();
        if let Ok(mut secret) = HeaderValue::from_bytes(&secret)
            && !head.headers.contains_key(&self.key_header)
        {
            secret.set_sensitive(true);
            head.headers.insert(self.key_header.clone(), secret);
        }
        let rest: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
        let target = match rest.is_empty() {
            true => head.uri.path().to_owned(),
            false => format!("{}?{}", head.uri.path(), rest.join("&")),
        };
        let mut parts = std::mem::take(&mut head.uri).into_parts();
        // It was one before, and nothing was added.
        parts.path_and_query = target.parse().ok();
        head.uri = Uri::from_parts(parts).unwrap_or_default();
    }

    /// Who sent the request, as far as the address tells.
    pub fn client(&self, head: &request::Parts) -> Client {
        Client { ip: address(head, self.policy.trusted_proxies), name: None }
    }

    /// Whether a call of `method` may begin.
    ///
    /// # Errors
    /// 401 and 403 by credentials and rules, 429 and 503 by limits.
    pub fn admit(&self, head: &request::Parts, method: &str) -> Result<Admitted, Refusal> {
        let mut client = self.client(head);
        let rule = rules::rule(&self.policy.rules, method);
        if rule.is_none() && !self.policy.rules.is_empty() {
            return Err(forbidden("no rule lets anybody call this method"));
        }
        if rule.is_some_and(|rule| rule.allow == Allow::Nobody) {
            return Err(forbidden("nobody may call this method"));
        }
        let wants = !self.policy.jwt.is_empty() || self.policy.api_keys.is_some();
        let identity = match wants {
            true => self.identify(&head.headers, client.ip)?,
            false => None,
        };
        let open = rule.map_or(!wants, |rule| rule.is_open());
        let mut metadata = Vec::new();
        match (identity, rule) {
            (None, _) if !open => return Err(self.challenge(None, "a credential is needed")),
            (None, _) => {}
            (Some(identity), rule) => {
                if let Some(rule) = rule {
                    may(&identity, rule, !self.policy.jwt.is_empty())?;
                }
                client.name = Some(identity.name);
                metadata = identity.metadata;
            }
        }
        let slot = self.limits.take(|| Key::of(client.name.as_ref(), client.ip), Instant::now())?;
        Ok(Admitted { client, withheld: self.withheld.clone(), metadata, slot })
    }

    /// Whom the credentials show, if there are any.
    fn identify(
        &self,
        headers: &HeaderMap,
        ip: Option<IpAddr>,
    ) -> Result<Option<Identity>, Refusal> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let refuse = |why: &str| {
            // Whoever tries one credential after the other is limited by the address.
            match self.limits.take(|| Key::of(None, ip), Instant::now()) {
                Ok(_) => self.challenge(Some("invalid_token"), why),
                Err(limited) => limited,
            }
        };
        if let Some(keys) = &known.keys
            && let Some(secret) = headers.get(&self.key_header)
        {
            let key = keys.find(secret.as_bytes()).ok_or_else(|| refuse("the key is not known"))?;
            return Ok(Some(Identity {
                name: key.name.clone(),
                scopes: key.scopes.clone(),
                claims: Map::new(),
                metadata: Vec::new(),
            }));
        }
        let Some(token) = bearer(headers).filter(|_| !known.issuers.is_empty()) else {
            return Ok(None);
        };
        let mut why = "no issuer is known";
        for issuer in &known.issuers {
            match issuer.check(token) {
                Ok(claims) => return Ok(Some(Identity::new(issuer, claims))),
                Err(wrong) => why = wrong,
            }
        }
        Err(refuse(why))
    }

    /// 401 (RFC 9110 §15.5.2), as RFC 6750 §3 words it for tokens.
    fn challenge(&self, error: Option<&str>, why: &str) -> Refusal {
        let mut refusal = Refusal::new(StatusCode::Unauthenticated, why);
        if !self.policy.jwt.is_empty() {
            let error =
                error.map(|error| format!(", error=\"{error}\", error_description=\"{why}\""));
            let value = format!("Bearer realm=\"wirelab\"{}", error.unwrap_or_default());
            if let Ok(value) = HeaderValue::from_str(&value) {
                refusal = refusal.header(WWW_AUTHENTICATE, value);
            }
        }
        if self.policy.api_keys.is_some() {
            let value = format!("ApiKey realm=\"wirelab\", header=\"{}\"", self.key_header);
            if let Ok(value) = HeaderValue::from_str(&value) {
                refusal = refusal.header(WWW_AUTHENTICATE, value);
            }
        }
        refusal
    }
}

impl Known {
    fn read(policy: &Policy) -> Result<Known, Problem> {
        let issuer = |policy: &JwtPolicy| {
            let text = read(&policy.keys)?;
            Issuer::new(policy, &text).map_err(|problem| at(problem, &policy.keys))
        };
        let issuers = policy.jwt.iter().map(issuer).collect::<Result<_, _>>()?;
        let keys = match &policy.api_keys {
            None => None,
            Some(KeyPolicy { file, .. }) => {
                let text = read(file)?;
                let keys = Keys::parse(&String::from_utf8_lossy(&text));
                Some(keys.map_err(|problem| at(problem, file))?)
            }
        };
        Ok(Known { issuers, keys })
    }
}

fn at(problem: Problem, path: &Path) -> Problem {
    problem.at(path.display().to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let io = |error: std::io::Error| {
        let message = format!("the file of keys cannot be read: {error}");
        at(Problem::new(ProblemKind::Io, message), path)
    };
    if std::fs::metadata(path).map_err(io)?.len() > KEY_FILE_BYTES {
        let message = format!("the file of keys is larger than {} MiB", KEY_FILE_BYTES >> 20);
        return Err(at(Problem::new(ProblemKind::TooLarge, message), path));
    }
    std::fs::read(path).map_err(io)
}

impl Identity {
    fn new(issuer: &Issuer, claims: Map<String, Value>) -> Identity {
        let text = |path: &str| rules::claim(&claims, path).and_then(worded);
        let metadata = issuer.policy.claims.iter();
        let metadata = metadata
            .filter_map(|(claim, name)| Some(Metadatum::text(name, text(claim)?)))
            .collect();
        let scope = issuer.policy.scope_claim.as_deref().unwrap_or("scope");
        let scopes = match rules::claim(&claims, scope) {
            Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
            Some(Value::Array(all)) => {
                all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        let issued = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        // Two issuers may have the same names for different people.
        let name =
            if issued.is_empty() { subject.into() } else { format!("{issued} {subject}").into() };
        Identity { name, scopes, claims, metadata }
    }
}

/// A claim as metadata: what gRPC cannot carry as text is left out.
fn worded(claim: &Value) -> Option<String> {
    let text = match claim {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Array(all) => {
            let all: Option<Vec<String>> = all.iter().map(worded).collect();
            all?.join(",")
        }
        Value::Object(_) | Value::Null => return None,
    };
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte)).then_some(text)
}

/// Whether a rule lets somebody in who is known; `tokens` says that another token could help (RFC 6750 §3.1).
fn may(identity: &Identity, rule: &RulePolicy, tokens: bool) -> Result<(), Refusal> {
    let lacking: Vec<&str> = rule
        .scopes
        .iter()
        .filter(|scope| !identity.scopes.contains(scope))
        .map(String::as_str)
        .collect();
    if !lacking.is_empty() {
        let value = format!(
            "Bearer realm=\"wirelab\", error=\"insufficient_scope\", scope=\"{}\"",
            rule.scopes.join(" ")
        );
        let refusal = forbidden(&format!("the scope {} is needed", lacking.join(" ")));
        return Err(match HeaderValue::from_str(&value) {
            Ok(value) if tokens => refusal.header(WWW_AUTHENTICATE, value),
            _ => refusal,
        });
    }
    let has = |(path, wanted): (&String, &String)| {
        rules::claim(&identity.claims, path).is_some_and(|claim| rules::holds(claim, wanted))
    };
    match rule.claims.iter().find(|claim| !has(*claim)) {
        Some((path, _)) => Err(forbidden(&format!("the claim {path} is not what is needed"))),
        None => Ok(()),
    }
}

fn forbidden(why: &str) -> Refusal {
    Refusal::new(StatusCode::PermissionDenied, why)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The client's address: the connection's, or what the proxies in front added to `X-Forwarded-For`, each at its end.
fn address(head: &request::Parts, proxies: usize) -> Option<IpAddr> {
    let peer = head.extensions.get::<Peer>().and_then(|peer| peer.ip);
    if proxies == 0 {
        return peer;
    }
    let values = head.headers.get_all("x-forwarded-for").iter();
    let lines: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let all: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    let told = all.len().checked_sub(proxies).and_then(|at| all.get(at)?.parse().ok());
    told.or(peer)
}
