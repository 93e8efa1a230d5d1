//! One value of any type.

use super::{
    Ctx,
    any::AnyValue,
    choice::{BoolValue, EnumValue},
    field::MessageFields,
    held::{BytesValue, JsonValue},
    input::{Input, TextValue},
    mask::MaskValue,
    time::{DurationValue, TimestampValue},
};
use crate::{
    components::icons::Icon,
    state::{
        form::{Path, shape::well_known, value_of},
        json::Json,
    },
};
use leptos::prelude::*;
use wirelab_model::{FieldType, Scalar, WellKnown};

/// Whether a value can be taken out where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// By the × in its box.
    Remove,
    /// Not here: what holds it has a way of its own.
    Never,
}

/// The × in a box.
#[component]
pub fn ClearButton(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let there = ctx.read(&path, |value| value.is_some());
    (clear == Clear::Remove).then(|| {
        view! {
            <Show when=move || there.get()>
                {
                    let path = path.clone();
                    view! {
                        <button
                            class="icon-button clear" tabindex="-1" title="Unset" aria-label="Unset"
                            on:click=move |_| ctx.remove(&path)
                        >
                            {Icon::Close.view()}
                        </button>
                    }
                }
            </Show>
        }
    })
}

/// One value.
#[component]
pub fn Value(ctx: Ctx, path: Path, ty: FieldType, clear: Clear) -> AnyView {
    let known = well_known(&ctx.types_now(), &ty);
    match (ty, known) {
        (FieldType::Scalar(scalar), _) | (_, Some(WellKnown::Wrapper(scalar))) => {
            view! { <ScalarValue ctx path scalar clear/> }.into_any()
        }
        (FieldType::Enum(name), _) => view! { <EnumValue ctx path name clear/> }.into_any(),
        (_, Some(WellKnown::Timestamp)) => view! { <TimestampValue ctx path clear/> }.into_any(),
        (_, Some(WellKnown::Duration)) => view! { <DurationValue ctx path clear/> }.into_any(),
        (_, Some(WellKnown::FieldMask)) => view! { <MaskValue ctx path clear/> }.into_any(),
        (_, Some(WellKnown::Any)) => view! { <AnyValue ctx path clear/> }.into_any(),
        (_, Some(WellKnown::Empty)) => view! { <EmptyValue ctx path clear/> }.into_any(),
        (_, Some(known @ (WellKnown::Struct | WellKnown::Value | WellKnown::ListValue))) => {
            let example = match known {
                WellKnown::Struct => r#"{ "any": "JSON object" }"#,
                WellKnown::ListValue => r#"[ "any", "JSON array" ]"#,
                _ => "any JSON value",
            };
            view! { <JsonValue ctx path clear example/> }.into_any()
        }
        (FieldType::Message(name), None) => view! { <MessageFields ctx path name/> }.into_any(),
    }
}

#[component]
fn ScalarValue(ctx: Ctx, path: Path, scalar: Scalar, clear: Clear) -> AnyView {
    match scalar {
        Scalar::Bool => view! { <BoolValue ctx path clear/> }.into_any(),
        Scalar::Bytes => view! { <BytesValue ctx path clear/> }.into_any(),
        Scalar::String => view! { <TextValue ctx path clear/> }.into_any(),
        scalar => {
            let write = {
                let path = path.clone();
                move |text: String| {
                    // An emptied number is an unset one where it can be.
                    if text.is_empty() && clear == Clear::Remove {
                        ctx.remove(&path);
                    } else {
                        ctx.set(&path, value_of(scalar, &text));
                    }
                }
            };
            view! { <Input ctx path clear write/> }.into_any()
        }
    }
}

/// `google.protobuf.Empty`: there or not.
#[component]
fn EmptyValue(ctx: Ctx, path: Path, clear: Clear) -> impl IntoView {
    let there = ctx.read(&path, |value| value.is_some_and(|v| *v != Json::Null));
    let toggle = move |_| {
        if there.get_untracked() { ctx.remove(&path) } else { ctx.set(&path, Json::object()) }
    };
    view! {
        <div class="items">
            <button
                class="chip" class:on=there disabled=move || clear == Clear::Never
                aria-pressed=move || there.get().to_string() on:click=toggle
            >
                {move || if there.get() { "set" } else { "unset" }}
            </button>
        </div>
    }
}
