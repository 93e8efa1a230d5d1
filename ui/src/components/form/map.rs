//! Maps: a key and a value an entry. Entries are known by their place, for keys are being typed.

use super::{
    Ctx,
    value::{Clear, Value},
};
use crate::{
    components::{icons::Icon, shell::keys},
    state::{
        form::{
            Path,
            shape::{initial, inline},
        },
        json::Json,
    },
};
use leptos::prelude::*;
use wirelab_model::{FieldType, Scalar};

/// How many entries are drawn; larger maps are edited as JSON.
const SHOWN: usize = 200;

/// The entries of a map, and the way to add one.
#[component]
pub fn MapEntries(ctx: Ctx, path: Path, key_type: Scalar, ty: FieldType) -> impl IntoView {
    let count = ctx.read(&path, |value| match value {
        Some(Json::Object(members)) => members.len(),
        _ => 0,
    });
    let types = ctx.types_now();
    let one_line = inline(&types, &ty);
    let first = match &ty {
        FieldType::Scalar(scalar) if !matches!(scalar, Scalar::Bool) => Json::string(""),
        ty => initial(&types, ty),
    };
    let place = StoredValue::new(path.clone());
    let add = move |_| {
        place.with_value(|path| {
            ctx.edit(path, |root| path.push_entry(root, String::new(), first.clone()));
            let id = key_id(path, count.get_untracked().saturating_sub(1));
            request_animation_frame(move || {
                keys::focus(&id);
            });
        });
    };
    let hint = key_type.name();
    let entry = move |index: usize| {
        let path = place.with_value(|path| path.entry(index));
        let issue = ctx.issue(&path);
        let key = place.with_value(|path| {
            ctx.read(path, move |value| match value {
                Some(Json::Object(members)) => members.get(index).map(|(key, _)| key.clone()),
                _ => None,
            })
        });
        let rename = move |event| {
            let key = event_target_value(&event);
            place.with_value(|path| {
                ctx.edit(&path.entry(index), |root| path.rename(root, index, key))
            });
        };
        let gone = path.clone();
        let value = view! { <Value ctx path=path.clone() ty=ty.clone() clear=Clear::Never/> };
        let id = place.with_value(|path| key_id(path, index));
        view! {
            <div class=if one_line { "pair" } else { "pair card-item" } role="listitem" data-testid="field" data-path=path.to_string()>
                <input
                    id=id class="in" aria-label="Key" placeholder=format!("key ({hint})") autocomplete="off" spellcheck="false"
                    prop:value=move || key.get().unwrap_or_default() on:input=rename
                />
                <div class="value">
                    {value}
                    {move || issue.get().map(|text| view! { <p class="msg" role="alert">{text}</p> })}
                </div>
                <button class="icon-button" title="Remove" aria-label="Remove this entry" on:click=move |_| ctx.remove(&gone)>
                    {Icon::Close.view()}
                </button>
            </div>
        }
    };
    view! {
        <div class="items rows" role="list">
            <For each=move || 0..count.get().min(SHOWN) key=|index| *index let:index>
                {entry(index)}
            </For>
            <div class="items">
                <button id=super::input_id(&path) class="chip" on:click=add>"+ add"</button>
                {move || (count.get() > SHOWN).then(|| view! {
                    <span class="faint">{format!("and {} more: edit them as JSON", count.get() - SHOWN)}</span>
                })}
            </div>
        </div>
    }
}

fn key_id(path: &Path, index: usize) -> String {
    format!("key-{path}-{index}")
}
