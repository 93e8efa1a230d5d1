//! Tokens signed here (RFC 7515, RFC 7518, RFC 7519).

use super::wrong;
use crate::tls::signing_key;
use base64::Engine;
use base64::engine::{GeneralPurpose, general_purpose};
use ring::hmac;
use rustls::{SignatureAlgorithm, SignatureScheme};
use serde_json::{Map, Value, json};
use wirelab_model::{JwtAuth, Problem, ProblemKind, Secret};

/// Seconds from `iat` to `exp` where nothing is said.
const DEFAULT_LIFETIME_S: u64 = 3_600;

const BASE64URL: GeneralPurpose = general_purpose::URL_SAFE_NO_PAD;

/// How a token is signed.
enum Algorithm {
    Hmac(hmac::Algorithm),
    /// The size of a number in the signature, where it is not what TLS has: bytes.
    Key(SignatureScheme, Option<usize>),
}

/// Every `alg` that is signed here (RFC 7518 §3.1, RFC 8037 §3.1).
const ALGORITHMS: &str =
    "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA";

impl Algorithm {
    fn named(name: &str) -> Option<Algorithm> {
        use SignatureScheme as S;
        Some(match name {
            "HS256" => Algorithm::Hmac(hmac::HMAC_SHA256),
            "HS384" => Algorithm::Hmac(hmac::HMAC_SHA384),
            "HS512" => Algorithm::Hmac(hmac::HMAC_SHA512),
            "RS256" => Algorithm::Key(S::RSA_PKCS1_SHA256, None),
            "RS384" => Algorithm::Key(S::RSA_PKCS1_SHA384, None),
            "RS512" => Algorithm::Key(S::RSA_PKCS1_SHA512, None),
            "PS256" => Algorithm::Key(S::RSA_PSS_SHA256, None),
            "PS384" => Algorithm::Key(S::RSA_PSS_SHA384, None),
            "PS512" => Algorithm::Key(S::RSA_PSS_SHA512, None),
            "ES256" => Algorithm::Key(S::ECDSA_NISTP256_SHA256, Some(32)),
            "ES384" => Algorithm::Key(S::ECDSA_NISTP384_SHA384, Some(48)),
            "EdDSA" => Algorithm::Key(S::ED25519, None),
            _ => return None,
        })
    }
}

/// The token, in the compact form (RFC 7515 §7.1); `now` is seconds since the Unix epoch.
pub(super) fn sign(jwt: &JwtAuth, now: i64) -> Result<Secret, Problem> {
    let name = jwt.algorithm.trim();
    let Some(algorithm) = Algorithm::named(name) else {
        let message =
            format!("`{}` is not a way in which tokens are signed here", name.escape_debug());
        return Err(wrong("auth.algorithm", message, format!("choose {ALGORITHMS}")));
    };
    let header = header(jwt, name)?;
    let claims = claims(jwt, now)?;
    let mut token = format!("{}.{}", encode(&header), encode(&claims));
    let signature = match algorithm {
        Algorithm::Hmac(algorithm) => {
            let key = hmac::Key::new(algorithm, &shared(jwt)?);
            hmac::sign(&key, token.as_bytes()).as_ref().to_vec()
        }
        Algorithm::Key(scheme, width) => {
            let signature = by_key(jwt, name, scheme, token.as_bytes())?;
            match width {
                None => signature,
                Some(width) => fixed(&signature, width).ok_or_else(|| {
                    Problem::new(ProblemKind::Internal, "the signature cannot be written")
                })?,
            }
        }
    };
    token.push('.');
    BASE64URL.encode_string(signature, &mut token);
    Ok(Secret(token))
}

fn encode(part: &Map<String, Value>) -> String {
    BASE64URL.encode(Value::Object(part.clone()).to_string())
}

fn object(text: &str, place: &str, what: &str) -> Result<Map<String, Value>, Problem> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            Err(wrong(place, format!("{what} are not a JSON object"), "write {\"name\": value}"))
        }
        Err(error) => {
            let column = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
            let before = line.get(..error.column().min(line.len())).unwrap_or(line);
            let row = u32::try_from(error.line()).unwrap_or(u32::MAX);
            Err(Problem::new(ProblemKind::Syntax, format!("{what} are not JSON: {error}"))
                .help("write {\"name\": value}")
                .at(place)
                .span(row.max(1), column(before).max(1)))
        }
    }
}

fn header(jwt: &JwtAuth, algorithm: &str) -> Result<Map<String, Value>, Problem> {
    let more = object(&jwt.header, "auth.header", "the header fields")?;
    if more.get("alg").is_some_and(|alg| alg != algorithm) {
        let message = "the header names another `alg` than the algorithm chosen";
        return Err(wrong("auth.header", message, "leave `alg` out of the header fields"));
    }
    let mut header = Map::new();
    header.insert("alg".into(), algorithm.into());
    header.insert("typ".into(), "JWT".into());
    header.extend(more);
    Ok(header)
}

fn claims(jwt: &JwtAuth, now: i64) -> Result<Map<String, Value>, Problem> {
    let mut claims = object(&jwt.claims, "auth.claims", "the claims")?;
    for name in ["iat", "exp", "nbf"] {
        if claims.get(name).is_some_and(|value| !value.is_number()) {
            let message = format!("the claim `{name}` is not a number");
            let help = "write seconds since 1970, or leave it out";
            return Err(wrong("auth.claims", message, help));
        }
    }
    let issued = claims.entry("iat").or_insert_with(|| now.into());
    let issued = issued.as_i64().unwrap_or(now);
    let lifetime = if jwt.lifetime_s == 0 { DEFAULT_LIFETIME_S } else { jwt.lifetime_s };
    let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
    claims.entry("exp").or_insert_with(|| json!(issued.saturating_add(lifetime)));
    Ok(claims)
}

/// The shared secret.
fn shared(jwt: &JwtAuth) -> Result<Vec<u8>, Problem> {
    let key = &jwt.key.0;
    if key.is_empty() {
        let help = "secrets are not kept: give it again";
        return Err(wrong("auth.key", "the shared secret is empty", help));
    }
    if !jwt.key_is_base64 {
        return Ok(key.as_bytes().to_vec());
    }
    let compact: String = key.split_whitespace().collect();
    let compact = compact.trim_end_matches('=').replace('-', "+").replace('_', "/");
    general_purpose::STANDARD_NO_PAD.decode(compact).map_err(|_| {
        let help = "copy it again, or say that it is plain text";
        wrong("auth.key", "the shared secret is not base64", help)
    })
}

fn by_key(
    jwt: &JwtAuth,
    name: &str,
    scheme: SignatureScheme,
    message: &[u8],
) -> Result<Vec<u8>, Problem> {
    if jwt.key.0.trim().is_empty() {
        let help = "secrets are not kept: give it again, as PEM";
        return Err(wrong("auth.key", "the private key is empty", help));
    }
    let provider = rustls::crypto::ring::default_provider();
    let key = signing_key(jwt.key.0.as_bytes(), &provider).map_err(|mut problem| {
        if !problem.message.contains("private key") {
            problem.message = format!("the private key: {}", problem.message);
        }
        problem.at("auth.key")
    })?;
    let Some(signer) = key.choose_scheme(&[scheme]) else {
        let is = match key.algorithm() {
            SignatureAlgorithm::RSA => "an RSA key",
            SignatureAlgorithm::ECDSA => "an ECDSA key on another curve",
            _ => "another kind of key",
        };
        let wants = match name {
            "ES256" => "an ECDSA key on P-256",
            "ES384" => "an ECDSA key on P-384",
            "EdDSA" => "an Ed25519 key",
            _ => "an RSA key",
        };
        // Only ECDSA itself tells curves apart.
        let is = if name.starts_with("ES") { is } else { is.split(" on").next().unwrap_or(is) };
        let message = format!("{name} wants {wants}, but this is {is}");
        return Err(wrong("auth.key", message, "give the key that goes with the algorithm"));
    };
    signer.sign(message).map_err(|error| {
        wrong("auth.key", format!("the key cannot sign: {error}"), "try another key")
    })
}

/// An ECDSA signature as JOSE has it (RFC 7518 §3.4), two numbers of `width` bytes, out of DER.
fn fixed(der: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut rest = element(der, 0x30)?.0;
    let mut out = Vec::with_capacity(2 * width);
    for _ in 0..2 {
        let (number, after) = element(rest, 0x02)?;
        rest = after;
        let number: &[u8] = match number {
            [0, positive @ ..] => positive,
            number => number,
        };
        out.resize(out.len() + width.checked_sub(number.len())?, 0);
        out.extend_from_slice(number);
    }
    Some(out)
}

/// What a DER element of this tag holds, and what follows. Signatures here are shorter than 128 bytes.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match der {
        [first, length @ 0..=127, rest @ ..] if *first == tag => {
            rest.split_at_checked(usize::from(*length))
        }
        _ => None,
    }
}
