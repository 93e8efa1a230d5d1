//! The glyph of a call kind; each has its own colour everywhere.

use leptos::prelude::*;
use wirelab_model::CallKind;

/// The class that sets `--k`, the glyph, and the words for it.
pub fn parts(kind: CallKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        CallKind::Unary => ("kind k-unary", "→", "unary"),
        CallKind::ServerStream => ("kind k-server", "⇇", "server streaming"),
        CallKind::ClientStream => ("kind k-client", "⇉", "client streaming"),
        CallKind::Bidi => ("kind k-bidi", "⇄", "bidirectional streaming"),
    }
}

/// The glyph.
#[component]
pub fn Kind(#[prop(into)] kind: Signal<CallKind>) -> impl IntoView {
    view! {
        <span
            class=move || parts(kind.get()).0
            role="img"
            aria-label=move || parts(kind.get()).2
            title=move || parts(kind.get()).2
        >
            {move || parts(kind.get()).1}
        </span>
    }
}
