//! Fields that show another notation than JSON's: bytes, and JSON values of any shape. What is typed is held here
//! while it cannot be read; the message keeps the last that could.

use super::{
    Ctx, input_id,
    value::{Clear, ClearButton},
};
use crate::state::{
    form::Path,
    json::{self, Json},
    notation::Notation,
};
use leptos::prelude::*;

/// A box whose text is read by one function and written by another.
#[component]
fn Held(
    ctx: Ctx,
    path: Path,
    clear: Clear,
    /// How a value is shown.
    #[prop(into)]
    show: Signal<Option<String>>,
    /// What typed text stands for.
    read: impl Fn(&str) -> Result<Json, String> + Copy + Send + Sync + 'static,
    /// Whether two texts stand for the same.
    placeholder: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let typed = RwSignal::new(None::<(String, Option<Json>)>);
    let value = ctx.value(&path);
    // What was typed shows as long as the message still holds what it stood for.
    let text = Memo::new(move |_| match typed.get() {
        Some((text, stood)) if value.get() == stood => text,
        _ => show.get().unwrap_or_default(),
    });
    let problem = Memo::new(move |_| {
        let text = text.get();
        if text.is_empty() && value.with(Option::is_none) { None } else { read(&text).err() }
    });
    let issue = ctx.issue(&path);
    let place = StoredValue::new(path.clone());
    let write = move |event| {
        let text = event_target_value(&event);
        place.with_value(|path| {
            if text.is_empty() && clear == Clear::Remove {
                ctx.remove(path);
            } else if let Ok(value) = read(&text) {
                ctx.set(path, value);
            }
        });
        typed.set(Some((text, value.get_untracked())));
    };
    let rows = move || text.with(|t| t.matches('\n').count() + 1).clamp(1, 12).to_string();
    view! {
        <div class="in box tall" class:err=move || problem.get().is_some() || issue.get().is_some()>
            <textarea
                id=input_id(&path) spellcheck="false" placeholder=placeholder rows=rows
                aria-invalid=move || problem.get().is_some().to_string()
                prop:value=move || text.get()
                on:input=write
            ></textarea>
            <ClearButton ctx path clear/>
            {children.map(|children| children())}
        </div>
        {move || problem.get().map(|text| view! { <p class="msg" role="alert">{text}</p> })}
    }
}

/// Bytes, in the notation that the person chooses; JSON has base64.
#[component]
pub fn BytesValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let notation = RwSignal::new(Notation::Base64);
    let value = ctx.value(&path);
    let bytes = Memo::new(move |_| match value.get()? {
        Json::String(text) => Notation::Base64.read(&text).ok(),
        _ => None,
    });
    let show = Memo::new(move |_| {
        let raw = value.get()?.input_text();
        match (notation.get(), bytes.get()) {
            (Notation::Base64, _) | (_, None) => Some(raw),
            (notation, Some(bytes)) => notation.write(&bytes).or(Some(raw)),
        }
    });
    let read = move |text: &str| {
        let notation = notation.get_untracked();
        match notation {
            Notation::Base64 => Ok(Json::string(text)),
            _ => notation
                .read(text)
                .map(|bytes| Json::String(Notation::Base64.write(&bytes).unwrap_or_default())),
        }
    };
    let not_text = move || {
        notation.get() == Notation::Text
            && bytes.with(|b| b.as_ref().is_some_and(|b| Notation::Text.write(b).is_none()))
    };
    let length = move || bytes.get().map(|b| wirelab_chart::format::bytes(b.len() as u64));
    view! {
        {move || {
            // A change of the notation begins anew: what is half typed in one means nothing in another.
            notation.track();
            let path = path.clone();
            view! {
                <Held ctx path clear show read placeholder="unset">
                    <span class="hint">{length}</span>
                    <select
                        class="hint" aria-label="How the bytes are written"
                        on:change=move |event| {
                            let name = event_target_value(&event);
                            Notation::ALL.into_iter().filter(|n| n.name() == name).for_each(|n| notation.set(n));
                        }
                    >
                        {Notation::ALL.map(|n| view! {
                            <option value=n.name() selected=notation.get_untracked() == n>{n.name()}</option>
                        })}
                    </select>
                </Held>
            }
        }}
        <Show when=not_text>
            <p class="form-none">"These bytes are not text; they show as base64"</p>
        </Show>
    }
}

/// A JSON value of any shape.
#[component]
pub fn JsonValue(ctx: Ctx, path: Path, clear: Clear, example: &'static str) -> impl IntoView {
    let value = ctx.value(&path);
    let show = Memo::new(move |_| value.get().map(|value| json::pretty(&value)));
    let read = |text: &str| {
        json::parse(text)
            .map_err(|e| format!("Line {}, column {}: {}", e.line, e.column, e.message))
    };
    view! { <Held ctx path clear show read placeholder=example/> }
}
