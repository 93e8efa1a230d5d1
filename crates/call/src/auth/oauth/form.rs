//! Names and values as `application/x-www-form-urlencoded`, in bodies and in addresses.

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use wirelab_model::{OAuth2, Secret};

/// What is escaped; a space becomes `%20`, which every parser takes too.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names and values in order.
pub(super) struct Form(Vec<(&'static str, String)>);

impl Form {
    /// A request for a token by this grant.
    pub fn new(grant: &str) -> Form {
        Form(Vec::new()).with("grant_type", grant)
    }

    /// Parameters for the authorization endpoint.
    pub fn query() -> Form {
        Form(Vec::new())
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Form {
        self.0.push((name, value.to_owned()));
        self
    }

    /// Unless it is empty.
    pub fn maybe(self, name: &'static str, value: &str) -> Form {
        if value.is_empty() { self } else { self.with(name, value) }
    }

    /// Says which client asks (RFC 6749 §2.3.1): in the form, or in the `authorization` header returned.
    pub fn by_client(self, config: &OAuth2) -> (Form, Option<Secret>) {
        let OAuth2 { client_id, client_secret, .. } = config;
        if client_secret.0.is_empty() || config.credentials_in_body {
            let form = self.with("client_id", client_id).maybe("client_secret", &client_secret.0);
            return (form, None);
        }
        let pair = format!("{}:{}", escape(client_id), escape(&client_secret.0));
        (self, Some(Secret(format!("Basic {}", STANDARD.encode(pair)))))
    }

    pub fn encode(&self) -> String {
        let pairs: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        pairs.join("&")
    }
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The first value of a name in a query.
pub(super) fn find(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescape(key) == name).then(|| unescape(value))
    })
}

fn unescape(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(value in ".{0,20}", other in ".{0,20}") {
            let text = Form::query().with("a", &other).with("b", &value).encode();
            prop_assert_eq!(find(&text, "b"), Some(value));
            prop_assert!(text.bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
