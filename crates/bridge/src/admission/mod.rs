//! Who may call what, and how often. Every face asks before its call, by [`Shared::admit`](crate::bridge::Shared::admit).
//!
//! Credentials are compared in constant time or by signature, and are in no message, log or metric.

mod identity;
mod issuers;
mod jwt;
mod keys;
mod limits;
mod policy;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

pub(crate) use identity::ClientCertificate;
pub use issuers::{JWKS_BYTES, JWKS_GAP, JWKS_INTERVAL, JWKS_TIMEOUT, JWKS_WAIT};
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
use identity::Identity;
use issuers::{Place, Source};
use keys::Keys;
use limits::{Key, Limits};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;
use wirelab_call::Web;
use wirelab_model::{Metadatum, Problem, ProblemKind, StatusCode};

/// The largest file of keys that is read, bytes.
pub const KEY_FILE_BYTES: u64 = 16 << 20;
/// The header of an API key unless another is named.
const KEY_HEADER: &str = "x-api-key";

/// A policy at work.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Replaced as a whole when the policy or a file of it changes.
    state: RwLock<Arc<State>>,
    /// What asks for keys.
    web: Web,
}

/// What a policy comes to with what its files hold.
#[derive(Debug)]
pub(crate) struct State {
    pub policy: Policy,
    limits: Limits,
    issuers: Vec<Arc<Source>>,
    keys: Option<Keys>,
    key_header: HeaderName,
    withheld: Arc<[String]>,
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

impl Admission {
    /// Must be called inside a Tokio runtime where keys are on the web.
    ///
    /// # Errors
    /// Names the file or word of the policy that will not do.
    pub fn new(policy: &Policy) -> Result<Admission, Problem> {
        let web = Web::new();
        let state = RwLock::new(Arc::new(State::new(policy, None, &web)?));
        Ok(Admission { state, web })
    }

    /// What holds now.
    pub fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files that it depends on.
    pub fn files(&self) -> Vec<PathBuf> {
        let state = self.state();
        let issuers = state.policy.jwt.iter().filter_map(|policy| match Place::of(policy) {
            Ok(Place::File(path)) => Some(path),
            _ => None,
        });
        issuers.chain(state.policy.api_keys.iter().map(|keys| keys.file.clone())).collect()
    }

    /// Reads those files again, under the policy that holds or another one. Waits for keys on the web that are new in it.
    ///
    /// # Errors
    /// What is wrong with the files or the policy; what held before then holds.
    pub async fn reload(self: Arc<Self>, policy: Option<Policy>) -> Result<(), Problem> {
        let (admission, before) = (self.clone(), self.state());
        let read = tokio::task::spawn_blocking(move || {
            let policy = policy.as_ref().unwrap_or(&before.policy);
            State::new(policy, Some(&before), &admission.web)
        });
        let failed = |_| Problem::new(ProblemKind::Internal, "the policy could not be read");
        let state = read.await.map_err(failed)??;
        for (issuer, policy) in state.issuers.iter().zip(&state.policy.jwt) {
            if !issuer.first().await {
                let place = policy.keys.as_ref().or(policy.issuer.as_ref());
                let message = "the keys of tokens cannot be had";
                return Err(Problem::new(ProblemKind::Unreachable, message)
                    .at(place.cloned().unwrap_or_default())
                    .help("the log says why"));
            }
        }
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    /// Whether the keys of all issuers are there.
    pub fn is_ready(&self) -> bool {
        self.state().issuers.iter().all(|source| source.issuer().is_some())
    }

    /// Has keys asked for that a request may need and that are not there.
    pub async fn prepare(&self, head: &request::Parts) {
        let state = self.state();
        if let Some(token) = bearer(&head.headers) {
            for issuer in &state.issuers {
                issuer.look_for(token).await;
            }
        }
    }

    /// Whether [`prepare`](Admission::prepare) has anything to do.
    pub fn looks_for_keys(&self) -> bool {
        self.state().issuers.iter().any(|issuer| matches!(**issuer, Source::Web(_)))
    }

    /// See [`State::unhide`].
    pub fn unhide(&self, head: &mut request::Parts) {
        self.state().unhide(head);
    }

    /// Who sent the request, as far as the address tells.
    pub fn client(&self, head: &request::Parts) -> Client {
        self.state().client(head)
    }

    /// See [`State::admit`].
    ///
    /// # Errors
    /// 401 and 403 by credentials and rules, 429 and 503 by limits.
    pub fn admit(&self, head: &request::Parts, method: &str) -> Result<Admitted, Refusal> {
        self.state().admit(head, method)
    }
}

impl State {
    /// What is as it was before is taken from there. Blocks.
    fn new(policy: &Policy, before: Option<&State>, web: &Web) -> Result<State, Problem> {
        let header = policy.api_keys.as_ref().and_then(|keys| keys.header.as_deref());
        let header = header.unwrap_or(KEY_HEADER);
        let key_header: HeaderName = header.to_ascii_lowercase().parse().map_err(|_| {
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
        let keys = match &policy.api_keys {
            None => None,
            Some(KeyPolicy { file, .. }) => {
                let text = read(file)?;
                let keys = Keys::parse(&String::from_utf8_lossy(&text));
                Some(keys.map_err(|problem| at(problem, file))?)
            }
        };
        let issuer = |policy: &JwtPolicy| {
            let known =
                before.into_iter().flat_map(|state| state.policy.jwt.iter().zip(&state.issuers));
            // A file is read again; who is asked on the web goes on being asked.
            let same = known
                .into_iter()
                .find(|(known, source)| *known == policy && matches!(***source, Source::Web(_)));
            match same {
                Some((_, source)) => Ok(source.clone()),
                None => Source::open(policy, web).map(Arc::new),
            }
        };
        let limits = match before {
            Some(before) => before.limits.changed(policy.limits.clone()),
            None => Limits::new(policy.limits.clone()),
        };
        Ok(State {
            issuers: policy.jwt.iter().map(issuer).collect::<Result<_, _>>()?,
            limits,
            policy: policy.clone(),
            keys,
            key_header,
            withheld: withheld.into(),
        })
    }

    /// Whether anything is taken for a credential.
    fn wants(&self) -> bool {
        let Policy { jwt, api_keys, client_certificates, .. } = &self.policy;
        !jwt.is_empty() || api_keys.is_some() || *client_certificates
    }

    /// The header of an API key, where keys are taken.
    pub fn key_header(&self) -> Option<&HeaderName> {
        self.keys.as_ref().map(|_| &self.key_header)
    }

    /// Moves a key from the query to its header, where the policy lets it be in the query: nothing behind this sees it
    /// there.
    fn unhide(&self, head: &mut request::Parts) {
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
        let wants = self.wants();
        let certificate = head.extensions.get::<ClientCertificate>();
        let identity = match wants {
            true => self.identify(&head.headers, client.ip, certificate)?,
            false => None,
        };
        let open = rule.map_or(!wants, |rule| rule.allow == Allow::Anyone);
        let mut metadata = Vec::new();
        match (identity, rule) {
            (None, _) if !open => return Err(self.challenge(None, "a credential is needed")),
            (None, _) => client.name = certificate.map(ClientCertificate::name),
            (Some(identity), rule) => {
                if let Some(rule) = rule {
                    identity.may(rule, !self.policy.jwt.is_empty())?;
                }
                client.name = Some(identity.name);
                metadata = identity.metadata;
            }
        }
        let slot = self.limits.take(|| Key::of(client.name.as_ref(), client.ip), Instant::now())?;
        Ok(Admitted { client, withheld: self.withheld.clone(), metadata, slot })
    }

    /// Whom the credentials show, if there are any: a key goes before a token, and a certificate, which the client cannot
    /// choose for each request, comes last.
    fn identify(
        &self,
        headers: &HeaderMap,
        ip: Option<IpAddr>,
        certificate: Option<&ClientCertificate>,
    ) -> Result<Option<Identity>, Refusal> {
        let refuse = |why: &str| {
            // Whoever tries one credential after the other is limited by the address.
            match self.limits.take(|| Key::of(None, ip), Instant::now()) {
                Ok(_) => self.challenge(Some("invalid_token"), why),
                Err(limited) => limited,
            }
        };
        if let Some(keys) = &self.keys
            && let Some(secret) = headers.get(&self.key_header)
        {
            let key = keys.find(secret.as_bytes()).ok_or_else(|| refuse("the key is not known"))?;
            return Ok(Some(Identity::of_key(key)));
        }
        let Some(token) = bearer(headers).filter(|_| !self.issuers.is_empty()) else {
            let certificate = certificate.filter(|_| self.policy.client_certificates);
            return Ok(certificate.map(Identity::of_certificate));
        };
        let (mut why, mut waits) = ("no issuer is known", false);
        for source in &self.issuers {
            let Some(issuer) = source.issuer() else {
                waits = true;
                continue;
            };
            match issuer.check(token) {
                Ok(claims) => return Ok(Some(Identity::of_token(&issuer, claims))),
                Err(wrong) => why = wrong,
            }
        }
        // One that nothing is known of may be the one.
        Err(if waits { limits::busy("the keys of tokens are not there yet") } else { refuse(why) })
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
