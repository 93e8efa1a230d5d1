//! A list of equally tall rows of which only those in view are in the page.
//!
//! Owns scrolling, measuring and keys; `crate::state::virtual_list` does the arithmetic. What a row shows, and which
//! one is selected, is its user's.

use crate::state::virtual_list::{Rows, key_target};
use leptos::{ev::KeyboardEvent, html::Div, prelude::*};
use std::{ops::Range, sync::Arc};
use wasm_bindgen::{JsCast, closure::Closure};

/// Draws the row at a place of the list.
pub type DrawRow = Arc<dyn Fn(u64) -> AnyView + Send + Sync>;

/// How a list holds on to its end.
#[derive(Clone, Copy)]
pub struct Tail {
    /// Whether the end stays in view as rows are added.
    pub follow: Signal<bool>,
    /// Told when a person scrolls away from the end (false) or back to it (true).
    pub set: Callback<bool>,
}

/// How a list is moved through by keys.
#[derive(Clone, Copy)]
pub struct Selection {
    /// The selected place; brought into view when it changes.
    pub at: Signal<Option<u64>>,
    /// Told where a key moves it.
    pub set: Callback<u64>,
    /// Begins the element id of every row, which ends with its place; for `aria-activedescendant`.
    pub id: &'static str,
}

/// The list. It fills its parent, which has a height of its own.
#[component]
pub fn VirtualList(
    /// How many rows there are.
    #[prop(into)]
    count: Signal<u64>,
    /// How tall each is, pixels.
    row_px: f64,
    /// Draws a row.
    row: DrawRow,
    /// What the list is, for those who do not see it.
    label: &'static str,
    /// Told which places are drawn.
    #[prop(optional, into)]
    on_view: Option<Callback<Range<u64>>>,
    /// Holds on to the end.
    #[prop(optional, into)]
    tail: Option<Tail>,
    /// Moves through the rows; makes this a listbox.
    #[prop(optional, into)]
    selection: Option<Selection>,
    /// A place to bring into view when it changes.
    #[prop(optional, into)]
    reveal: Option<Signal<Option<u64>>>,
) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let view_px = measured_height(frame);
    let scroll = RwSignal::new(0.0_f64);
    let rows = move || Rows { count: count.get(), row_px, view_px: view_px.get() };
    let drawn = Memo::new(move |_| rows().window(scroll.get()));
    let scroll_to = move |px: f64| {
        if let Some(frame) = frame.try_get_untracked().flatten() {
            frame.set_scroll_top(px.ceil() as i32);
            scroll.set(f64::from(frame.scroll_top()));
        }
    };

    if let Some(on_view) = on_view {
        Effect::new(move |_| on_view.run(drawn.with(|window| window.rows.clone())));
    }
    if let Some(tail) = tail {
        Effect::new(move |_| {
            let end = rows().max_scroll_px();
            if tail.follow.get() && scroll.get_untracked() < end {
                // The content grows in the same turn; it can be scrolled once it has.
                request_animation_frame(move || scroll_to(end));
            }
        });
    }
    let bring = move |place: Option<u64>, how: fn(&Rows, u64, f64) -> Option<f64>| {
        if let Some(place) = place {
            request_animation_frame(move || {
                let Some(scrolled) = scroll.try_get_untracked() else { return };
                if let Some(px) = how(&untrack(rows), place, scrolled) {
                    scroll_to(px);
                }
            });
        }
    };
    if let Some(reveal) = reveal {
        Effect::new(move |_| bring(reveal.get(), Rows::centre));
    }
    if let Some(selection) = selection {
        Effect::new(move |_| bring(selection.at.get(), Rows::reveal));
    }

    let on_scroll = move |_| {
        let Some(frame) = frame.get_untracked() else { return };
        let (was, now) = (scroll.get_untracked(), f64::from(frame.scroll_top()));
        scroll.set(now);
        if let Some(tail) = tail {
            let at_end = now + row_px >= untrack(rows).max_scroll_px();
            let follows = tail.follow.get_untracked();
            if at_end && !follows {
                tail.set.run(true);
            } else if !at_end && follows && now < was {
                tail.set.run(false);
            }
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(selection) = selection else { return };
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let rows = untrack(rows);
        let target =
            key_target(&event.key(), selection.at.get_untracked(), rows.count, rows.page());
        if let Some(place) = target {
            event.prevent_default();
            selection.set.run(place);
        }
    };
    let active = move || {
        let place = selection?.at.get()?;
        Some(format!("{}{place}", selection?.id))
    };

    view! {
        <div
            class="vlist"
            node_ref=frame
            role=if selection.is_some() { "listbox" } else { "group" }
            aria-label=label
            aria-activedescendant=active
            tabindex="0"
            on:scroll=on_scroll
            on:keydown=on_key
        >
            <div class="vlist-content" style:height=move || format!("{}px", rows().content_px())>
                <div
                    class="vlist-rows"
                    style:transform=move || drawn.with(|window| format!("translateY({}px)", window.top_px))
                >
                    <For
                        each=move || drawn.with(|window| window.rows.clone())
                        key=|place| *place
                        children=move |place| row(place)
                    />
                </div>
            </div>
        </div>
    }
}

/// The height of an element's inside, pixels, kept up to date.
pub fn measured_height(element: NodeRef<Div>) -> Signal<f64> {
    measured(element, |div| f64::from(div.client_height()))
}

/// The width of an element's inside, pixels, kept up to date.
pub fn measured_width(element: NodeRef<Div>) -> Signal<f64> {
    measured(element, |div| f64::from(div.client_width()))
}

fn measured(element: NodeRef<Div>, read: fn(&web_sys::HtmlDivElement) -> f64) -> Signal<f64> {
    let size = RwSignal::new(0.0);
    Effect::new(move |_| {
        let Some(div) = element.get() else { return };
        size.set(read(&div));
        let observed = div.clone();
        let closure = Closure::<dyn Fn()>::new(move || {
            let now = read(&observed);
            if size.try_get_untracked().is_some_and(|was| was != now) {
                size.set(now);
            }
        });
        let Ok(observer) = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref()) else {
            return;
        };
        observer.observe(&div);
        let guard = StoredValue::new_local((observer, closure));
        on_cleanup(move || {
            guard.try_with_value(|(observer, _)| observer.disconnect());
        });
    });
    size.into()
}
