//! From `--auth` to credentials. Secrets come from variables and files, so that they need not stand on the command
//! line.

use crate::output;
use serde_json::{Map, Value};
use std::fs;
use wirelab_model::{Auth, Problem, ProblemKind, Secret};

const FORMS: &str = "write bearer:SECRET, basic:USER:SECRET, api-key:NAME:SECRET or @FILE, where SECRET may be env:VARIABLE or file:PATH";

/// The names of credentials in files, and those of [`Auth`].
const KINDS: [(&str, &str); 5] = [
    ("bearer", "Bearer"),
    ("basic", "Basic"),
    ("apikey", "ApiKey"),
    ("jwt", "Jwt"),
    ("oauth2", "OAuth2"),
];
/// The same of grants.
const GRANTS: [(&str, &str); 3] = [
    ("clientcredentials", "ClientCredentials"),
    ("authorizationcode", "AuthorizationCode"),
    ("refreshtoken", "RefreshToken"),
];

/// What the flag says.
///
/// # Errors
/// When it is of no known form, or a variable or file that it names is not there. No secret is quoted.
pub fn parse(flag: &str) -> Result<Auth, Problem> {
    if let Some(path) = flag.strip_prefix('@') {
        return read(path).map_err(|problem| match problem.path {
            Some(_) => problem,
            None => problem.at(path),
        });
    }
    let (kind, rest) = flag.split_once(':').unwrap_or((flag, ""));
    let two = || rest.split_once(':').ok_or_else(|| wrong("--auth holds no SECRET"));
    match plain(kind).as_str() {
        "bearer" => Ok(Auth::Bearer { token: secret(rest)? }),
        "basic" => {
            let (user, password) = two()?;
            Ok(Auth::Basic { user: user.to_owned(), password: secret(password)? })
        }
        "apikey" => {
            let (name, key) = two()?;
            Ok(Auth::ApiKey { name: name.to_owned(), key: secret(key)? })
        }
        "jwt" | "oauth" | "oauth2" => Err(wrong(
            "--auth takes tokens to sign and to fetch from a file",
        )
        .help(format!("write them as JSON, such as {EXAMPLE}, into a file and give --auth @FILE"))),
        _ => Err(wrong("--auth names no known kind of credentials")),
    }
}

const EXAMPLE: &str = r#"{"oauth2": {"token_url": "https://…", "client_id": "me", "client_secret": {"env": "VARIABLE"}}}"#;

fn wrong(message: &str) -> Problem {
    Problem::new(ProblemKind::Mismatch, message).help(FORMS)
}

/// Lower case without what separates words.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn secret(text: &str) -> Result<Secret, Problem> {
    let (from, name) = text.split_once(':').unwrap_or(("", ""));
    match from {
        "env" => variable(name).map(Secret),
        "file" => file(name).map(Secret),
        _ => Ok(Secret(text.to_owned())),
    }
}

fn variable(name: &str) -> Result<String, Problem> {
    std::env::var(name).map_err(|_| {
        Problem::new(ProblemKind::NotFound, format!("the environment variable `{name}` is not set"))
            .help("export it before, or name another")
    })
}

/// A text that ends as an editor ends it.
fn file(path: &str) -> Result<String, Problem> {
    let text =
        fs::read_to_string(path).map_err(|error| output::io("cannot be read", &error).at(path))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Credentials as JSON: one kind with its fields, where `{"env": "VARIABLE"}` and `{"file": "PATH"}` stand for texts.
fn read(path: &str) -> Result<Auth, Problem> {
    let example = || format!("write JSON such as {EXAMPLE}");
    let value: Value = serde_json::from_str(&file(path)?).map_err(|error| {
        // The words of the error may quote a secret.
        let row = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        let column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
        Problem::new(ProblemKind::Syntax, "the credentials are not JSON")
            .help(example())
            .at(path)
            .span(row, column)
    })?;
    let one = |value: Value| match value {
        Value::Object(object) if object.len() == 1 => object.into_iter().next(),
        _ => None,
    };
    let found = one(value).and_then(|(kind, fields)| match fields {
        Value::Object(fields) => named(&KINDS, &kind).map(|kind| (kind, fields)),
        _ => None,
    });
    let Some((kind, fields)) = found else {
        let names = KINDS.map(|(name, _)| name).join(", ");
        let message = format!("the credentials are not one of {names} with its fields");
        return Err(Problem::new(ProblemKind::Mismatch, message).help(example()));
    };
    let mut known = Map::new();
    for (name, value) in fields {
        let value = field(&name, value)?;
        known.insert(name, value);
    }
    let mut tagged = Map::new();
    tagged.insert(kind.to_owned(), known.into());
    serde_json::from_value(tagged.into()).map_err(|error| {
        // Of what serde says, only the names of fields that are missing are no secrets.
        let missing = error.to_string().starts_with("missing field").then(|| error.to_string());
        let what = missing.unwrap_or_else(|| "a field is not of the right type".to_owned());
        let message = format!("the {kind} credentials are not understood: {what}");
        Problem::new(ProblemKind::Mismatch, message).help(example())
    })
}

fn named(names: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == plain(name)).map(|(_, name)| *name)
}

fn field(name: &str, value: Value) -> Result<Value, Problem> {
    Ok(match value {
        Value::Object(object) => match (object.len(), object.get("env"), object.get("file")) {
            (1, Some(Value::String(name)), _) => variable(name)?.into(),
            (1, _, Some(Value::String(path))) => file(path)?.into(),
            // Claims and header fields are JSON themselves.
            _ => Value::Object(object).to_string().into(),
        },
        Value::String(text) if name == "grant" => {
            named(&GRANTS, &text).map_or(text, ToOwned::to_owned).into()
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{JwtAuth, OAuth2, OAuth2Grant};

    fn text(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    #[test]
    fn flags() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        fs::write(&key, "from a file\n").unwrap();
        let home = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let from_file = format!("basic:ada:file:{}", key.display());
        let table = [
            ("bearer:a:b", Auth::Bearer { token: text("a:b") }),
            ("Bearer:env:CARGO_MANIFEST_DIR", Auth::Bearer { token: text(&home) }),
            ("basic:ada:p:w", Auth::Basic { user: "ada".into(), password: text("p:w") }),
            (&from_file, Auth::Basic { user: "ada".into(), password: text("from a file") }),
            ("api-key:x-api-key:k", Auth::ApiKey { name: "x-api-key".into(), key: text("k") }),
        ];
        for (flag, auth) in table {
            assert_eq!(parse(flag), Ok(auth), "{flag}");
        }
        for (flag, message) in [
            ("", "--auth names no known kind of credentials"),
            ("s3cret", "--auth names no known kind of credentials"),
            ("basic:s3cret", "--auth holds no SECRET"),
            ("oauth2:x", "--auth takes tokens to sign and to fetch from a file"),
            ("bearer:env:WIRELAB_NOT_SET", "the environment variable `WIRELAB_NOT_SET` is not set"),
            ("bearer:file:/not/there", "cannot be read: "),
            ("@/not/there", "cannot be read: "),
        ] {
            let problem = parse(flag).unwrap_err();
            assert!(problem.message.starts_with(message), "{flag}: {problem}");
            assert!(!problem.to_string().contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.json");
        let flag = format!("@{}", path.display());
        let home = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let table = [
            (
                r#"{"jwt": {"algorithm": "HS256", "key": {"env": "CARGO_MANIFEST_DIR"}, "claims": {"sub": "me"}}}"#,
                Auth::Jwt(JwtAuth {
                    algorithm: "HS256".into(),
                    key: text(&home),
                    claims: r#"{"sub":"me"}"#.into(),
                    ..JwtAuth::default()
                }),
            ),
            (
                r#"{"oauth2": {"grant": "authorization_code", "token_url": "https://a/t", "client_id": "me"}}"#,
                Auth::OAuth2(OAuth2 {
                    grant: OAuth2Grant::AuthorizationCode,
                    token_url: "https://a/t".into(),
                    client_id: "me".into(),
                    ..OAuth2::default()
                }),
            ),
            (
                r#"{"api-key": {"name": "k", "key": "v"}}"#,
                Auth::ApiKey { name: "k".into(), key: text("v") },
            ),
        ];
        for (json, auth) in table {
            fs::write(&path, json).unwrap();
            assert_eq!(parse(&flag), Ok(auth), "{json}");
        }
        // What the studio itself writes is understood.
        let own = Auth::Basic { user: "ada".into(), password: text("p") };
        fs::write(&path, serde_json::to_string(&own).unwrap()).unwrap();
        assert_eq!(parse(&flag), Ok(own));
        for (json, message) in [
            ("{\"bearer\": s3cret}", "the credentials are not JSON"),
            (
                "[]",
                "the credentials are not one of bearer, basic, apikey, jwt, oauth2 with its fields",
            ),
            ("{\"bearer\": \"s3cret\"}", "the credentials are not one of bearer"),
            (
                r#"{"bearer": {"token": 7777}}"#,
                "the Bearer credentials are not understood: a field is not",
            ),
            (
                r#"{"jwt": {"key": "s3cret"}}"#,
                "the Jwt credentials are not understood: missing field `algorithm`",
            ),
        ] {
            fs::write(&path, json).unwrap();
            let problem = parse(&flag).unwrap_err();
            assert!(problem.message.starts_with(message), "{json}: {problem}");
            let said = problem.to_string();
            assert!(!said.contains("s3cret") && !said.contains("7777"), "{said}");
            assert_eq!(problem.path.as_deref(), path.to_str(), "{json}");
        }
    }
}
