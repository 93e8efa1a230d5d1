//! Whom a request has shown to come from: the holder of a token, of a key or of a certificate.

use super::jwt::Issuer;
use super::keys::Key;
use super::policy::RulePolicy;
use super::{forbidden, rules};
use crate::refusal::Refusal;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Map, Value};
use std::sync::Arc;
use wirelab_model::{CertificateInfo, Metadatum};

/// The certificate that a client showed and that was believed, put into a request's extensions by whatever listens.
#[derive(Clone, Debug)]
pub(crate) struct ClientCertificate {
    info: Arc<CertificateInfo>,
    name: Arc<str>,
}

impl ClientCertificate {
    /// By its DER.
    pub fn new(der: &[u8]) -> ClientCertificate {
        let info = wirelab_call::certificate_info(der);
        // One that says nobody's name has its digest.
        let names = info.names.first().into_iter().chain([&info.subject, &info.sha256]);
        let name = names.into_iter().find(|name| !name.is_empty()).map_or("", String::as_str);
        ClientCertificate { name: name.into(), info: Arc::new(info) }
    }

    /// What it is called in limits and logs: the first of its alternative names, or its subject.
    pub fn name(&self) -> Arc<str> {
        self.name.clone()
    }
}

/// Who a client has shown to be.
pub(super) struct Identity {
    pub name: Arc<str>,
    pub scopes: Vec<String>,
    claims: Map<String, Value>,
    pub metadata: Vec<Metadatum>,
    certificate: Option<ClientCertificate>,
}

impl Identity {
    /// The holder of a key.
    pub fn of_key(key: &Key) -> Identity {
        Identity::named(key.name.clone(), key.scopes.clone())
    }

    /// The holder of a certificate.
    pub fn of_certificate(certificate: &ClientCertificate) -> Identity {
        let identity = Identity::named(certificate.name(), Vec::new());
        Identity { certificate: Some(certificate.clone()), ..identity }
    }

    fn named(name: Arc<str>, scopes: Vec<String>) -> Identity {
        let (claims, metadata) = Default::default();
        Identity { name, scopes, claims, metadata, certificate: None }
    }

    /// The holder of a token of `issuer`.
    pub fn of_token(issuer: &Issuer, claims: Map<String, Value>) -> Identity {
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
        Identity { claims, metadata, ..Identity::named(name, scopes) }
    }

    /// Whether a rule lets it in; `tokens` says that another token could help (RFC 6750 §3.1).
    pub fn may(&self, rule: &RulePolicy, tokens: bool) -> Result<(), Refusal> {
        if !rule.clients.is_empty() && !rule.clients.iter().any(|pattern| self.is(pattern)) {
            return Err(forbidden("this client may not call this method"));
        }
        let lacking: Vec<&str> = rule
            .scopes
            .iter()
            .filter(|scope| !self.scopes.contains(scope))
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
            rules::claim(&self.claims, path).is_some_and(|claim| rules::holds(claim, wanted))
        };
        match rule.claims.iter().find(|claim| !has(*claim)) {
            Some((path, _)) => Err(forbidden(&format!("the claim {path} is not what is needed"))),
            None => Ok(()),
        }
    }

    /// Whether a pattern stands for one of its names: a key's, a token's subject, a certificate's subject or one of its
    /// alternative names.
    fn is(&self, pattern: &str) -> bool {
        if let Some(certificate) = &self.certificate {
            let CertificateInfo { subject, names, .. } = &*certificate.info;
            return names.iter().chain([subject]).any(|name| rules::stands_for(pattern, name));
        }
        let subject = self.claims.get("sub").and_then(Value::as_str);
        subject.into_iter().chain([&*self.name]).any(|name| rules::stands_for(pattern, name))
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
