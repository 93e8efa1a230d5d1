//! Timestamps and durations.

use super::{Ctx, input::Input, value::Clear};
use crate::state::{
    form::{Path, wellknown},
    json::Json,
};
use leptos::prelude::*;

/// Writes text as it is typed; an emptied box unsets.
fn writer(ctx: Ctx, path: &Path, clear: Clear) -> impl Fn(String) + Clone + use<> {
    let path = path.clone();
    move |text: String| {
        if text.is_empty() && clear == Clear::Remove {
            ctx.remove(&path);
        } else {
            ctx.set(&path, Json::String(text));
        }
    }
}

/// A timestamp, with the time now and a calendar at hand.
#[component]
pub fn TimestampValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let picking = RwSignal::new(false);
    let place = StoredValue::new(path.clone());
    let write = writer(ctx, &path, clear);
    let now = move |_| {
        let text = String::from(js_sys::Date::new_0().to_iso_string());
        place.with_value(|path| ctx.set(path, Json::String(text)));
    };
    let pick = move |event| {
        // `2026-11-21T09:30` or with seconds, taken as UTC.
        let picked = event_target_value(&event);
        let seconds = if picked.len() == 16 { ":00" } else { "" };
        if !picked.is_empty() {
            place.with_value(|path| ctx.set(path, Json::String(format!("{picked}{seconds}Z"))));
        }
    };
    view! {
        <Input ctx path clear write>
            <button class="hint" title="The time now" on:click=now>"now"</button>
            <button
                class="hint" title="Choose a time (UTC)" aria-expanded=move || picking.get().to_string()
                on:click=move |_| picking.update(|p| *p = !*p)
            >
                "pick"
            </button>
        </Input>
        <Show when=move || picking.get()>
            <input class="in" type="datetime-local" step="1" aria-label="Time in UTC" title="UTC" on:input=pick/>
        </Show>
    }
}

/// A duration, with usual ones at hand and what was meant offered when it was said in words.
#[component]
pub fn DurationValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let place = StoredValue::new(path.clone());
    let write = writer(ctx, &path, clear);
    let meant = ctx.read(&path, |value| match value {
        Some(Json::String(text)) => wellknown::duration_guess(text),
        _ => None,
    });
    let set = move |text: String| place.with_value(|path| ctx.set(path, Json::String(text)));
    let picking = RwSignal::new(false);
    view! {
        <Input ctx path clear write>
            {move || meant.get().map(|text| {
                let label = format!("use {text}");
                view! { <button class="hint" on:click=move |_| set(text.clone())>{label}</button> }
            })}
            <button
                class="hint" title="Usual durations" aria-expanded=move || picking.get().to_string()
                on:click=move |_| picking.update(|p| *p = !*p)
            >
                "pick"
            </button>
        </Input>
        <Show when=move || picking.get()>
            <div class="items">
                {["1s", "10s", "60s", "300s", "3600s", "86400s"].map(|text| view! {
                    <button class="chip" on:click=move |_| set(text.to_owned())>{text}</button>
                })}
            </div>
        </Show>
    }
}
