//! Field masks, with the paths they may name to pick from.

use super::{Ctx, input::Input, value::Clear};
use crate::state::{
    form::{
        Path,
        shape::mask_paths,
        wellknown::{mask_to_form, mask_to_json},
    },
    json::Json,
};
use leptos::{prelude::*, task::spawn_local};
use wirelab_model::FieldType;

/// How many paths are offered.
const OFFERED: usize = 120;

/// A field mask.
#[component]
pub fn MaskValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let place = StoredValue::new(path.clone());
    let write = {
        let path = path.clone();
        move |text: String| {
            if text.is_empty() && clear == Clear::Remove {
                ctx.remove(&path);
            } else {
                ctx.set(&path, Json::String(mask_to_json(&text)));
            }
        }
    };
    let named = ctx.read(&path, |value| match value {
        Some(Json::String(text)) => mask_to_form(text)
            .split(',')
            .map(|p| p.trim().to_owned())
            .filter(|p| !p.is_empty())
            .collect(),
        _ => Vec::<String>::new(),
    });
    let picking = RwSignal::new(false);
    let offered = RwSignal::new(Vec::<String>::new());
    let toggle = move |_| {
        picking.update(|p| *p = !*p);
        if picking.get_untracked() && offered.with_untracked(Vec::is_empty) {
            offer(ctx, offered);
        }
    };
    let flip = move |path: String| {
        let mut paths = named.get_untracked();
        match paths.iter().position(|p| *p == path) {
            Some(at) => {
                paths.remove(at);
            }
            None => paths.push(path),
        }
        place.with_value(|path| ctx.set(path, Json::String(mask_to_json(&paths.join(",")))));
    };
    view! {
        <Input ctx path clear write show=mask_to_form>
            <button class="hint" title="Pick fields" aria-expanded=move || picking.get().to_string() on:click=toggle>
                "pick"
            </button>
        </Input>
        <Show when=move || picking.get()>
            <div class="items" role="group" aria-label="Fields">
                <For each=move || offered.get() key=Clone::clone let:path>
                    {
                        let (of, to) = (path.clone(), path.clone());
                        let on = Memo::new(move |_| named.with(|n| n.contains(&of)));
                        view! {
                            <button class="chip mono" class:on=on aria-pressed=move || on.get().to_string() on:click=move |_| flip(to.clone())>
                                {path}
                            </button>
                        }
                    }
                </For>
            </div>
        </Show>
    }
}

/// Paths of the response, for masks that say what to read, and of the request's own messages, for masks that say
/// what to update.
fn offer(ctx: Ctx, offered: RwSignal<Vec<String>>) {
    let types = ctx.types_now();
    let mut paths = Vec::new();
    for field in
        types.messages.get(&types.root).map(|shape| shape.fields.as_slice()).unwrap_or_default()
    {
        if let FieldType::Message(name) = &field.ty
            && types.messages.get(name).is_some_and(|shape| shape.well_known.is_none())
        {
            paths.extend(mask_paths(&types, name));
        }
    }
    let Some(method) = ctx.store.method(&ctx.tab.method()) else { return offered.set(paths) };
    let client = ctx.store.client();
    spawn_local(async move {
        if let Ok(form) = client.form(method.output).await {
            let mut seen = mask_paths(&form.types, &form.types.root);
            seen.extend(paths);
            let mut known = std::collections::HashSet::new();
            seen.retain(|path| known.insert(path.clone()));
            seen.truncate(OFFERED);
            offered.set(seen);
        }
    });
}
