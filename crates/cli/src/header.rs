//! From `key: value` flags to metadata.

use base64::{Engine, engine::general_purpose};
use wirelab_model::{Metadatum, Problem, ProblemKind};

/// Metadata as flags give it.
///
/// # Errors
/// What is not `key: value`, and what is not base64 for a `-bin` key.
pub fn metadata(flags: &[String]) -> Result<Vec<Metadatum>, Problem> {
    flags.iter().map(|flag| metadatum(flag)).collect()
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
        // Both alphabets of padding are in use for gRPC metadata.
        let bytes = general_purpose::STANDARD
            .decode(value)
            .or_else(|_| general_purpose::STANDARD_NO_PAD.decode(value))
            .map_err(|_| wrong("has a -bin key but a value that is not base64"))?;
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
}
