//! Scripts of what a client says and hears, one thing a line:
//!
//! ```text
//! open /path [| header: value]…     opens a socket (`protocol NAME` in the next line checks what was agreed on)
//! refused /path [| header: value]… -> 404 words    is answered by HTTP, with these words in the body
//! > text          sends a text frame          >hex 0a01    sends a binary one
//! < text          hears a text frame          <hex 0a01    hears a binary one
//! > close 1000    sends a close frame         close 4005 words    hears one
//! cut             loses the connection
//! ```
//!
//! `…` in what is heard stands for anything; `$name` in it takes the rest up to the next `"`, and `$name` in what is sent
//! puts it in again. Empty lines and those with `#` are for readers.

use crate::rig::{Rig, Socket, unhex};
use std::collections::HashMap;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub async fn run(rig: &Rig, script: &str) -> Result<(), String> {
    let mut socket: Option<Socket> = None;
    let mut names = HashMap::new();
    for (number, line) in script.lines().enumerate() {
        let at = |heard: &str| format!("line {}: {line}\n  heard {heard}", number + 2);
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = names.iter().fold(rest.to_owned(), |rest, (name, value): (&String, &String)| {
            rest.replace(name, value)
        });
        let (target, headers) = target(&rest);
        match word {
            "" | "#" => {}
            "open" => {
                let opened = rig.try_open(target, &headers).await;
                socket = Some(opened.map_err(|(status, body)| at(&format!("{status} {body}")))?);
            }
            "refused" => {
                let (request, wanted) = rest.rsplit_once(" -> ").unwrap();
                let (target, headers) = self::target(request);
                let (status, body) = match rig.try_open(target, &headers).await {
                    Ok(_) => return Err(at("an upgrade")),
                    Err(refused) => refused,
                };
                let (code, words) = wanted.split_once(' ').unwrap_or((wanted, ""));
                if code != status.to_string() || !body.contains(words) {
                    return Err(at(&format!("{status} {body}")));
                }
            }
            "cut" => socket.take().unwrap().cut(),
            "protocol" => {
                let protocol = socket.as_ref().unwrap().protocol.clone().unwrap_or_default();
                if protocol != rest {
                    return Err(at(&protocol));
                }
            }
            ">" | ">hex" => {
                let socket = socket.as_mut().unwrap();
                match rest.strip_prefix("close ") {
                    Some(code) => {
                        let code: u16 = code.parse().unwrap();
                        let frame = CloseFrame { code: code.into(), reason: "".into() };
                        socket.send(Message::Close(Some(frame))).await;
                    }
                    None if word == ">hex" => socket.send(Message::binary(unhex(&rest))).await,
                    None => socket.say(&rest).await,
                }
            }
            "<" | "<hex" | "close" => {
                let heard = socket.as_mut().unwrap().hear().await;
                let wanted = match word {
                    "<" => rest.clone(),
                    "<hex" => format!("hex {}", rest.replace(' ', "")),
                    _ => line.to_owned(),
                };
                if !matches(&heard, &wanted, &mut names) {
                    return Err(at(&heard));
                }
            }
            other => panic!("no word {other:?}"),
        }
    }
    Ok(())
}

fn target(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = text.split(" | ");
    let target = parts.next().unwrap_or_default();
    (target, parts.filter_map(|header| header.split_once(": ")).collect())
}

/// Whether `heard` is `wanted`, where `…` is anything and `$name` takes what is there up to a quote.
fn matches(heard: &str, wanted: &str, names: &mut HashMap<String, String>) -> bool {
    if let Some((before, after)) = wanted.split_once('$') {
        let end = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let Some(rest) = heard.strip_prefix(before) else { return false };
        let (value, rest) = rest.split_at(rest.find('"').unwrap_or(rest.len()));
        names.insert(format!("${name}"), value.to_owned());
        return matches(rest, after, names);
    }
    let mut parts = wanted.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = heard.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}
