//! `google.protobuf.Any`: a type and its fields.

use super::{Ctx, field::MessageFields, input_id, value::Clear};
use crate::{
    components::{icons::Icon, problem::ProblemLine},
    state::{form::Path, json::Json},
};
use leptos::{prelude::*, task::spawn_local};
use std::{collections::BTreeSet, sync::Arc};
use wirelab_model::Problem;

const PREFIX: &str = "type.googleapis.com/";

/// An Any.
#[component]
pub fn AnyValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let url = ctx.read(&path, |value| match value?.get("@type") {
        Some(Json::String(url)) => Some(url.clone()),
        _ => None,
    });
    let there = ctx.read(&path, |value| value.is_some_and(|v| *v != Json::Null));
    let name = Memo::new(move |_| url.get()?.rsplit('/').next().map(str::to_owned));
    let problem = RwSignal::new(None::<Problem>);
    let known = Memo::new(move |_| {
        let name = name.get()?;
        ctx.types.with(|types| types.messages.contains_key(&name)).then_some(name)
    });
    // The type's shape is asked for when it is not among those of the form.
    Effect::new(move |_| {
        problem.set(None);
        let Some(name) = name.get().filter(|name| name.contains('.')) else { return };
        if ctx.types.with_untracked(|types| types.messages.contains_key(&name)) {
            return;
        }
        let client = ctx.store.client();
        spawn_local(async move {
            match client.form(name).await {
                Ok(form) => ctx.types.update(|types| {
                    let types = Arc::make_mut(types);
                    types.messages.extend(form.types.messages);
                    types.enums.extend(form.types.enums);
                }),
                Err(why) => problem.set(Some(why)),
            }
        });
    });
    let place = StoredValue::new(path.clone());
    let choose = move |event| {
        let typed = event_target_value(&event);
        let typed = typed.trim();
        place.with_value(|path| {
            if typed.is_empty() {
                return ctx.set(path, Json::object());
            }
            let url =
                if typed.contains('/') { typed.to_owned() } else { format!("{PREFIX}{typed}") };
            ctx.set(&path.member("@type", "@type"), Json::String(url));
        });
    };
    let list = format!("{}-types", input_id(&path));
    let inside = path.clone();
    let gone = path.clone();
    let fields = move || {
        let name = known.get()?;
        let well_known =
            ctx.types_now().messages.get(&name).is_some_and(|s| s.well_known.is_some());
        let path = if well_known { inside.member("value", "value") } else { inside.clone() };
        Some(view! { <div class="nest"><MessageFields ctx path name/></div> })
    };
    view! {
        <div class="in box">
            <input
                id=input_id(&path) list=list.clone() placeholder="message type, for example google.rpc.ErrorInfo"
                autocomplete="off" spellcheck="false"
                prop:value=move || url.get().map(|u| u.strip_prefix(PREFIX).unwrap_or(&u).to_owned()).unwrap_or_default()
                on:change=choose
            />
            <Show when=move || there.get() && clear == Clear::Remove>
                {
                    let path = gone.clone();
                    view! {
                        <button class="icon-button clear" tabindex="-1" title="Unset" aria-label="Unset" on:click=move |_| ctx.remove(&path)>
                            {Icon::Close.view()}
                        </button>
                    }
                }
            </Show>
        </div>
        <datalist id=list>{candidates(ctx).into_iter().map(|name| view! { <option value=name></option> }).collect_view()}</datalist>
        {move || problem.get().map(|problem| view! { <ProblemLine problem/> })}
        {fields}
    }
}

/// Message types that are loaded: those of the form, and requests and responses of all methods.
fn candidates(ctx: Ctx) -> BTreeSet<String> {
    const OFFERED: usize = 2_000;
    let types = ctx.types_now();
    let mut names: BTreeSet<String> = types.messages.keys().cloned().collect();
    ctx.store.catalog.with_untracked(|catalog| {
        for method in catalog.services.iter().flat_map(|s| &s.methods) {
            if names.len() >= OFFERED {
                break;
            }
            names.extend([method.input.clone(), method.output.clone()]);
        }
    });
    names
}
