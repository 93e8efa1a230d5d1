//! A bar between two panes that is dragged, or moved with the arrow keys, to resize them.

use leptos::{ev, prelude::*};
use web_sys::wasm_bindgen::JsCast;

/// How far an arrow key moves, pixels.
const KEY_STEP: f64 = 16.0;

/// A splitter. `moved` gets the pixels it was moved by since the last time: right and down are positive.
#[component]
pub fn Splitter(
    /// Whether it is a vertical bar between panes side by side.
    vertical: bool,
    /// What it resizes, for screen readers.
    label: &'static str,
    /// Takes how far it went.
    moved: impl Fn(f64) + Copy + 'static,
    /// Puts the panes back to their usual sizes.
    reset: impl Fn() + Copy + 'static,
) -> impl IntoView {
    let last = StoredValue::new(None::<f64>);
    let position = move |event: &ev::PointerEvent| {
        f64::from(if vertical { event.client_x() } else { event.client_y() })
    };
    let down = move |event: ev::PointerEvent| {
        event.prevent_default();
        if let Some(bar) =
            event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok())
        {
            let _ = bar.set_pointer_capture(event.pointer_id());
        }
        last.set_value(Some(position(&event)));
    };
    let drag = move |event: ev::PointerEvent| {
        if let Some(from) = last.get_value() {
            let to = position(&event);
            last.set_value(Some(to));
            if to != from {
                moved(to - from);
            }
        }
    };
    let key = move |event: ev::KeyboardEvent| {
        let (back, forth) =
            if vertical { ("ArrowLeft", "ArrowRight") } else { ("ArrowUp", "ArrowDown") };
        let step = match event.key() {
            k if k == back => -KEY_STEP,
            k if k == forth => KEY_STEP,
            k if k == "Home" => return reset(),
            _ => return,
        };
        event.prevent_default();
        moved(step);
    };
    view! {
        <div
            class=if vertical { "splitter vertical" } else { "splitter horizontal" }
            role="separator"
            tabindex="0"
            aria-label=label
            aria-orientation=if vertical { "vertical" } else { "horizontal" }
            title="Drag to resize; double-click for the usual size"
            on:pointerdown=down
            on:pointermove=drag
            on:pointerup=move |_| last.set_value(None)
            on:pointercancel=move |_| last.set_value(None)
            on:dblclick=move |_| reset()
            on:keydown=key
        ></div>
    }
}
