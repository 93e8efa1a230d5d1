//! What a client has to show, by the policy of the bridge and in the words of OpenAPI
//! (<https://spec.openapis.org/oas/v3.1.0#security-scheme-object>).

use super::{OpenApi, Security};
use crate::admission::rules::rule;
use crate::admission::{Allow, RulePolicy, State};
use serde_json::{Map, Value, json};

/// Who may call what, for whoever reads the document.
pub(super) struct Secured<'s> {
    wanted: Vec<Security>,
    rules: &'s [RulePolicy],
}

impl<'s> Secured<'s> {
    /// What the options say, or else what the policy wants.
    pub fn new(options: &OpenApi, state: &'s State) -> Secured<'s> {
        let wanted = match options.security.is_empty() {
            true => of_policy(state),
            false => options.security.clone(),
        };
        Secured { wanted, rules: &state.policy.rules }
    }

    /// The schemes, and which of them will do; none where nothing is wanted.
    pub fn whole(&self) -> Option<(Value, Value)> {
        let schemes: Map<String, Value> = self.wanted.iter().map(Security::scheme).collect();
        (!schemes.is_empty()).then(|| (Value::Object(schemes), self.any_of(&[])))
    }

    /// Whether anybody may call a method.
    pub fn serves(&self, method: &str) -> bool {
        let rule = rule(self.rules, method);
        rule.map_or(self.rules.is_empty(), |rule| rule.allow != Allow::Nobody)
    }

    /// What a method wants where that is other than what the whole does.
    pub fn of(&self, method: &str) -> Option<Value> {
        let rule = rule(self.rules, method).filter(|_| !self.wanted.is_empty())?;
        match rule.allow {
            Allow::Anyone => Some(json!([])),
            _ if rule.scopes.is_empty() => None,
            _ => Some(self.any_of(&rule.scopes)),
        }
    }

    fn any_of(&self, scopes: &[String]) -> Value {
        self.wanted.iter().map(|one| json!({ one.scheme().0: scopes })).collect()
    }
}

fn of_policy(state: &State) -> Vec<Security> {
    let mut wanted = Vec::new();
    if !state.policy.jwt.is_empty() {
        wanted.push(Security::Bearer);
    }
    if let Some(header) = state.key_header() {
        wanted.push(Security::ApiKey { header: header.to_string() });
        let query = state.policy.api_keys.as_ref().and_then(|keys| keys.query.clone());
        wanted.extend(query.map(|parameter| Security::ApiKeyInQuery { parameter }));
    }
    if state.policy.client_certificates {
        wanted.push(Security::Certificate);
    }
    wanted
}

impl Security {
    /// Its name, and what it is.
    fn scheme(&self) -> (String, Value) {
        match self {
            Security::Bearer => {
                let scheme = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
                ("bearer".to_owned(), scheme)
            }
            Security::ApiKey { header } => {
                (header.clone(), json!({ "type": "apiKey", "in": "header", "name": header }))
            }
            Security::ApiKeyInQuery { parameter } => {
                let scheme = json!({ "type": "apiKey", "in": "query", "name": parameter });
                (format!("{}-in-query", component(parameter)), scheme)
            }
            Security::Certificate => {
                ("client-certificate".to_owned(), json!({ "type": "mutualTLS" }))
            }
        }
    }
}

/// A name as components may have it (§4.8.7).
fn component(name: &str) -> String {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().map(|c| if sound(c) { c } else { '_' }).collect()
}
