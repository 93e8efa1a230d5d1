//! The box that is typed into.

use super::{
    Ctx, input_id,
    value::{Clear, ClearButton},
};
use crate::state::{form::Path, json::Json};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// A box for a value that JSON has as text or number.
#[component]
pub fn Input(
    ctx: Ctx,
    path: Path,
    clear: Clear,
    /// Takes what was typed.
    write: impl Fn(String) + Clone + 'static,
    /// What shows for a value; its own text when absent.
    #[prop(optional)]
    show: Option<fn(&str) -> String>,
    /// Helpers in the box, at the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let text = ctx.read(&path, move |value| {
        let text = value.filter(|v| **v != Json::Null)?.input_text();
        Some(show.map_or_else(|| text.clone(), |show| show(&text)))
    });
    let issue = ctx.issue(&path);
    view! {
        <div class="in box" class:err=move || issue.get().is_some()>
            <input
                id=input_id(&path)
                autocomplete="off"
                spellcheck="false"
                placeholder=move || if text.get().is_some() { "" } else { "unset" }
                aria-invalid=move || issue.get().is_some().to_string()
                prop:value=move || text.get().unwrap_or_default()
                on:input=move |event| write(event_target_value(&event))
            />
            <ClearButton ctx path clear/>
            {children.map(|children| children())}
        </div>
    }
}

/// A box for text; grows when the text has more than one line.
#[component]
pub fn TextValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let text = ctx.read(&path, |value| value.filter(|v| **v != Json::Null).map(Json::input_text));
    let lines =
        Memo::new(move |_| text.with(|t| t.as_ref().map_or(1, |t| t.matches('\n').count() + 1)));
    let wanted = RwSignal::new(false);
    let tall = Memo::new(move |_| wanted.get() || lines.get() > 1);
    let issue = ctx.issue(&path);
    let place = StoredValue::new(path.clone());
    let write = move |text: String| place.with_value(|path| ctx.set(path, Json::String(text)));
    let placeholder = move || match text.get() {
        None => "unset",
        Some(_) => "empty text",
    };
    let paste = move |event: ev::ClipboardEvent| {
        let pasted = event.clipboard_data().and_then(|data| data.get_data("text").ok());
        let input = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok());
        // A one-line box would swallow the line breaks.
        if let (Some(pasted), Some(input)) = (pasted, input)
            && pasted.trim_end().contains('\n')
        {
            event.prevent_default();
            let letters: Vec<char> = input.value().chars().collect();
            let at =
                |edge: Option<u32>| edge.map_or(letters.len(), |i| (i as usize).min(letters.len()));
            let (from, to) = (
                at(input.selection_start().ok().flatten()),
                at(input.selection_end().ok().flatten()),
            );
            let head: String = letters[..from].iter().collect();
            let tail: String = letters[to.max(from)..].iter().collect();
            write(format!("{head}{pasted}{tail}"));
        }
    };
    let id = input_id(&path);
    let field = move || {
        let id = id.clone();
        if tall.get() {
            view! {
                <textarea
                    id=id spellcheck="false" placeholder=placeholder
                    rows=move || lines.get().clamp(2, 12).to_string()
                    prop:value=move || text.get().unwrap_or_default()
                    on:input=move |event| write(event_target_value(&event))
                ></textarea>
            }
            .into_any()
        } else {
            view! {
                <input
                    id=id autocomplete="off" spellcheck="false" placeholder=placeholder
                    aria-invalid=move || issue.get().is_some().to_string()
                    prop:value=move || text.get().unwrap_or_default()
                    on:input=move |event| write(event_target_value(&event))
                    on:paste=paste
                />
            }
            .into_any()
        }
    };
    view! {
        <div class="in box" class:tall=tall class:err=move || issue.get().is_some()>
            {field}
            <ClearButton ctx path clear/>
            <Show when=move || { lines.get() == 1 }>
                <button
                    class="hint more" tabindex="-1" title="More than one line" aria-pressed=move || wanted.get().to_string()
                    on:click=move |_| wanted.update(|w| *w = !*w)
                >
                    "¶"
                </button>
            </Show>
        </div>
    }
}
