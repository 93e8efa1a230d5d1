//! What a recorded call asked for: its limits, metadata and first request.

use super::{body::Message, call_view::CallView, metadata::MetadataTable};
use crate::state::connection;
use leptos::prelude::*;
use wirelab_chart::format;
use wirelab_model::{CallRecord, Direction};

/// The request of a call.
#[component]
pub fn Request(call: CallView) -> impl IntoView {
    let limits = call.memo(|response| limits(response.record()));
    let metadata = call.memo(|response| response.record().spec.metadata.clone());
    let sent = call.memo(|response| response.record().totals.sent);
    let first = call.memo(|response| {
        response.only(Direction::Sent).or_else(|| response.messages().first(Direction::Sent))
    });
    let none = move || metadata.with(|list| list.as_ref().is_none_or(Vec::is_empty));
    let heading = move || match sent.get() {
        Some(0) => "No message was sent".to_owned(),
        Some(1) => "Message".to_owned(),
        Some(n) => format!("The first of {} messages", format::count(n)),
        None => String::new(),
    };
    view! {
        <div class="r-request">
            <p class="dim">{limits}</p>
            <h4>"Metadata"</h4>
            <Show when=move || !none() fallback=|| view! { <p class="faint">"None was sent"</p> }>
                <MetadataTable entries=metadata what="metadata" running=false/>
            </Show>
            <h4>{heading}</h4>
        </div>
        <Show when=move || first.get().flatten().is_some()>
            <Message call index=move || first.get().flatten()/>
        </Show>
    }
}

fn limits(record: &CallRecord) -> String {
    let spec = &record.spec;
    let mut said = vec![match spec.deadline_ms {
        Some(ms) => format!("Deadline {}", format::ns(ms.saturating_mul(1_000_000))),
        None => "No deadline".to_owned(),
    }];
    said.extend(spec.max_message_bytes.map(|b| format!("messages up to {}", format::bytes(b))));
    said.extend(spec.compression.map(|how| how.name().to_owned()));
    said.extend(spec.wait_for_ready.then(|| "wait for ready".to_owned()));
    said.extend(spec.cold.then(|| "cold".to_owned()));
    said.extend(spec.retry.as_ref().map(|retry| format!("up to {} attempts", retry.max_attempts)));
    said.extend(record.auth.as_ref().map(|name| format!("{name} credentials")));
    said.extend(connection::chips(&spec.endpoint).into_iter().map(|chip| chip.label));
    said.join(" · ")
}
