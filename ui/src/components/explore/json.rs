//! The message as JSON text: a transparent text area over coloured lines, of which only those in sight are drawn.

use crate::{
    components::icons::Icon,
    state::{
        highlight::{MAX_LINE_BYTES, TokenKind, tokens},
        session::RequestView,
        window,
    },
    store::{Tab, use_store},
};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// Height of a line, pixels; the sheet has the same.
const LINE: f64 = 20.0;
/// Space above the first line, pixels; the sheet has the same.
const TOP: f64 = 10.0;

/// The JSON tab.
#[component]
pub fn JsonView(tab: Tab) -> impl IntoView {
    let text = Memo::new(move |_| tab.editor.with(|editor| editor.text().to_owned()));
    let count = Memo::new(move |_| text.with(|text| text.matches('\n').count() + 1));
    let wrong = Memo::new(move |_| tab.editor.with(|editor| editor.error().cloned()));
    let scroll = RwSignal::new((0.0, 900.0));
    let frame = NodeRef::<html::Div>::new();
    // Called after a frame, when the view may be gone.
    let measure = move || {
        if let Some(frame) = frame.try_get_untracked().flatten() {
            scroll.set((f64::from(frame.scroll_top()), f64::from(frame.client_height())));
        }
    };
    Effect::new(move |_| {
        frame.track();
        request_animation_frame(measure);
    });
    let range = Memo::new(move |_| {
        let (top, height) = scroll.get();
        window::visible(top, height, LINE, count.get())
    });
    let lines = move || {
        let range = range.get();
        let bad = wrong.get().map(|error| error.line as usize);
        text.with(|text| {
            text.split('\n')
                .enumerate()
                .skip(range.start)
                .take(range.len())
                .map(|(i, line)| {
                    view! {
                        <div class="editor-line" class:err=bad == Some(i + 1) data-line=(i + 1).to_string()>
                            {pieces(line)}
                        </div>
                    }
                })
                .collect_view()
        })
    };
    let key = move |event: ev::KeyboardEvent| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        let area = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
        let Some(area) = area.filter(|_| plain && event.key() == "Enter") else { return };
        event.prevent_default();
        indent(&area);
    };
    view! {
        <div class="editor" node_ref=frame on:scroll=move |_| measure()>
            <div class="editor-body" style=move || format!("height: {}px", count.get() as f64 * LINE + 2.0 * TOP)>
                <div class="editor-lines" aria-hidden="true" style=move || format!("transform: translateY({}px)", range.get().start as f64 * LINE + TOP)>
                    {lines}
                </div>
                <textarea
                    id="json-editor"
                    data-testid="json-editor"
                    aria-label="Message as JSON"
                    aria-invalid=move || wrong.get().is_some().to_string()
                    aria-describedby="json-error"
                    spellcheck="false" autocomplete="off" wrap="off"
                    prop:value=move || text.get()
                    on:input=move |event| {
                        tab.editor.update(|e| e.set_text(event_target_value(&event), js_sys::Date::now()));
                        tab.edited();
                    }
                    on:keydown=key
                ></textarea>
            </div>
        </div>
    }
}

/// What keeps the text from being JSON, below either editor.
#[component]
pub fn ErrorStrip(tab: Tab) -> impl IntoView {
    let in_form = move || tab.view.get() == RequestView::Form;
    let wrong = Memo::new(move |_| tab.editor.with(|editor| editor.error().cloned()));
    move || {
        wrong.get().map(|error| {
            view! {
                <div id="json-error" class="strip" role="alert">
                    {Icon::Warning.view()}
                    <span>{format!("Line {}, column {}: {}", error.line, error.column, error.message)}</span>
                    <Show when=in_form><span class="dim">"The form shows what it was before"</span></Show>
                    <button class="link" on:click=move |_| lead_to(tab, error.line, error.column)>"Go there"</button>
                </div>
            }
        })
    }
}

/// Shows the JSON tab with the cursor at a place.
fn lead_to(tab: Tab, line: u32, column: u32) {
    tab.view.set(RequestView::Json);
    let at = tab.editor.with_untracked(|editor| offset(editor.text(), line, column));
    request_animation_frame(move || {
        let area = document().get_element_by_id("json-editor");
        if let Some(area) = area.and_then(|e| e.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) {
            let _ = area.focus();
            let _ = area.set_selection_range(at, at);
            if let Some(frame) = area.closest(".editor").ok().flatten() {
                frame.set_scroll_top((f64::from(line) * LINE - 100.0).max(0.0) as i32);
            }
        }
    });
}

/// A place in UTF-16 units, as the browser counts.
fn offset(text: &str, line: u32, column: u32) -> u32 {
    let before: usize = text
        .split('\n')
        .take(line.saturating_sub(1) as usize)
        .map(|line| line.encode_utf16().count() + 1)
        .sum();
    let inside: usize = text
        .split('\n')
        .nth(line.saturating_sub(1) as usize)
        .unwrap_or_default()
        .chars()
        .take(column.saturating_sub(1) as usize)
        .map(char::len_utf16)
        .sum();
    (before + inside) as u32
}

/// Begins a new line indented as the one before, deeper after an opening bracket.
fn indent(area: &web_sys::HtmlTextAreaElement) {
    let units: Vec<u16> = area.value().encode_utf16().collect();
    let at = area.selection_start().ok().flatten().unwrap_or_default() as usize;
    let before = String::from_utf16_lossy(&units[..at.min(units.len())]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let mut space: String = line.chars().take_while(|c| *c == ' ').collect();
    if line.trim_end().ends_with(['{', '[']) {
        space.push_str("  ");
    }
    let _ = area.set_range_text(&format!("\n{space}"));
    let to = (at + 1 + space.len()) as u32;
    let _ = area.set_selection_range(to, to);
    // The browser tells of what people type only.
    if let Ok(event) = web_sys::Event::new("input") {
        let _ = area.dispatch_event(&event);
    }
}

fn pieces(line: &str) -> impl IntoView + use<> {
    let mut end = line.len().min(MAX_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let shown = &line[..end];
    tokens(shown)
        .into_iter()
        .map(|token| {
            let text = shown.get(token.range).unwrap_or_default().to_owned();
            match token.kind {
                TokenKind::Plain => text.into_any(),
                kind => view! { <span class=kind.class()>{text}</span> }.into_any(),
            }
        })
        .collect_view()
}

/// Copy, undo, redo and tidy; and how large the message is.
#[component]
pub fn Foot(tab: Tab) -> impl IntoView {
    let store = use_store();
    let sizes = move || {
        let sizes = tab.checked.get()?.sizes?;
        Some(view! {
            <span>
                "JSON " <b class="json-size">{wirelab_chart::format::bytes(sizes.json)}</b>
                " · Protobuf " <b class="proto-size">{wirelab_chart::format::bytes(sizes.proto)}</b>
            </span>
        })
    };
    let first = move || {
        let checked = tab.checked.get()?;
        let problem = checked.problems.first()?.clone();
        let place = crate::components::problem::place(&problem)
            .map(|p| format!("{p}: "))
            .unwrap_or_default();
        Some(
            view! { <span class="foot-problem" title=problem.help.unwrap_or_default()>{place}{problem.message}</span> },
        )
    };
    let button = |icon: Icon, label: &'static str| (icon.view(), label);
    let (copy, undo, redo) = (
        button(Icon::Copy, "Copy the message as JSON"),
        button(Icon::Undo, "Undo (Ctrl Z)"),
        button(Icon::Redo, "Redo (Ctrl Shift Z)"),
    );
    view! {
        <div class="request-foot">
            {sizes}
            {first}
            <span class="right">
                <button
                    class="hint" title="Lay the JSON out anew"
                    on:click=move |_| tab.editor.update(|e| e.tidy())
                >
                    "Format"
                </button>
                <button class="icon-button" title=undo.1 aria-label=undo.1 data-testid="undo" on:click=move |_| tab.step(true)>{undo.0}</button>
                <button class="icon-button" title=redo.1 aria-label=redo.1 data-testid="redo" on:click=move |_| tab.step(false)>{redo.0}</button>
                <button
                    class="icon-button" title=copy.1 aria-label=copy.1
                    on:click=move |_| store.copy(tab.editor.with_untracked(|e| e.message()), "the message")
                >
                    {copy.0}
                </button>
            </span>
        </div>
    }
}
