//! What the loaded schemas bind, and requests as bindings send them.

use crate::{Studio, codecs::Codecs, command::quote, json};
use std::sync::{Arc, Mutex, PoisonError};
use wirelab_bridge::BoundRequest;
use wirelab_model::*;

/// Metadata of these names is a secret; others end in one of these words.
const SECRETS: [&str; 6] = ["authorization", "cookie", "token", "secret", "password", "api-key"];

/// The bindings of the schema that was asked for last.
#[derive(Default)]
pub struct Bound(Mutex<Option<(Arc<Codecs>, Arc<Known>)>>);

struct Known {
    bindings: wirelab_bridge::Bindings,
    problems: Vec<Problem>,
}

impl Bound {
    fn of(&self, codecs: Arc<Codecs>) -> Arc<Known> {
        let mut bound = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, known)) = &*bound
            && Arc::ptr_eq(of, &codecs)
        {
            return known.clone();
        }
        let (bindings, problems) = wirelab_bridge::Bindings::new(codecs.schema());
        let known = Arc::new(Known { bindings, problems });
        *bound = Some((codecs, known.clone()));
        known
    }
}

impl Studio {
    pub(crate) fn all_bindings(&self) -> Bindings {
        let known = self.0.bridges.bound.of(self.0.sources.codecs());
        Bindings { bindings: known.bindings.list(), problems: known.problems.clone() }
    }

    pub(crate) fn preview(&self, request: &PreviewBinding) -> Result<BindingPreview, Problem> {
        let PreviewBinding { binding, json, metadata } = request;
        let codecs = self.0.sources.codecs();
        let types =
            codecs.method(&binding.method).ok_or_else(|| json::unknown_method(&binding.method))?;
        let problem = |problem| BindingPreview { problem: Some(problem), ..Default::default() };
        // The studio's own words for a message that is none.
        if let Err(wrong) = json::encode(&types.input, json) {
            return Ok(problem(wrong));
        }
        let known = self.0.bridges.bound.of(codecs);
        let built = match known.bindings.request(binding, json) {
            Ok(built) => built,
            Err(wrong) => return Ok(problem(wrong)),
        };
        let host = self.0.bridges.host();
        let BoundRequest { verb, target, body, content_type } = built;
        let mut headers: Vec<(String, String)> = Vec::new();
        headers.extend(content_type.map(|media| ("Content-Type".to_owned(), media)));
        headers.extend(metadata.iter().map(header));
        let body = body.map(|body| pretty(&body));
        let url = format!("http://{host}{target}");
        let curl = curl(verb.as_str(), &url, &headers, body.as_deref());
        let socket = format!("ws://{host}/{}", binding.method);
        let verb = verb.to_string();
        Ok(BindingPreview { verb, target, url, headers, body, curl, socket, problem: None })
    }
}

/// Metadata as a header that names it; what may be a secret is left out.
fn header(datum: &Metadatum) -> (String, String) {
    let key = datum.key.to_ascii_lowercase();
    let name = match key.as_str() {
        "authorization" => "Authorization".to_owned(),
        key => format!("Grpc-Metadata-{key}"),
    };
    let value = match &datum.value {
        _ if SECRETS.iter().any(|word| key.ends_with(word)) => "$SECRET".to_owned(),
        MetadataValue::Text(text) => text.clone(),
        MetadataValue::Binary(bytes) => {
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes[..])
        }
    };
    (name, value)
}

/// JSON for people; what is none stays as it is.
fn pretty(body: &[u8]) -> String {
    let value = serde_json::from_slice::<&serde_json::value::RawValue>(body);
    let whole = value.ok().and_then(|raw| {
        let value: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
        serde_json::to_string_pretty(&value).ok()
    });
    whole.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

fn curl(verb: &str, url: &str, headers: &[(String, String)], body: Option<&str>) -> String {
    let mut line = match verb {
        "GET" if body.is_none() => format!("curl {}", quote(url)),
        _ => format!("curl -X {verb} {}", quote(url)),
    };
    for (name, value) in headers {
        let header = format!("{name}: {value}");
        // A placeholder is for the shell to fill in.
        let header =
            if value == "$SECRET" { format!("\"{header}\"") } else { quote(&header).to_string() };
        line.push_str(&format!(" \\\n  -H {header}"));
    }
    if let Some(body) = body {
        line.push_str(&format!(" \\\n  --data-raw {}", quote(body)));
    }
    line
}
