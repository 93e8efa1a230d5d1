//! What holds for a method: the first rule that names it.

use super::policy::RulePolicy;
use serde_json::{Map, Value};

/// Whether `pattern` stands for the whole of `text`; `*` stands for anything, a slash included.
pub(super) fn stands_for(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The first place leaves the most for what follows.
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The rule for a method; one that lets nobody in where there are rules and none names it.
pub(crate) fn rule<'a>(rules: &'a [RulePolicy], method: &str) -> Option<&'a RulePolicy> {
    rules.iter().find(|rule| rule.methods.iter().any(|pattern| stands_for(pattern, method)))
}

/// The claim at `path`, where a dot leads into an object unless a claim has that name.
pub(super) fn claim<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(found) = claims.get(path) {
        return Some(found);
    }
    let (outer, inner) = path.split_once('.')?;
    claim(claims.get(outer)?.as_object()?, inner)
}

/// Whether a claim is this text, number or truth value, or a list that holds it.
pub(super) fn holds(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Number(number) => number.to_string() == wanted,
        Value::Bool(value) => value.to_string() == wanted,
        Value::Array(all) => all.iter().any(|one| !one.is_array() && holds(one, wanted)),
        Value::Object(_) | Value::Null => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases = [
            ("*", "a.B/C", true),
            ("a.B/C", "a.B/C", true),
            ("a.B/C", "a.B/CD", false),
            ("a.B/*", "a.B/C", true),
            ("a.B/*", "a.BC/D", false),
            ("a.*", "a.b.C/D", true),
            ("*/Get*", "a.B/GetC", true),
            ("*/Get*", "a.B/ListC", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbxbxc", true),
            ("a*bc", "abcbc", true),
            ("ab*ba", "aba", false),
            ("", "a", false),
            ("", "", true),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(stands_for(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn claims() {
        let claims = serde_json::json!({
            "sub": "ada", "level": 3, "realm": {"roles": ["admin", "user"]}, "a.b": "dotted", "on": true,
            "nested": [["x"]]
        });
        let claims = claims.as_object().unwrap();
        let cases = [
            ("sub", "ada", true),
            ("sub", "ad", false),
            ("level", "3", true),
            ("realm.roles", "admin", true),
            ("realm.roles", "adm", false),
            ("a.b", "dotted", true),
            ("on", "true", true),
            ("realm", "admin", false),
            ("missing", "", false),
            ("nested", "x", false),
        ];
        for (path, wanted, expected) in cases {
            let found = claim(claims, path).is_some_and(|claim| holds(claim, wanted));
            assert_eq!(found, expected, "{path} {wanted}");
        }
    }
}
