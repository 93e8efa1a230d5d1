//! A chart at the size of the place it is given.

use crate::components::virtual_list::measured_width;
use leptos::{html::Div, prelude::*};
use wirelab_chart::Size;

/// A chart as wide as its parent, drawn again when that or its data changes, so that its text keeps its size.
#[component]
pub fn Chart(
    /// Draws it; what it reads is tracked.
    draw: Callback<Size, String>,
    /// How high it is, pixels.
    height: u32,
) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let width = measured_width(frame);
    let svg = move || match width.get() {
        width if width >= 1.0 => draw.run(Size::new(width as u32, height)),
        _ => String::new(),
    };
    view! { <div class="chart" node_ref=frame style:height=format!("{height}px") inner_html=svg></div> }
}
