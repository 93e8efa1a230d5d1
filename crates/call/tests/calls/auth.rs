//! Credentials that become metadata without anybody being asked.

use crate::certificates::key_file;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use wirelab_call::Client;
use wirelab_model::{Auth, JwtAuth, MetadataValue, Metadatum, Problem, Secret, TlsOptions};

pub async fn made(auth: &Auth) -> Result<Metadatum, Problem> {
    let nobody = |url| panic!("nobody is asked to open {url}");
    Client::new().authorize(auth, &TlsOptions::default(), nobody).await
}

fn secret(text: &str) -> Secret {
    Secret(text.to_owned())
}

fn bearer(token: &str) -> Auth {
    Auth::Bearer { token: secret(token) }
}

fn basic(user: &str, password: &str) -> Auth {
    Auth::Basic { user: user.into(), password: secret(password) }
}

fn api_key(name: &str, key: &str) -> Auth {
    Auth::ApiKey { name: name.into(), key: secret(key) }
}

#[tokio::test]
async fn exactly_this_metadata() {
    let table = [
        (bearer("abc.def-_~+/="), "authorization", "Bearer abc.def-_~+/="),
        (bearer(" abc\n"), "authorization", "Bearer abc"),
        // RFC 7617 §2 and §2.1.
        (basic("Aladdin", "open sesame"), "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (basic("test", "123\u{a3}"), "authorization", "Basic dGVzdDoxMjPCow=="),
        (basic("", ""), "authorization", "Basic Og=="),
        (api_key("x-api-key", "k 1"), "x-api-key", "k 1"),
        (api_key(" X-Goog-Api-Key ", "k\n"), "x-goog-api-key", "k"),
    ];
    for (auth, key, value) in table {
        assert_eq!(made(&auth).await.unwrap(), Metadatum::text(key, value));
        assert_eq!(auth.metadata_key(), key);
    }
}

#[tokio::test]
async fn what_will_not_do_names_its_field() {
    let table = [
        (bearer(" "), "auth.token", "the token is empty"),
        (bearer("t\u{f6}ken"), "auth.token", "the token contains what is not printable ASCII"),
        (bearer("a\r\nb"), "auth.token", "the token contains what is not printable ASCII"),
        (basic("a:b", "c"), "auth.user", "a user name cannot contain a colon"),
        (basic("a\n", "c"), "auth.user", "the user name contains a control character"),
        (basic("a", "c\n"), "auth.password", "the password contains a control character"),
        (api_key("", "k"), "auth.name", "the API key has no name"),
        (api_key("k-bin", "k"), "auth.name", "an API key is text, but `-bin` metadata is bytes"),
        (api_key("k\u{e4}y", "k"), "auth.name", "the metadata key `k\u{e4}y` contains `\u{e4}`"),
        (api_key("grpc-timeout", "k"), "auth.name", "the metadata key `grpc-timeout` is reserved"),
        (api_key("x-api-key", ""), "auth.key", "the API key is empty"),
    ];
    for (auth, path, message) in table {
        let problem = made(&auth).await.unwrap_err();
        assert_eq!((problem.path.as_deref(), &*problem.message), (Some(path), message));
        assert!(problem.help.is_some(), "{message} gets no help");
    }
}

fn key(name: &str) -> String {
    std::fs::read_to_string(key_file(name)).unwrap()
}

fn jwt(algorithm: &str, key: &str, claims: &str) -> JwtAuth {
    JwtAuth {
        algorithm: algorithm.into(),
        key: secret(key),
        claims: claims.into(),
        ..JwtAuth::default()
    }
}

async fn token(jwt: JwtAuth) -> Result<String, Problem> {
    let MetadataValue::Text(value) = made(&Auth::Jwt(jwt)).await?.value else { panic!("text") };
    Ok(value.strip_prefix("Bearer ").unwrap().to_owned())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn tokens_that_another_implementation_verifies() {
    let (rsa, p256, p384, ed) = (
        DecodingKey::from_rsa_pem(key("rsa-public.pem").as_bytes()).unwrap(),
        DecodingKey::from_ec_pem(key("p256-public.pem").as_bytes()).unwrap(),
        DecodingKey::from_ec_pem(key("p384-public.pem").as_bytes()).unwrap(),
        DecodingKey::from_ed_pem(key("ed25519-public.pem").as_bytes()).unwrap(),
    );
    let shared = DecodingKey::from_secret(b"sesame");
    let table = [
        (Algorithm::HS256, "sesame".to_owned(), &shared),
        (Algorithm::HS384, "sesame".to_owned(), &shared),
        (Algorithm::HS512, "sesame".to_owned(), &shared),
        (Algorithm::RS256, key("rsa-pkcs8.pem"), &rsa),
        (Algorithm::RS384, key("rsa-pkcs1.pem"), &rsa),
        (Algorithm::RS512, key("rsa-pkcs8.pem"), &rsa),
        (Algorithm::PS256, key("rsa-pkcs8.pem"), &rsa),
        (Algorithm::PS384, key("rsa-pkcs1.pem"), &rsa),
        (Algorithm::PS512, key("rsa-pkcs8.pem"), &rsa),
        (Algorithm::ES256, key("p256-pkcs8.pem"), &p256),
        (Algorithm::ES256, key("p256-sec1.pem"), &p256),
        (Algorithm::ES384, key("p384-sec1.pem"), &p384),
        (Algorithm::EdDSA, key("ed25519-pkcs8.pem"), &ed),
    ];
    for (algorithm, private, public) in table {
        let name = format!("{algorithm:?}");
        // ECDSA signatures differ from time to time, also in how long their numbers are.
        let times = if name.starts_with("ES") { 64 } else { 1 };
        for _ in 0..times {
            let jwt = JwtAuth {
                header: r#"{"kid": "7"}"#.into(),
                lifetime_s: 60,
                ..jwt(&name, &private, r#"{"sub": "me", "aud": ["a", "b"]}"#)
            };
            let before = now();
            let token = token(jwt).await.unwrap();
            let mut validation = Validation::new(algorithm);
            validation.set_audience(&["a"]);
            let verified = decode::<Value>(&token, public, &validation).unwrap();
            assert_eq!(verified.header.kid.as_deref(), Some("7"), "{name}");
            assert_eq!(verified.header.typ.as_deref(), Some("JWT"), "{name}");
            let issued = verified.claims["iat"].as_u64().unwrap();
            assert!((before..=now()).contains(&issued), "{name}");
            let want = json!({"sub": "me", "aud": ["a", "b"], "iat": issued, "exp": issued + 60});
            assert_eq!(verified.claims, want, "{name}");
        }
    }
}

#[tokio::test]
async fn claims_that_are_there_stay() {
    let claims = |token: &str| -> Value {
        let part = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let base64 = JwtAuth { key_is_base64: true, ..jwt("HS256", " AA\nH_ ", "") };
    let table = [
        (jwt("HS256", "k", r#"{"iat": 5}"#), json!({"iat": 5, "exp": 3605})),
        (jwt("HS256", "k", r#"{"exp": 9, "iat": 5}"#), json!({"exp": 9, "iat": 5})),
        (
            JwtAuth { lifetime_s: u64::MAX, ..jwt("HS256", "k", r#"{"iat": 5}"#) },
            json!({"iat": 5, "exp": i64::MAX}),
        ),
    ];
    for (jwt, want) in table {
        assert_eq!(claims(&token(jwt).await.unwrap()), want);
    }
    let token = token(base64).await.unwrap();
    let shared = DecodingKey::from_secret(&[0, 1, 255]);
    decode::<Value>(&token, &shared, &Validation::new(Algorithm::HS256)).unwrap();
}

#[tokio::test]
async fn keys_and_claims_that_will_not_do() {
    let rsa = key("rsa-pkcs8.pem");
    let with_header = |header: &str| JwtAuth { header: header.into(), ..jwt("HS256", "k", "") };
    let table = [
        (
            jwt("none", "k", ""),
            "auth.algorithm",
            "`none` is not a way in which tokens are signed here",
        ),
        (jwt("ES512", "k", ""), "auth.algorithm", "`ES512` is not a way in which"),
        (jwt("HS256", "", ""), "auth.key", "the shared secret is empty"),
        (
            JwtAuth { key_is_base64: true, ..jwt("HS256", "!", "") },
            "auth.key",
            "the shared secret is not base64",
        ),
        (jwt("RS256", "", ""), "auth.key", "the private key is empty"),
        (jwt("RS256", "sesame", ""), "auth.key", "there is no private key"),
        (jwt("RS256", &key("rsa-encrypted.pem"), ""), "auth.key", "the private key is encrypted"),
        (jwt("RS256", &key("rsa-public.pem"), ""), "auth.key", "there is no private key"),
        (
            jwt("RS256", &rsa.replace("-----END", "----END"), ""),
            "auth.key",
            "the private key is not PEM",
        ),
        (
            jwt("RS256", &key("p256-sec1.pem"), ""),
            "auth.key",
            "RS256 wants an RSA key, but this is an ECDSA key",
        ),
        (
            jwt("ES256", &rsa, ""),
            "auth.key",
            "ES256 wants an ECDSA key on P-256, but this is an RSA key",
        ),
        (
            jwt("ES256", &key("p384-sec1.pem"), ""),
            "auth.key",
            "ES256 wants an ECDSA key on P-256, but this is an ECDSA key on another curve",
        ),
        (jwt("EdDSA", &rsa, ""), "auth.key", "EdDSA wants an Ed25519 key, but this is an RSA key"),
        (jwt("HS256", "k", "[]"), "auth.claims", "the claims are not a JSON object"),
        (jwt("HS256", "k", r#"{"exp": "soon"}"#), "auth.claims", "the claim `exp` is not a number"),
        (with_header("1"), "auth.header", "the header fields are not a JSON object"),
        (with_header(r#"{"alg": "none"}"#), "auth.header", "the header names another `alg`"),
    ];
    for (jwt, path, message) in table {
        let secret = jwt.key.0.clone();
        let problem = token(jwt).await.unwrap_err();
        assert_eq!(problem.path.as_deref(), Some(path), "{problem}");
        assert!(problem.message.starts_with(message), "{problem}");
        assert!(problem.help.is_some(), "{message} gets no help");
        assert!(secret.len() < 3 || !problem.to_string().contains(&secret), "{problem}");
    }
    let half = token(jwt("HS256", "k", "{\n  \"sub\": x}")).await.unwrap_err();
    let span = half.span.unwrap();
    assert_eq!((half.path.as_deref(), span.line, span.column), (Some("auth.claims"), 2, 10));
}

#[test]
fn secrets_are_not_shown() {
    let auth = Auth::Basic { user: "ada".into(), password: secret("sesame") };
    assert_eq!(format!("{auth:?}"), r#"Basic { user: "ada", password: Secret(…) }"#);
    assert!(!serde_json::to_string(&auth.without_secrets()).unwrap().contains("sesame"));
}
