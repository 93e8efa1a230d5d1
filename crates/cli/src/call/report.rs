//! How a call went, for people on standard error, for programs as a line on standard output.

use crate::{args::Call, output};
use serde_json::{Value, json};
use wirelab_model::{
    CallRecord, CallSpec, MetadataValue, Metadatum, Problem, ProblemKind, Status, StatusDetail,
};
use wirelab_studio::{Handlers, Studio, layout};

/// What is about to be sent, for `--verbose`.
pub fn request(spec: &CallSpec) {
    output::note(&format!("> {} {}", spec.endpoint.address, spec.method));
    metadata(">", &spec.metadata);
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
    if args.verbose {
        metadata("<", &record.headers);
        metadata("< trailer", &record.trailers);
    }
    if args.json {
        output::print(&line(record, status, &details).to_string())?;
    }
    if args.verbose {
        output::note(&format!("= {}", summary(record, status)));
    }
    if !status.is_ok() {
        output::problem(&problem(status, &args.address));
        for detail in &details {
            output::note(&format!("  {} {}", detail.type_name, indented(&detail.json)));
        }
    }
    Ok(status.code)
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
    use base64::{Engine, engine::general_purpose::STANDARD};
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
        .map(|detail| {
            let value = serde_json::from_str(&detail.json).unwrap_or(Value::Null);
            json!({"type": detail.type_name, "value": value})
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
