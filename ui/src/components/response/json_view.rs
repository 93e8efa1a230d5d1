//! JSON text in colours, line by line, with what a search found and hints at types.

use crate::{
    components::virtual_list::VirtualList,
    state::{
        annotate::Note,
        find::Find,
        highlight::{Document, TokenKind},
    },
};
use leptos::prelude::*;
use std::{ops::Range, sync::Arc};
use wirelab_chart::format;

/// Height of a line, pixels; `.j-line` in `styles/response.css` has the same.
const LINE_PX: f64 = 19.0;

/// The text. Pointing at a line says which field it shows.
#[component]
pub fn JsonView(
    /// The text in lines.
    document: Memo<Arc<Document>>,
    /// What each line is.
    notes: Memo<Arc<Vec<Note>>>,
    /// What is searched for.
    find: Signal<Find>,
    /// The field that is pointed at.
    field: RwSignal<Option<String>>,
    /// Where that field is in the text, bytes.
    lit: Memo<Option<Range<usize>>>,
    /// What the text is, for those who do not see it.
    label: &'static str,
) -> impl IntoView {
    // Lines whose field is pointed at elsewhere come into view; under the pointer nothing moves.
    let inside = RwSignal::new(false);
    let lines = Memo::new(move |_| {
        let lit = lit.get()?;
        document.with(|document| {
            Some(document.line_at(lit.start)..document.line_at(lit.end.saturating_sub(1)) + 1)
        })
    });
    let row = move |place: u64| {
        let index = usize::try_from(place).unwrap_or(usize::MAX);
        view! { <Line index document notes find field lines/> }.into_any()
    };
    let found = Signal::derive(move || match lines.get().filter(|_| !inside.get()) {
        Some(lines) => Some(lines.start as u64),
        None => {
            let current = find.with(Find::current)?;
            Some(document.with(|document| document.line_at(current.start)) as u64)
        }
    });
    let left_out = move || match document.with(|document| document.left_out()) {
        0 => None,
        bytes => Some(view! {
            <p class="j-note">
                {format!("{} more are not shown; copy the text to see them", format::bytes(bytes as u64))}
            </p>
        }),
    };
    view! {
        <div class="j-view"
            on:mouseenter=move |_| inside.set(true)
            on:mouseleave=move |_| {
                field.set(None);
                inside.set(false);
            }
        >
            <VirtualList
                count=Signal::derive(move || document.with(|document| document.len() as u64))
                row_px=LINE_PX
                row=Arc::new(row)
                label
                reveal=found
            />
            {left_out}
        </div>
    }
}

#[component]
fn Line(
    index: usize,
    document: Memo<Arc<Document>>,
    notes: Memo<Arc<Vec<Note>>>,
    find: Signal<Find>,
    field: RwSignal<Option<String>>,
    lines: Memo<Option<Range<usize>>>,
) -> impl IntoView {
    let note =
        Memo::new(move |_| notes.with(|notes| notes.get(index).cloned()).unwrap_or_default());
    let pieces = Memo::new(move |_| {
        let document = document.get();
        let line = document.line(index).unwrap_or_default();
        document.pieces(index, &find.with(|find| find.marks(&line)))
    });
    let text = move || {
        let (pieces, left_out) = pieces.get();
        let hint = note.with(|note| note.hint);
        let spans = pieces.into_iter().map(|piece| {
            let integer = hint.is_some() && piece.kind == TokenKind::Text;
            let class = if integer { TokenKind::Number.class() } else { piece.kind.class() };
            match piece.mark {
                None => view! { <span class=class>{piece.text}</span> }.into_any(),
                Some(current) => {
                    let class = format!("{class}{}", if current { " current" } else { "" });
                    view! { <mark class=class>{piece.text}</mark> }.into_any()
                }
            }
        });
        let more = (left_out > 0).then(|| {
            let text = format!(" … {} more", format::bytes(left_out as u64));
            view! { <span class="j-hint">{text}</span> }
        });
        let hint = hint.map(|hint| view! { <span class="j-hint">"// " {hint}</span> });
        view! { {spans.collect_view()} {more} {hint} }
    };
    let here = Memo::new(move |_| {
        let here = lines.with(|lines| lines.as_ref().is_some_and(|lines| lines.contains(&index)));
        here || note
            .with(|note| !note.path.is_empty() && field.with(|f| f.as_ref() == Some(&note.path)))
    });
    let point = move |_| {
        let path = note.with_untracked(|note| note.path.clone());
        field.set((!path.is_empty()).then_some(path));
    };
    view! {
        <div class="j-line" class:here=here on:mouseenter=point>{text}</div>
    }
}
