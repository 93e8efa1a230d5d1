//! The attempts of a call that was tried again.

use crate::{
    components::response::CallView,
    state::attempts::{Line, lines},
};
use leptos::prelude::*;

/// The timeline; nothing for a call that was made once.
#[component]
pub fn Attempts(call: CallView) -> impl IntoView {
    let lines = call.memo(|response| lines(response.record()));
    let row = |line: Line| {
        let spoken = format!(
            "Attempt {} {} {}, {} {}",
            line.number, line.instance, line.status, line.took, line.waited
        );
        let class = format!("a-bar s-{}", line.class);
        let word = format!("s-{}", line.class);
        view! {
            <li title=line.title aria-label=spoken data-testid="attempt">
                <span class="faint">{line.number}</span>
                <span class="a-at mono">{line.instance}</span>
                <b class=word>{line.status}</b>
                <span class="a-took" title=line.waited>{line.took}</span>
                <i class="a-line" aria-hidden="true">
                    <i class=class style:margin-left=format!("{:.2}%", line.left) style:width=format!("{:.2}%", line.width)></i>
                    <i class="a-wait" style:width=format!("{:.2}%", line.backoff)></i>
                </i>
            </li>
        }
    };
    move || {
        let lines = lines.get().unwrap_or_default();
        (!lines.is_empty()).then(|| {
            let count = lines.len();
            view! {
                <ol class="attempts" aria-label=format!("{count} attempts")>{lines.into_iter().map(row).collect_view()}</ol>
            }
        })
    }
}
