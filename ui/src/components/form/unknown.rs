//! Keys of the JSON that the message does not have: kept, shown, and taken out only by hand.

use super::Ctx;
use crate::{
    components::icons::Icon,
    state::{
        form::{Path, shape::field_of_key},
        json::{Json, compact},
    },
};
use leptos::prelude::*;

/// The keys that the message does not have, if there are any.
#[component]
pub fn Unknown(ctx: Ctx, path: Path, name: String) -> impl IntoView {
    let types = ctx.types_now();
    let place = StoredValue::new(path.clone());
    let keys = ctx.read(&path, move |value| {
        let (Some(Json::Object(members)), Some(shape)) = (value, types.messages.get(&name)) else {
            return Vec::new();
        };
        let unknown =
            members.iter().filter(|(key, _)| key != "@type" && field_of_key(shape, key).is_none());
        unknown.map(|(key, value)| (key.clone(), compact(value))).collect::<Vec<_>>()
    });
    let row = move |(key, value): (String, String)| {
        let path = place.with_value(|path| path.member(&key, &key));
        view! {
            <div class="pair">
                <code>{key}</code>
                <code class="dim unknown-value">{value}</code>
                <button class="icon-button" title="Remove" aria-label="Remove this key" on:click=move |_| ctx.remove(&path)>
                    {Icon::Close.view()}
                </button>
            </div>
        }
    };
    view! {
        <Show when=move || !keys.with(Vec::is_empty)>
            <div class="unknown">
                <span class="msg">"Not in the message"</span>
                {move || keys.get().into_iter().map(row).collect_view()}
            </div>
        </Show>
    }
}
