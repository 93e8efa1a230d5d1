//! Where the time of a call went.

use super::{Bars, attempts::Attempts};
use crate::{components::response::CallView, state::wire};
use leptos::prelude::*;
use wirelab_chart::format;

/// The waterfall.
#[component]
pub fn Time(call: CallView) -> impl IntoView {
    let timings = call.memo(|response| response.record().timings);
    let running = call.memo(|response| response.is_running());
    let total = move || {
        let timings = timings.get()?;
        Some(match running.get() {
            Some(true) => "under way".to_owned(),
            _ => format::ns(timings.total_ns),
        })
    };
    let bars = move || {
        let bars = wire::phases(&timings.get()?);
        let bars = bars.into_iter().map(|bar| (bar, None)).collect::<Vec<_>>();
        Some(match bars.is_empty() {
            true => view! { <p class="w-empty">"Nothing measured yet"</p> }.into_any(),
            false => view! { <Bars bars class="fall"/> }.into_any(),
        })
    };
    view! {
        <section aria-label="Where the time went">
            <h4>"Where the time went" <span class="faint">{total}</span></h4>
            <Attempts call/>
            {bars}
        </section>
    }
}
