//! From `key: value` flags to metadata.

use base64::{Engine, engine::general_purpose};
use wirelab_model::{Metadatum, Problem, ProblemKind};

/// Metadata as flags give it; `expand` puts environment variables in the place of `${NAME}`.
///
/// # Errors
/// What is not `key: value`, what is not base64 for a `-bin` key, and variables that are not set.
pub fn metadata<'a>(
    flags: impl IntoIterator<Item = &'a String>,
    expand: bool,
) -> Result<Vec<Metadatum>, Problem> {
    flags
        .into_iter()
        .map(|flag| match expand {
            true => metadatum(&expanded(flag, |name| std::env::var(name).ok())?),
            false => metadatum(flag),
        })
        .collect()
}

/// The text with the value of each `${NAME}`.
fn expanded(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Problem> {
    let mut parts = text.split("${");
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((name, rest)) = part.split_once('}') else {
            done.push_str("${");
            done.push_str(part);
            continue;
        };
        let value = value(name).ok_or_else(|| {
            Problem::new(ProblemKind::NotFound, format!("there is no environment variable {name}"))
                .help("export it, or leave --expand-headers out")
        })?;
        done.push_str(&value);
        done.push_str(rest);
    }
    Ok(done)
}

fn metadatum(flag: &str) -> Result<Metadatum, Problem> {
    let wrong = |what: &str| {
        Problem::new(ProblemKind::Mismatch, format!("the header {flag:?} {what}"))
            .help("write it as 'key: value'")
    };
    let (key, value) = flag.split_once(':').ok_or_else(|| wrong("has no colon"))?;
    let key = key.trim().to_ascii_lowercase();
    let value = value.trim();
    let sound = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter)
    };
    if key.is_empty() || !key.chars().all(sound) {
        return Err(wrong("has a key that is not made of letters, digits, '-', '_' and '.'"));
    }
    if key.ends_with("-bin") {
        // All four alphabets are in use.
        let alphabets = [
            general_purpose::STANDARD,
            general_purpose::STANDARD_NO_PAD,
            general_purpose::URL_SAFE,
            general_purpose::URL_SAFE_NO_PAD,
        ];
        let bytes = alphabets
            .iter()
            .find_map(|alphabet| alphabet.decode(value).ok())
            .ok_or_else(|| wrong("has a -bin key but a value that is not base64"))?;
        return Ok(Metadatum::binary(key, bytes));
    }
    if !value.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic()) {
        return Err(wrong("has a value that is not printable ASCII; use a -bin key for bytes"));
    }
    Ok(Metadatum::text(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let cases = [
            ("A-Key: some value ", Ok(Metadatum::text("a-key", "some value"))),
            ("k:", Ok(Metadatum::text("k", ""))),
            ("k: a:b", Ok(Metadatum::text("k", "a:b"))),
            ("x-bin: AAE=", Ok(Metadatum::binary("x-bin", vec![0, 1]))),
            ("x-bin: AAE", Ok(Metadatum::binary("x-bin", vec![0, 1]))),
            ("x-bin: ?", Err("has a -bin key but a value that is not base64")),
            ("nothing", Err("has no colon")),
            (": v", Err("has a key that")),
            ("k\u{e9}y: v", Err("has a key that")),
            ("k: \u{e9}", Err("is not printable ASCII")),
        ];
        for (flag, expected) in cases {
            match (metadatum(flag), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected),
                (Err(got), Err(part)) => assert!(got.message.contains(part), "{flag}: {got}"),
                (got, _) => panic!("{flag}: {got:?}"),
            }
        }
    }

    #[test]
    fn variables() {
        let value = |name: &str| (name == "A").then(|| "one".to_owned());
        let cases = [
            ("k: v", Ok("k: v")),
            ("k: ${A}-${A}", Ok("k: one-one")),
            ("k: $A ${A", Ok("k: $A ${A")),
            ("k: ${B}", Err("there is no environment variable B")),
        ];
        for (text, expected) in cases {
            let got = expanded(text, value);
            assert_eq!(got.as_deref().map_err(|problem| problem.message.as_str()), expected);
        }
    }
}
