//! Repeated fields.

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

/// How many elements are drawn; longer lists are edited as JSON.
const SHOWN: usize = 200;

/// The elements of a list, and the way to add one.
#[component]
pub fn List(ctx: Ctx, path: Path, ty: FieldType) -> impl IntoView {
    let count = ctx.read(&path, |value| match value {
        Some(Json::Array(items)) => items.len(),
        _ => 0,
    });
    let types = ctx.types_now();
    let small = matches!(&ty, FieldType::Scalar(s) if !matches!(s, Scalar::String | Scalar::Bytes));
    let one_line = inline(&types, &ty);
    let first = match &ty {
        // A number to be typed begins empty; the rest with a value of its type.
        FieldType::Scalar(scalar) if !matches!(scalar, Scalar::Bool) => Json::string(""),
        ty => initial(&types, ty),
    };
    let place = StoredValue::new(path.clone());
    let add = move |_| {
        place.with_value(|path| {
            ctx.edit(path, |root| path.push(root, first.clone()));
            let added = path.item(count.get_untracked().saturating_sub(1));
            request_animation_frame(move || {
                keys::focus(&super::input_id(&added));
            });
        });
    };
    let item = move |index: usize| {
        let path = place.with_value(|path| path.item(index));
        let issue = ctx.issue(&path);
        let gone = path.clone();
        let remove = move |_| ctx.remove(&gone);
        let value = view! { <Value ctx path ty=ty.clone() clear=Clear::Never/> };
        let wrong =
            move || issue.get().map(|text| view! { <p class="msg" role="alert">{text}</p> });
        if one_line {
            view! {
                <div class="item" role="listitem">
                    <div class="value">{value}{wrong}</div>
                    <button class="icon-button" tabindex="-1" title="Remove" aria-label=format!("Remove element {index}") on:click=remove>
                        {Icon::Close.view()}
                    </button>
                </div>
            }
            .into_any()
        } else {
            let swap = move |with: usize| {
                place.with_value(|path| ctx.edit(path, |root| path.swap(root, index, with)))
            };
            view! {
                <div class="card-item" role="listitem">
                    <div class="card-head">
                        <code>"#"{index}</code>
                        <span class="right">
                            <button class="icon-button" title="Move up" aria-label="Move up" disabled=index == 0 on:click=move |_| swap(index.saturating_sub(1))>"↑"</button>
                            <button class="icon-button" title="Move down" aria-label="Move down" on:click=move |_| swap(index + 1)>"↓"</button>
                            <button class="icon-button" title="Remove" aria-label=format!("Remove element {index}") on:click=remove>{Icon::Trash.view()}</button>
                        </span>
                    </div>
                    {value}
                    {wrong}
                </div>
            }
            .into_any()
        }
    };
    view! {
        <div class="items" class:rows=!small role="list">
            <For each=move || 0..count.get().min(SHOWN) key=|index| *index let:index>
                {item(index)}
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
