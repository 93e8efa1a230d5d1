//! Requests in a file: a line each, its headers and body after bars, and why an answer of ours differs.
//!
//! ```text
//! # a heading
//! POST /v1/things | content-type: application/json | {"id": "x"}
//!   ! ours is right, as the specification says …
//! ```

use wirelab_tests::http::{self, Answer};

/// One request.
pub struct Case<'a> {
    /// As the file has it.
    pub line: &'a str,
    /// Why the answers differ.
    pub why: Option<&'a str>,
}

impl<'a> Case<'a> {
    /// Every case of a file.
    pub fn all(text: &'a str) -> Vec<Case<'a>> {
        let mut cases: Vec<Case<'a>> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(why) = line.strip_prefix("! ") {
                let case = cases.last_mut().expect("a reason follows its case");
                assert!(case.why.replace(why).is_none(), "two reasons: {}", case.line);
            } else if !line.starts_with('#') {
                cases.push(Case { line, why: None });
            }
        }
        cases
    }

    /// Sends it.
    pub fn ask(&self, address: &str) -> Answer {
        let mut parts = self.line.split(" | ");
        let (method, target) = parts.next().and_then(|head| head.split_once(' ')).expect("a head");
        let (mut headers, mut body) = (Vec::new(), "");
        for part in parts {
            let is_header = part.split_once(": ").is_some_and(|(name, _)| {
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
            if is_header { headers.push(part) } else { body = part }
        }
        if !body.is_empty() && !headers.iter().any(|line| line.starts_with("content-type")) {
            headers.push("content-type: application/json");
        }
        http::ask(address, method, target, &headers, body.as_bytes())
    }
}
