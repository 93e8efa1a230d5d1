//! What a message weighs in each form.

use super::{Bars, forms::Forms};
use crate::{components::response::CallView, state::wire};
use leptos::prelude::*;
use std::sync::Arc;
use wirelab_model::{Direction, MessageDetail};

/// The meters of a message.
#[component]
pub fn Payload(
    /// The call it is of.
    call: CallView,
    /// The message; none while there is none.
    detail: Memo<Option<Arc<MessageDetail>>>,
    /// What it is, at the right of the heading.
    #[prop(into)]
    aside: ViewFn,
) -> impl IntoView {
    let meters = move || {
        let detail = detail.get()?;
        let [json, json_gzip, proto, proto_gzip] = wire::meters(&detail.sizes);
        let testid = |bar: wire::Bar, testid| (bar, Some(testid));
        let bars = vec![
            testid(json, "wire-json-size"),
            (json_gzip, None),
            testid(proto, "wire-proto-size"),
            (proto_gzip, None),
        ];
        Some(view! { <Bars bars class="meters"/> })
    };
    let verdict = move || {
        let detail = detail.get()?;
        if detail.problem.is_some() {
            return Some(view! { <p class="w-verdict dim">"Not readable as its type, so it has no JSON form"</p> }.into_any());
        }
        let smaller = wire::against_json(&detail.sizes)?;
        let worse = detail.sizes.proto > detail.sizes.json;
        let costs = detail.costs.map(|costs| {
            let (proto, json) = wire::costs(&costs);
            view! { <span title=json>"; " {proto}</span> }
        });
        Some(view! {
            <p class="w-verdict dim">
                "Protobuf is " <b class=if worse { "json" } else { "proto" }>{smaller}</b> {costs}
            </p>
        }
        .into_any())
    };
    view! {
        <section aria-label="Payload on the wire">
            <h4>"Payload on the wire" {aside.run()}</h4>
            {move || match detail.with(Option::is_some) {
                true => view! { {meters} {verdict} <Forms call detail/> }.into_any(),
                false => view! { <p class="w-empty">"No message"</p> }.into_any(),
            }}
        </section>
    }
}

/// Switches a call without streams between its request and its response.
#[component]
pub fn SideSwitch(call: CallView) -> impl IntoView {
    let side = move |direction: Direction, name: &'static str| {
        let on = move || call.shown_side() == direction;
        view! {
            <button type="button" class="w-side" class:on=on aria-pressed=move || on().to_string()
                on:click=move |_| call.side.set(Some(direction))>{name}</button>
        }
    };
    view! {
        <span class="w-sides" role="group" aria-label="Which message">
            {side(Direction::Sent, "request")}
            {side(Direction::Received, "response")}
        </span>
    }
}
