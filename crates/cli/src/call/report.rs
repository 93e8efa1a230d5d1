//! How a call went, for people on standard error, for programs as a line on standard output.

use super::inside;
use crate::{args::Call, output};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use wirelab_model::{
    CallRecord, CallSpec, MetadataValue, Metadatum, Problem, ProblemKind, Status, StatusDetail,
};
use wirelab_studio::{Handlers, Studio, layout};

/// What is about to be called and sent, for `--verbose`.
pub async fn request(studio: &Studio, spec: &CallSpec) -> Result<(), Problem> {
    let method = studio.describe(spec.method.clone()).await?;
    for line in method.text.lines() {
        output::note(format!("| {line}").trim_end());
    }
    output::note(&format!("> {} {}", spec.endpoint.address, spec.method));
    metadata(">", &spec.metadata);
    Ok(())
}

/// Tells how a call ended and returns its status code.
pub async fn outcome(studio: &Studio, record: &CallRecord, args: &Call) -> Result<u32, Problem> {
    let Some(status) = &record.status else {
        return Err(Problem::new(ProblemKind::Internal, "the call ended without a status"));
    };
    let details = match status.details.is_empty() {
        true => Vec::new(),
        false => studio.status_details(status.details.clone()).await?,
    };
    if args.verbose > 0 {
        metadata("<", &record.headers);
        metadata("< trailer", &record.trailers);
    }
    if args.json {
        output::print(&line(record, status, &details).to_string())?;
    }
    if args.verbose > 1 {
        inside::notes(record).iter().for_each(|note| output::note(&format!("* {note}")));
    }
    if args.verbose > 0 {
        output::note(&format!("= {}", summary(record, status)));
    }
    if let Some(tls) = &record.tls {
        tls.warnings(record.started_unix_ms / 1_000).iter().for_each(output::problem);
    }
    if !status.is_ok() && args.format_error {
        output::note(&layout::pretty(&rpc_status(status, &details).to_string()));
    } else if !status.is_ok() {
        output::problem(&problem(status, &args.address));
        for detail in &details {
            let text = match detail.json.is_empty() {
                // A type that is not known, or bytes that are not one.
                true => format!("base64:{}", STANDARD.encode(&*detail.wire)),
                false => indented(&detail.json),
            };
            output::note(&format!("  {} {text}", detail.type_name));
        }
    }
    Ok(status.code)
}

/// A `google.rpc.Status` as ProtoJSON; details of types that are not known keep their bytes.
fn rpc_status(status: &Status, details: &[StatusDetail]) -> Value {
    let details: Vec<Value> = details
        .iter()
        .map(|detail| {
            let mut any = Map::new();
            any.insert("@type".into(), format!("type.googleapis.com/{}", detail.type_name).into());
            match serde_json::from_str(&detail.json) {
                Ok(Value::Object(fields)) => any.extend(fields),
                // As the well-known types have it.
                Ok(value) => drop(any.insert("value".into(), value)),
                Err(_) => drop(any.insert("value".into(), STANDARD.encode(&*detail.wire).into())),
            }
            any.into()
        })
        .collect();
    let mut all = Map::new();
    all.insert("code".into(), status.code.into());
    all.insert("message".into(), status.message.clone().into());
    if !details.is_empty() {
        all.insert("details".into(), details.into());
    }
    all.into()
}

/// The status as a problem: what the server said, or what this side found out, and what to try.
fn problem(status: &Status, address: &str) -> Problem {
    let said = match status.message.is_empty() {
        true => status.name(),
        false => format!("{}: {}", status.name(), status.message),
    };
    let mut problem = Problem::new(ProblemKind::Status, said).at(address);
    if let Some(found) = &status.problem {
        if !status.message.contains(&found.message) && !found.message.contains(&status.message) {
            problem.message = format!("{}; {}", problem.message, found.message);
        }
        problem.help.clone_from(&found.help);
    }
    problem
}

fn metadata(mark: &str, metadata: &[Metadatum]) {
    for entry in metadata {
        output::note(&format!("{mark} {}: {}", entry.key, text(&entry.value)));
    }
}

fn text(value: &MetadataValue) -> String {
    match value {
        MetadataValue::Text(text) => text.clone(),
        MetadataValue::Binary(bytes) => STANDARD.encode(&**bytes),
    }
}

fn summary(record: &CallRecord, status: &Status) -> String {
    let totals = &record.totals;
    let peer = record.peer.as_deref().unwrap_or("nobody");
    // Nanoseconds to milliseconds; the rest is for people.
    let millis = record.timings.total_ns as f64 / 1e6;
    format!(
        "{} by {peer} after {millis:.2} ms, {} sent ({} B), {} received ({} B)",
        status.name(),
        messages(totals.sent),
        totals.sent_bytes,
        messages(totals.received),
        totals.received_bytes,
    )
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn indented(text: &str) -> String {
    layout::pretty(text).replace('\n', "\n  ")
}

fn line(record: &CallRecord, status: &Status, details: &[StatusDetail]) -> Value {
    let details: Vec<Value> = details
        .iter()
        .map(|detail| match serde_json::from_str::<Value>(&detail.json) {
            Ok(value) => json!({"type": detail.type_name, "value": value}),
            Err(_) => {
                let wire = STANDARD.encode(&*detail.wire);
                json!({"type": detail.type_name, "value": null, "base64": wire})
            }
        })
        .collect();
    let list = |entries: &[Metadatum]| -> Vec<[String; 2]> {
        entries.iter().map(|entry| [entry.key.clone(), text(&entry.value)]).collect()
    };
    json!({
        "status": {
            "code": status.code,
            "name": status.name(),
            "message": status.message,
            "details": details,
        },
        "headers": list(&record.headers),
        "trailers": list(&record.trailers),
        "call": record.id,
        "totalNs": record.timings.total_ns,
    })
}
