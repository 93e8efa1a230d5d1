//! Enums, searched as typed, and booleans.

use super::{
    Ctx, input_id,
    value::{Clear, ClearButton},
};
use crate::{
    components::shell::keys::reveal,
    state::{
        form::{Path, shape::NULL_VALUE},
        json::Json,
    },
};
use leptos::{ev, prelude::*};
use wirelab_model::EnumValueShape;

/// A value of an enum: a box with a list that narrows while typing. Numbers are taken too.
#[component]
pub fn EnumValue(ctx: Ctx, path: Path, name: String, clear: Clear) -> AnyView {
    if name == NULL_VALUE {
        return view! { <NullValue ctx path/> }.into_any();
    }
    let values: StoredValue<Vec<EnumValueShape>> = StoredValue::new(
        ctx.types_now().enums.get(&name).map(|shape| shape.values.clone()).unwrap_or_default(),
    );
    let text = ctx.read(&path, |value| value.filter(|v| **v != Json::Null).map(Json::input_text));
    let issue = ctx.issue(&path);
    let open = RwSignal::new(false);
    let narrow = RwSignal::new(None::<String>);
    let chosen = RwSignal::new(0usize);
    let found = Memo::new(move |_| {
        let query = narrow.get().unwrap_or_default().to_lowercase();
        let fits = |v: &&EnumValueShape| {
            v.name.to_lowercase().contains(&query) || v.number.to_string() == query
        };
        values.with_value(|values| values.iter().filter(fits).cloned().collect::<Vec<_>>())
    });
    let place = StoredValue::new(path.clone());
    let write = move |text: String| {
        place.with_value(|path| match text.as_str() {
            "" if clear == Clear::Remove => ctx.remove(path),
            text if text.parse::<i32>().is_ok() => ctx.set(path, Json::number_or_string(text)),
            text => ctx.set(path, Json::string(text)),
        });
    };
    let show = move || {
        narrow.set(None);
        let at = values
            .with_value(|v| v.iter().position(|v| Some(&v.name) == text.get_untracked().as_ref()));
        chosen.set(at.unwrap_or(0));
        open.set(true);
    };
    let pick = move |at: usize| {
        if let Some(value) = found.with_untracked(|found| found.get(at).cloned()) {
            write(value.name);
        }
        open.set(false);
        narrow.set(None);
    };
    let id = input_id(&path);
    let list_id = format!("{id}-list");
    let option_id = {
        let list_id = list_id.clone();
        move |at: usize| format!("{list_id}-{at}")
    };
    let of_option = option_id.clone();
    let key = move |event: ev::KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        let at = chosen.get_untracked().min(last);
        match (event.key().as_str(), open.get_untracked()) {
            ("ArrowDown" | "ArrowUp", false) => show(),
            ("ArrowDown", true) => chosen.set(if at == last { 0 } else { at + 1 }),
            ("ArrowUp", true) => chosen.set(at.checked_sub(1).unwrap_or(last)),
            ("Enter", true) if !event.ctrl_key() && !event.meta_key() => pick(at),
            ("Escape", true) => open.set(false),
            _ => return,
        }
        event.prevent_default();
        reveal(&of_option(chosen.get_untracked()));
    };
    let number = move || {
        let text = text.get()?;
        values.with_value(|values| {
            let value = values.iter().find(|v| v.name == text);
            value.map(|v| v.number.to_string()).or_else(|| {
                let n = text.parse::<i32>().ok()?;
                values.iter().find(|v| v.number == n).map(|v| v.name.clone())
            })
        })
    };
    let options = move || {
        let option_id = option_id.clone();
        found
            .get()
            .into_iter()
            .enumerate()
            .map(move |(at, value)| {
                view! {
                    <div
                        id=option_id(at) role="option" class:on=move || chosen.get() == at
                        class:deprecated=value.deprecated title=value.docs
                        aria-selected=move || (chosen.get() == at).to_string()
                        on:pointermove=move |_| chosen.set(at)
                        on:pointerdown=move |event| { event.prevent_default(); pick(at); }
                    >
                        {value.name} <span class="faint">{value.number}</span>
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <div class="in box" class:err=move || issue.get().is_some()>
            <input
                id=id role="combobox" autocomplete="off" spellcheck="false"
                aria-expanded=move || open.get().to_string() aria-controls=list_id.clone() aria-autocomplete="list"
                aria-invalid=move || issue.get().is_some().to_string()
                placeholder="unset"
                prop:value=move || text.get().unwrap_or_default()
                on:input=move |event| {
                    let typed = event_target_value(&event);
                    narrow.set(Some(typed.clone()));
                    chosen.set(0);
                    open.set(true);
                    write(typed);
                }
                on:click=move |_| show()
                on:blur=move |_| open.set(false)
                on:keydown=key
            />
            <ClearButton ctx path clear/>
            <span class="hint" aria-hidden="true">{number} " ▾"</span>
            <Show when=move || open.get() && !found.with(Vec::is_empty)>
                <div id=list_id.clone() class="popover below" role="listbox">{options.clone()}</div>
            </Show>
        </div>
    }
    .into_any()
}

/// `google.protobuf.NullValue` has one value.
#[component]
fn NullValue(ctx: Ctx, path: Path) -> impl IntoView {
    let there = ctx.read(&path, |value| value.is_some());
    view! {
        <div class="items">
            <button
                class="chip" class:on=there aria-pressed=move || there.get().to_string()
                on:click=move |_| if there.get_untracked() { ctx.remove(&path) } else { ctx.set(&path, Json::Null) }
            >
                "null"
            </button>
        </div>
    }
}

/// True, false or unset.
#[component]
pub fn BoolValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let value = ctx.value(&path);
    let place = StoredValue::new(path.clone());
    let button = move |which: bool| {
        let on = move || value.get() == Some(Json::Bool(which));
        view! {
            <button
                class:on=on role="radio" aria-checked=move || on().to_string()
                on:click=move |_| place.with_value(|path| {
                    if clear == Clear::Remove && value.get_untracked() == Some(Json::Bool(which)) {
                        ctx.remove(path);
                    } else {
                        ctx.set(path, Json::Bool(which));
                    }
                })
            >
                {if which { "true" } else { "false" }}
            </button>
        }
    };
    view! {
        <div id=input_id(&path) class="toggle" role="radiogroup" aria-label="Value">{button(true)} {button(false)}</div>
    }
}
