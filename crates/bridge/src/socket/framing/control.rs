//! The control frames of our own framing: `@`, a name, and where there is something to say one space and a JSON object.

use super::{Start, invalid};
use crate::headers::object_of;
use crate::socket::converter::Converter;
use crate::socket::wire::Outgoing;
use crate::upstream::End;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use wirelab_model::{Metadatum, Status};

/// What a client can send.
pub(in crate::socket) enum Control {
    Start(StartFrame),
    HalfClose,
    Cancel,
    Resume { stream: String, after: u64 },
}

/// `@start`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::socket) struct StartFrame {
    metadata: BTreeMap<String, OneOrMore>,
    timeout: Option<String>,
    resumable: bool,
}

/// `@resume`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeFrame {
    stream: String,
    after: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Reads a text that begins with `@`.
pub(in crate::socket) fn read(text: &[u8]) -> Result<Control, Status> {
    let text = text.strip_prefix(b"@").unwrap_or(text);
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (name, content) = text.split_at_checked(end).unwrap_or((text, &[]));
    let content = content.trim_ascii();
    match name {
        b"start" if content.is_empty() => Ok(Control::Start(StartFrame::default())),
        b"start" => object(name, content).map(Control::Start),
        b"resume" => {
            let ResumeFrame { stream, after } = object(name, content)?;
            Ok(Control::Resume { stream, after })
        }
        b"half-close" if content.is_empty() => Ok(Control::HalfClose),
        b"cancel" if content.is_empty() => Ok(Control::Cancel),
        b"half-close" | b"cancel" => {
            let name = String::from_utf8_lossy(name);
            Err(invalid(format!("the control frame @{name} has nothing after its name")))
        }
        _ => {
            let name: String = String::from_utf8_lossy(name).chars().take(40).collect();
            let known = "@start, @half-close, @cancel and @resume";
            Err(invalid(format!("there is no control frame @{name}: there are {known}")))
        }
    }
}

fn object<'a, T: Deserialize<'a>>(name: &[u8], content: &'a [u8]) -> Result<T, Status> {
    let name = String::from_utf8_lossy(name);
    serde_json::from_slice(content)
        .map_err(|error| invalid(format!("the control frame @{name} cannot be read: {error}")))
}

impl StartFrame {
    /// What it means, once its metadata and timeout make sense.
    pub fn check(self) -> Result<Start, Status> {
        let mut metadata = Vec::new();
        for (key, values) in self.metadata {
            let values = match values {
                OneOrMore::One(value) => vec![value],
                OneOrMore::More(values) => values,
            };
            let key = key.to_ascii_lowercase();
            for value in values {
                metadata.push(metadatum(&key, value)?);
            }
        }
        let timeout = self.timeout.as_deref().map(duration).transpose()?;
        Ok(Start { metadata, timeout, resumable: self.resumable })
    }
}

fn metadatum(key: &str, value: String) -> Result<Metadatum, Status> {
    if !key.ends_with("-bin") {
        return Ok(Metadatum::text(key, value));
    }
    let bytes = STANDARD.decode(&value);
    let bytes = bytes.map_err(|_| invalid(format!("the metadata {key} is not base64")))?;
    Ok(Metadatum::binary(key, bytes))
}

/// A duration as ProtoJSON has it: `1.5s`.
fn duration(text: &str) -> Result<Duration, Status> {
    let wrong = || invalid(format!("the timeout {text:?} is no duration such as \"1.5s\""));
    let seconds = text.strip_suffix('s').ok_or_else(wrong)?;
    let digits = seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = seconds.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).ok().filter(|_| digits).ok_or_else(wrong)
}

fn frame(name: &str, content: Value) -> Outgoing {
    Outgoing::Text(format!("@{name} {content}").into())
}

pub(super) fn head(metadata: &[Metadatum]) -> Outgoing {
    frame("head", json!({"metadata": object_of(metadata)}))
}

pub(super) fn dropped(count: u64) -> Outgoing {
    frame("dropped", json!({"count": count}))
}

pub(super) fn stream(id: &str, window: Duration) -> Outgoing {
    frame("stream", json!({"id": id, "window": format!("{}s", window.as_secs_f64())}))
}

pub(super) fn resumed(requests: u64) -> Outgoing {
    frame("resumed", json!({"requests": requests}))
}

pub(super) fn end(end: &End, converter: &Converter) -> Outgoing {
    let End { status, trailers } = end;
    let mut text = b"@end ".to_vec();
    if status.is_ok() {
        text.extend_from_slice(b"{\"code\":0}");
    } else {
        converter.status(status, &mut text);
    }
    // Members of our own go before the brace that ends the status.
    text.pop();
    let mut more = format!(",\"status\":\"{}\"", status.name());
    if !trailers.is_empty() {
        more.push_str(&format!(",\"trailers\":{}", Value::Object(object_of(trailers))));
    }
    more.push('}');
    text.extend_from_slice(more.as_bytes());
    Outgoing::Text(text.into())
}
