//! Policies at work: a case is a request and what it is told.

use super::*;
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::io::Write;
use tempfile::NamedTempFile;

const SECRET: &[u8] = b"a secret of thirty-two bytes, yes";
/// Of `secret`.
const HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn jwks() -> String {
    use base64::Engine;
    let key = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(SECRET);
    let unknown = json!({"kty": "LATER", "kid": "future"});
    json!({"keys": [unknown, {"kty": "oct", "kid": "one", "alg": "HS256", "k": key}]}).to_string()
}

/// A token that ends so many seconds from now.
fn token(ends: i64, more: Value, key: &[u8]) -> String {
    let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap();
    let mut claims =
        json!({"sub": "ada", "iss": "https://id.example", "aud": "bridge", "exp": now + ends});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::HS256) };
    encode(&header, &claims, &EncodingKey::from_secret(key)).unwrap()
}

fn policy(jwks: &NamedTempFile, keys: &NamedTempFile) -> Policy {
    serde_json::from_value(json!({
        "jwt": [{
            "keys": jwks.path(), "issuer": "https://id.example", "audience": ["bridge"],
            "algorithms": ["HS256"], "claims": {"sub": "x-user", "org.name": "x-org"},
        }],
        "api-keys": {"file": keys.path(), "query": "key"},
        "rules": [
            {"methods": ["open.*"], "allow": "anyone"},
            {"methods": ["closed.*"], "allow": "nobody"},
            {"methods": ["shop.Shop/Get*"]},
            {"methods": ["shop.Shop/*"], "scopes": ["write"]},
            {"methods": ["admin.*"], "claims": {"role": "admin"}},
        ],
    }))
    .unwrap()
}

/// A head by `TARGET | header: value | …`.
fn head(line: &str) -> request::Parts {
    let mut parts = line.split(" | ");
    let mut request = Request::builder().uri(parts.next().unwrap());
    for header in parts {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn credentials_and_rules() {
    let (jwks, keys) = (file(&jwks()), file(&format!("app {HASH} read\nwriter {HASH_2} write\n")));
    let admission = Admission::new(&policy(&jwks, &keys)).unwrap();
    let good = token(60, json!({"scope": "read write", "org": {"name": "acme"}}), SECRET);
    let admin = token(60, json!({"role": ["user", "admin"]}), SECRET);
    let old = token(-3_600, json!({}), SECRET);
    let forged = token(60, json!({}), b"another secret of thirty-two byte");
    let foreign = token(60, json!({"aud": "elsewhere"}), SECRET);
    let issuer = token(60, json!({"iss": "https://evil.example"}), SECRET);
    let endless = token(60, json!({"exp": null}), SECRET);
    let early = token(60, json!({"nbf": 99_999_999_999_u64}), SECRET);
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.";
    // The method, the credential's header, the status, and a part of what is said.
    let bearer = |token: &str| format!("/x | authorization: Bearer {token}");
    let cases: Vec<(&str, String, u16, &str)> = vec![
        ("open.A/B", "/x".into(), 200, ""),
        ("open.A/B", bearer(&forged), 401, "signature is wrong"),
        ("closed.A/B", bearer(&good), 403, "nobody"),
        ("other.A/B", bearer(&good), 403, "no rule"),
        ("shop.Shop/Get", "/x".into(), 401, "a credential is needed"),
        ("shop.Shop/Get", "/x | authorization: Basic YTpi".into(), 401, "a credential is needed"),
        ("shop.Shop/Get", bearer(&good), 200, "https://id.example ada"),
        ("shop.Shop/Get", bearer(&old), 401, "has expired"),
        ("shop.Shop/Get", bearer(&foreign), 401, "somebody else"),
        ("shop.Shop/Get", bearer(&issuer), 401, "another issuer"),
        ("shop.Shop/Get", bearer(&endless), 401, "token"),
        ("shop.Shop/Get", bearer(&early), 401, "not valid yet"),
        ("shop.Shop/Get", bearer(none), 401, "cannot be read"),
        ("shop.Shop/Get", bearer("x.y.z"), 401, "cannot be read"),
        ("shop.Shop/Get", bearer(&"x".repeat(20_000)), 401, "too long"),
        ("shop.Shop/Put", bearer(&good), 200, ""),
        ("shop.Shop/Put", bearer(&admin), 403, "the scope write"),
        ("admin.A/B", bearer(&admin), 200, ""),
        ("admin.A/B", bearer(&good), 403, "the claim role"),
        ("shop.Shop/Get", "/x | x-api-key: secret".into(), 200, "app"),
        ("shop.Shop/Get", "/x | x-api-key: guess".into(), 401, "not known"),
        ("shop.Shop/Put", "/x | x-api-key: secret".into(), 403, "the scope write"),
        ("shop.Shop/Put", "/x | x-api-key: two".into(), 200, "writer"),
        ("shop.Shop/Get", "/x?a=1&key=sec%72et&b=2".into(), 200, "app"),
        ("shop.Shop/Get", "/x?key=guess".into(), 401, "not known"),
    ];
    for (method, line, status, said) in cases {
        let mut head = head(&line);
        admission.unhide(&mut head);
        let (found, text) = match admission.admit(&head, method) {
            Ok(admitted) => (200, admitted.client.name.as_deref().unwrap_or_default().to_owned()),
            Err(refusal) => {
                assert_eq!(
                    refusal.http.as_u16() == 401,
                    refusal.headers.get_all(WWW_AUTHENTICATE).iter().count() == 2,
                    "{method} {line}"
                );
                (refusal.http.as_u16(), refusal.status.message)
            }
        };
        assert!(found == status && text.contains(said), "{method} {line}: {found} {text}");
        assert!(!text.contains("secret") && !text.contains("guess"), "{method} {line}: {text}");
    }
}

/// Of `two`.
const HASH_2: &str = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

#[test]
fn claims_become_metadata_that_nobody_else_gives() {
    let (jwks, keys) = (file(&jwks()), file(""));
    let admission = Admission::new(&policy(&jwks, &keys)).unwrap();
    let token = token(60, json!({"org": {"name": "ac\u{e9}me"}}), SECRET);
    let head = head(&format!("/x | authorization: Bearer {token}"));
    let admitted = admission.admit(&head, "shop.Shop/Get").unwrap();
    // What gRPC cannot carry is left out.
    assert_eq!(admitted.metadata, [Metadatum::text("x-user", "ada")]);
    let mut withheld = admitted.withheld.to_vec();
    withheld.sort();
    assert_eq!(withheld, ["authorization", "x-api-key", "x-org", "x-user"]);
}

#[test]
fn a_key_leaves_the_query() {
    let (jwks, keys) = (file(&jwks()), file(""));
    let admission = Admission::new(&policy(&jwks, &keys)).unwrap();
    let cases = [
        ("/x?key=a", "/x", Some("a")),
        ("/x?a=1&key=b%20c&d=2", "/x?a=1&d=2", Some("b c")),
        ("/x?key=a&key=b", "/x", Some("a")),
        ("/x?key", "/x", Some("")),
        ("/x?keys=a", "/x?keys=a", None),
        ("/x?key=a | x-api-key: b", "/x", Some("b")),
        ("http://h/x?key=a", "http://h/x", Some("a")),
        ("/x?key=%00", "/x", None),
        ("/x", "/x", None),
    ];
    for (line, target, key) in cases {
        let mut head = head(line);
        admission.unhide(&mut head);
        let found = head.headers.get("x-api-key").map(|key| key.to_str().unwrap());
        assert_eq!((head.uri.to_string().as_str(), found), (target, key), "{line}");
    }
}

#[test]
fn guesses_are_limited_by_the_address() {
    let (jwks, keys) = (file(&jwks()), file(""));
    let mut policy = policy(&jwks, &keys);
    policy.limits = LimitPolicy { rate: Some(0.001), burst: Some(2), ..LimitPolicy::default() };
    let admission = Admission::new(&policy).unwrap();
    let statuses = [401, 401, 429, 429];
    for (number, status) in statuses.into_iter().enumerate() {
        let head = head(&format!("/x | x-api-key: guess{number}"));
        let refusal = admission.admit(&head, "shop.Shop/Get").unwrap_err();
        assert_eq!(refusal.http.as_u16(), status, "guess {number}");
    }
}

#[test]
fn addresses_by_the_proxies_that_are_trusted() {
    let cases = [
        (0, "/ | x-forwarded-for: 1.1.1.1", Some("9.9.9.9")),
        (1, "/ | x-forwarded-for: 1.1.1.1", Some("1.1.1.1")),
        (1, "/ | x-forwarded-for: 6.6.6.6, 1.1.1.1", Some("1.1.1.1")),
        (2, "/ | x-forwarded-for: 6.6.6.6, 1.1.1.1 | x-forwarded-for: 2.2.2.2", Some("1.1.1.1")),
        (3, "/ | x-forwarded-for: 1.1.1.1, 2.2.2.2", Some("9.9.9.9")),
        (1, "/ | x-forwarded-for: unknown", Some("9.9.9.9")),
        (1, "/", Some("9.9.9.9")),
    ];
    for (proxies, line, wanted) in cases {
        let mut head = head(line);
        head.extensions.insert(Peer { ip: Some("9.9.9.9".parse().unwrap()), tls: false });
        let wanted = wanted.map(|ip| ip.parse::<IpAddr>().unwrap());
        assert_eq!(address(&head, proxies), wanted, "{proxies} {line}");
    }
}

#[tokio::test]
async fn files_that_break_leave_what_was_before() {
    let (jwks, keys) = (file(&jwks()), file(&format!("app {HASH}\n")));
    let admission = Arc::new(Admission::new(&policy(&jwks, &keys)).unwrap());
    let reload = async |policy| admission.clone().reload(policy).await;
    let knows = || admission.admit(&head("/x | x-api-key: secret"), "shop.Shop/Get").is_ok();
    assert!(knows());
    std::fs::write(keys.path(), "app nonsense").unwrap();
    let problem = reload(None).await.unwrap_err();
    assert!(problem.to_string().contains("app") && problem.path.is_some(), "{problem}");
    assert!(knows());
    std::fs::write(keys.path(), "").unwrap();
    reload(None).await.unwrap();
    assert!(!knows());
    std::fs::write(jwks.path(), r#"{"keys": []}"#).unwrap();
    assert!(reload(None).await.unwrap_err().to_string().contains("none of the keys"));
    // Another policy counts on from where the last one was.
    let open = |admission: &Admission| admission.admit(&head("/x"), "open.A/B").map(drop);
    let one = |concurrent| Policy {
        limits: LimitPolicy { concurrent: Some(concurrent), ..LimitPolicy::default() },
        ..Policy::default()
    };
    reload(Some(one(1))).await.unwrap();
    let held = admission.admit(&head("/x"), "open.A/B").unwrap();
    reload(Some(one(2))).await.unwrap();
    let second = admission.admit(&head("/x"), "open.A/B").unwrap();
    assert_eq!(open(&admission).unwrap_err().http.as_u16(), 429);
    drop((held, second));
    assert!(open(&admission).is_ok());
}

#[test]
fn certificates_name_clients() {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};
    let certificate = |name: &str, alternatives: Vec<SanType>| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = alternatives;
        let key = KeyPair::generate().unwrap();
        ClientCertificate::new(params.self_signed(&key).unwrap().der())
    };
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let ada = certificate("ada", Vec::new());
    let shop = certificate(
        "x",
        vec![uri("spiffe://acme/shop"), SanType::DnsName("shop.acme".try_into().unwrap())],
    );
    assert!(ada.name().contains("CN=ada"), "{}", ada.name());
    assert_eq!(&*shop.name(), "spiffe://acme/shop");
    let policy: Policy = serde_json::from_value(json!({
        "client-certificates": true,
        "limits": {"concurrent": 1},
        "rules": [
            {"methods": ["shop.*"], "clients": ["spiffe://acme/*"]},
            {"methods": ["dns.*"], "clients": ["shop.acme"]},
            {"methods": ["*"], "clients": ["*CN=ada"]},
        ],
    }))
    .unwrap();
    let admission = Admission::new(&policy).unwrap();
    for (shown, method, status) in [
        (None, "shop.A/B", 401),
        (Some(&ada), "shop.A/B", 403),
        (Some(&shop), "shop.A/B", 200),
        (Some(&shop), "dns.A/B", 200),
        (Some(&ada), "other.A/B", 200),
        (Some(&shop), "other.A/B", 403),
    ] {
        let mut head = head("/x");
        shown.map(|shown| head.extensions.insert(shown.clone()));
        let admitted = admission.admit(&head, method);
        let found = admitted.as_ref().map_or_else(|refusal| refusal.http.as_u16(), |_| 200);
        assert_eq!(found, status, "{:?} {method}", shown.map(ClientCertificate::name));
    }
    // Each has a place of its own, from wherever it comes.
    let mut by_ada = head("/x");
    by_ada.extensions.insert(ada);
    let held = admission.admit(&by_ada, "other.A/B").unwrap();
    assert_eq!(admission.admit(&by_ada, "other.A/B").unwrap_err().http.as_u16(), 429);
    drop(held);
}

#[test]
fn policies_that_will_not_do() {
    let keys = file(&jwks());
    let cases = [
        json!({"jwt": [{"keys": "/nowhere"}]}),
        // Shared secrets have to be named.
        json!({"jwt": [{"keys": keys.path()}]}),
        json!({"jwt": [{"keys": keys.path(), "algorithms": ["none"]}]}),
        json!({"jwt": [{"keys": keys.path(), "algorithms": ["HS256"], "claims": {"sub": "X-User"}}]}),
        json!({"jwt": [{"keys": keys.path(), "algorithms": ["HS256"], "claims": {"sub": "user-bin"}}]}),
        json!({"api-keys": {"file": keys.path()}}),
        json!({"jwt": [{}]}),
        json!({"jwt": [{"issuer": "not on the web"}]}),
        json!({"jwt": [{"keys": "https://"}]}),
        json!({"jwt": [{"keys": "https://a.example/jwks", "algorithms": ["none"]}]}),
        json!({"api-keys": {"file": "/dev/null", "header": "not a header"}}),
    ];
    for case in cases {
        let policy: Policy = serde_json::from_value(case.clone()).unwrap();
        assert!(Admission::new(&policy).is_err(), "{case}");
    }
    for unknown in [json!({"limit": {}}), json!({"rules": [{"method": "a"}]})] {
        assert!(serde_json::from_value::<Policy>(unknown.clone()).is_err(), "{unknown}");
    }
}
