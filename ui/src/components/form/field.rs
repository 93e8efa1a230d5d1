//! Rows of fields: the label at the left, the value at the right or below.

use super::{
    Ctx, input_id,
    list::List,
    map::MapEntries,
    unknown::Unknown,
    value::{Clear, Value},
};
use crate::{
    components::icons::Icon,
    state::{
        form::{
            Path,
            shape::{Group, groups, initial, inline, type_text, well_known},
        },
        json::Json,
    },
};
use leptos::prelude::*;
use wirelab_model::{Cardinality, FieldShape, FieldType, WellKnown};

/// The fields of a message; boxed, for messages hold messages.
#[component]
pub fn MessageFields(ctx: Ctx, path: Path, name: String) -> AnyView {
    let types = ctx.types_now();
    let Some(shape) = types.messages.get(&name) else { return ().into_any() };
    if shape.well_known.is_some() {
        return view! { <Value ctx path ty=FieldType::Message(name) clear=Clear::Never/> }
            .into_any();
    }
    let rows = groups(shape)
        .into_iter()
        .map(|group| match group {
            Group::Field(field) => {
                view! { <Field ctx path=path.field(field) field=field.clone() clear=Clear::Remove/> }.into_any()
            }
            Group::Oneof(name, members) => {
                let members = members.into_iter().cloned().collect();
                view! { <Oneof ctx path=path.clone() name=name.to_owned() members/> }.into_any()
            }
        })
        .collect_view();
    let none = shape
        .fields
        .is_empty()
        .then(|| view! { <p class="form-none">"This message has no fields"</p> });
    view! {
        {none}
        {rows}
        <Unknown ctx path=path.clone() name/>
    }
    .into_any()
}

/// Whether a field's value is drawn below its label instead of beside it: an ordinary message.
fn nested(ctx: Ctx, field: &FieldShape) -> Option<String> {
    let single = !matches!(field.cardinality, Cardinality::Repeated | Cardinality::Map(_));
    match &field.ty {
        FieldType::Message(name) if single => {
            well_known(&ctx.types_now(), &field.ty).is_none().then(|| name.clone())
        }
        _ => None,
    }
}

/// One field.
#[component]
pub fn Field(ctx: Ctx, path: Path, field: FieldShape, clear: Clear) -> AnyView {
    if let Some(name) = nested(ctx, &field) {
        return view! { <Nested ctx path field name clear/> }.into_any();
    }
    let value = match field.cardinality {
        Cardinality::Repeated => {
            view! { <List ctx path=path.clone() ty=field.ty.clone()/> }.into_any()
        }
        Cardinality::Map(key) => {
            view! { <MapEntries ctx path=path.clone() key_type=key ty=field.ty.clone()/> }
                .into_any()
        }
        _ => view! { <Value ctx path=path.clone() ty=field.ty.clone() clear/> }.into_any(),
    };
    view! {
        <Row ctx path field>
            {value}
        </Row>
    }
    .into_any()
}

/// A label with something beside it, and what is wrong there.
#[component]
fn Row(ctx: Ctx, path: Path, field: FieldShape, children: Children) -> impl IntoView {
    let issue = ctx.issue(&path);
    let place = path.to_string();
    view! {
        <div class="f" class:bad=move || issue.get().is_some() data-testid="field" data-path=place>
            <Label path field/>
            <div class="f-value">
                {children()}
                {move || issue.get().map(|text| view! { <p class="msg" role="alert">{text}</p> })}
            </div>
        </div>
    }
}

#[component]
fn Label(path: Path, field: FieldShape) -> impl IntoView {
    let ty = type_text(&field);
    let mut title = format!("{} = {}", field.name, field.number);
    if field.deprecated {
        title.push_str(" (deprecated)");
    }
    if !field.docs.is_empty() {
        title.push_str("\n\n");
        title.push_str(&field.docs);
    }
    view! {
        <label for=input_id(&path) title=title>
            <span class:deprecated=field.deprecated>{breakable(&field.name)}</span>
            <small>{ty}</small>
        </label>
    }
}

/// A name that a narrow column breaks at its underscores and dots first.
fn breakable(name: &str) -> impl IntoView + use<> {
    name.split_inclusive(['_', '.']).map(|part| view! { {part.to_owned()} <wbr/> }).collect_view()
}

/// A message in a message: opened on demand, so that recursion ends.
#[component]
fn Nested(ctx: Ctx, path: Path, field: FieldShape, name: String, clear: Clear) -> impl IntoView {
    let open = ctx.read(&path, |value| value.is_some_and(|value| *value != Json::Null));
    let (opening, closing, inside) = (path.clone(), path.clone(), path.clone());
    let head = move || {
        if open.get() {
            let path = closing.clone();
            (clear == Clear::Remove).then(|| {
                view! {
                    <button class="chip" title="Take this message out" on:click=move |_| ctx.remove(&path)>
                        {Icon::Close.view()} "remove"
                    </button>
                }
                .into_any()
            })
        } else {
            let (path, id) = (opening.clone(), input_id(&opening));
            Some(
                view! {
                    <button id=id class="chip" on:click=move |_| ctx.set(&path, Json::object())>"+ add"</button>
                }
                .into_any(),
            )
        }
    };
    view! {
        <Row ctx path field>
            <div class="items">{head}</div>
        </Row>
        {move || open.get().then(|| {
            let (path, name) = (inside.clone(), name.clone());
            view! { <div class="nest"><MessageFields ctx path name/></div> }
        })}
    }
}

/// A oneof: its members as chips, the chosen one below.
#[component]
fn Oneof(ctx: Ctx, path: Path, name: String, members: Vec<FieldShape>) -> impl IntoView {
    let of_path = path.clone();
    let shapes = members.clone();
    let chosen = ctx.read(&path, move |value| {
        let value = value?;
        shapes.iter().position(|field| {
            let there = Path::root().field(field).get(value);
            there.is_some_and(|v| *v != Json::Null || takes_null(ctx, field))
        })
    });
    let choose = {
        let (members, path) = (members.clone(), path.clone());
        move |which: Option<usize>| {
            if chosen.get_untracked() == which {
                return;
            }
            let types = ctx.types_now();
            ctx.edit(&path, |root| {
                let mut root = root.clone();
                for field in &members {
                    root = path.field(field).remove(&root);
                }
                match which.and_then(|i| members.get(i)) {
                    Some(field) => path.field(field).set(&root, initial(&types, &field.ty)),
                    None => root,
                }
            });
        }
    };
    let chips = members
        .iter()
        .map(|field| (field.name.clone(), field.docs.clone(), field.deprecated))
        .chain([("none".to_owned(), String::new(), false)])
        .enumerate()
        .map(|(i, (name, docs, deprecated))| {
            let which = (i < members.len()).then_some(i);
            let choose = choose.clone();
            view! {
                <button
                    class="chip" class:on=move || chosen.get() == which class:deprecated=deprecated
                    role="radio" aria-checked=move || (chosen.get() == which).to_string() title=docs
                    on:click=move |_| choose(which)
                >
                    {name}
                </button>
            }
        })
        .collect_view();
    let value = move || {
        let field = chosen.get().and_then(|i| members.get(i)).cloned()?;
        let path = of_path.field(&field);
        Some(match nested(ctx, &field) {
            Some(name) => view! { <MessageFields ctx path name/> }.into_any(),
            None => view! { <Field ctx path field clear=Clear::Never/> }.into_any(),
        })
    };
    let title = format!("oneof {name}");
    let label = name.clone();
    let place = path.member(&name, &name).to_string();
    view! {
        <div class="f" data-testid="field" data-path=place>
            <span class="f-label" title=title>{label}<small>"oneof"</small></span>
            <div class="items" role="radiogroup" aria-label=name>{chips}</div>
        </div>
        {move || value().map(|value| view! { <div class="nest">{value}</div> })}
    }
}

fn takes_null(ctx: Ctx, field: &FieldShape) -> bool {
    let types = ctx.types_now();
    well_known(&types, &field.ty) == Some(WellKnown::Value)
        || inline(&types, &field.ty) && initial(&types, &field.ty) == Json::Null
}
