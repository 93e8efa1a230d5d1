//! Tokens (RFC 7519) against the keys of an issuer: a JSON Web Key Set (RFC 7517) or one public key as PEM.

use super::policy::{CLOCK_SKEW, JwtPolicy};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use std::collections::HashSet;
use wirelab_model::{Problem, ProblemKind};

/// The most keys of a set.
pub const MAX_JWKS: usize = 1_000;
/// The longest token that is looked at, bytes.
pub const TOKEN_BYTES: usize = 16 << 10;

/// The keys of one issuer, and what its tokens must say.
pub(super) struct Issuer {
    pub policy: JwtPolicy,
    keys: Vec<Key>,
    validation: Validation,
}

struct Key {
    id: Option<String>,
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// Keys are not told.
impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Issuer {
    /// An issuer with the keys in `text`.
    ///
    /// # Errors
    /// Names what will not do.
    pub fn new(policy: &JwtPolicy, text: &[u8]) -> Result<Issuer, Problem> {
        let wrong = |message: String| Problem::new(ProblemKind::Mismatch, message);
        let named = algorithms(policy)?;
        // Anybody who could check a shared secret could sign with it: only where that is meant.
        let wanted = |algorithm: &Algorithm| match named.is_empty() {
            true => !AlgorithmFamily::Hmac.algorithms().contains(algorithm),
            false => named.contains(algorithm),
        };
        let mut keys = match text.trim_ascii_start().first() {
            Some(b'{') => set(text)?,
            Some(b'-') => vec![pem(text)?],
            _ => {
                return Err(wrong("there are neither a JSON Web Key Set nor a key as PEM".into())
                    .help("write {\"keys\": […]} or -----BEGIN PUBLIC KEY-----"));
            }
        };
        for key in &mut keys {
            key.algorithms.retain(wanted);
        }
        keys.retain(|key| !key.algorithms.is_empty());
        if keys.is_empty() {
            return Err(wrong("none of the keys is for an algorithm that is taken".into()).help(
                "name the algorithms, such as RS256; those of shared secrets have to be named",
            ));
        }
        let mut validation = Validation {
            leeway: policy.clock_skew.unwrap_or(CLOCK_SKEW),
            validate_nbf: true,
            validate_aud: !policy.audience.is_empty(),
            ..Validation::default()
        };
        let mut required = HashSet::from(["exp".to_owned()]);
        if validation.validate_aud {
            validation.set_audience(&policy.audience);
            required.insert("aud".to_owned());
        }
        if let Some(issuer) = &policy.issuer {
            validation.set_issuer(&[issuer]);
            required.insert("iss".to_owned());
        }
        validation.required_spec_claims = required;
        Ok(Issuer { policy: policy.clone(), keys, validation })
    }

    /// Sees whether a policy will do, before there are keys.
    ///
    /// # Errors
    /// As [`new`](Issuer::new).
    pub fn check_policy(policy: &JwtPolicy) -> Result<(), Problem> {
        algorithms(policy).map(drop)
    }

    /// Whether a key may be the one of this name.
    pub fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref().is_none_or(|known| known == id))
    }

    /// The claims of a token that this issuer made.
    ///
    /// # Errors
    /// What is wrong with it, without what it holds.
    pub fn check(&self, token: &str) -> Result<Map<String, Value>, &'static str> {
        const UNREADABLE: &str = "the token cannot be read";
        if token.len() > TOKEN_BYTES {
            return Err("the token is too long");
        }
        let header = decode_header(token).map_err(|_| UNREADABLE)?;
        let mut why = "no key is known for the token";
        for key in &self.keys {
            let other = matches!((&header.kid, &key.id), (Some(wanted), Some(id)) if wanted != id);
            if other || !key.algorithms.contains(&header.alg) {
                continue;
            }
            let mut validation = self.validation.clone();
            validation.algorithms.clone_from(&key.algorithms);
            match decode::<Map<String, Value>>(token, &key.key, &validation) {
                Ok(token) => return Ok(token.claims),
                Err(error) => {
                    why = match error.kind() {
                        ErrorKind::InvalidSignature => "the token's signature is wrong",
                        ErrorKind::ExpiredSignature => return Err("the token has expired"),
                        ErrorKind::ImmatureSignature => return Err("the token is not valid yet"),
                        ErrorKind::InvalidIssuer => return Err("the token is of another issuer"),
                        ErrorKind::InvalidAudience => return Err("the token is for somebody else"),
                        ErrorKind::MissingRequiredClaim(_) => {
                            return Err("the token lacks a claim that it must have");
                        }
                        _ => UNREADABLE,
                    }
                }
            }
        }
        Err(why)
    }
}

/// The algorithms that a policy names.
fn algorithms(policy: &JwtPolicy) -> Result<Vec<Algorithm>, Problem> {
    let known = |name: &String| {
        name.parse().map_err(|_| {
            let message = format!("{name:?} is no algorithm of tokens");
            Problem::new(ProblemKind::Mismatch, message).help(
                "there are HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA",
            )
        })
    };
    policy.algorithms.iter().map(known).collect()
}

/// The name of the key that a token is said to be signed by.
pub(super) fn key_id(token: &str) -> Option<String> {
    decode_header(token).ok().filter(|_| token.len() <= TOKEN_BYTES)?.kid
}

fn set(text: &[u8]) -> Result<Vec<Key>, Problem> {
    let set: Value = serde_json::from_slice(text).map_err(|error| {
        Problem::new(ProblemKind::Syntax, format!("the JSON Web Key Set cannot be read: {error}"))
    })?;
    let all = match set.get("keys") {
        Some(Value::Array(all)) => all.clone(),
        // A single key.
        _ => vec![set],
    };
    if all.len() > MAX_JWKS {
        let message = format!("there are more than {MAX_JWKS} keys");
        return Err(Problem::new(ProblemKind::TooLarge, message));
    }
    // What is of a kind that we do not know is left out (RFC 7517 §5).
    let known = all.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let set = JwkSet { keys: known.collect() };
    Ok(set.keys.iter().filter_map(key).collect())
}

fn key(jwk: &Jwk) -> Option<Key> {
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    let algorithms = match jwk.common.key_algorithm {
        Some(one) => vec![Algorithm::try_from(one).ok()?],
        None => key.family().algorithms().to_vec(),
    };
    Some(Key { id: jwk.common.key_id.clone(), key, algorithms })
}

type FromPem = fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>;

fn pem(text: &[u8]) -> Result<Key, Problem> {
    let kinds: [FromPem; 3] =
        [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
    let key = kinds.iter().find_map(|kind| kind(text).ok()).ok_or_else(|| {
        Problem::new(ProblemKind::Mismatch, "the public key cannot be read")
            .help("give a public key of RSA, P-256, P-384 or Ed25519 as PEM")
    })?;
    Ok(Key { id: None, algorithms: key.family().algorithms().to_vec(), key })
}
