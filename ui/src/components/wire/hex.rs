//! The bytes of a message: pointing at a field shows its bytes, pointing at bytes shows their field.

use crate::{
    components::virtual_list::{Selection, VirtualList, measured_width},
    state::bytes::{Bytes, HexRow, Run, cost, describe, per_row},
};
use leptos::{html, prelude::*};
use std::sync::Arc;
use wirelab_chart::format;
use wirelab_model::MessageDetail;

/// Height of a row of bytes and of a field, pixels; `styles/wire.css` has the same.
const ROW_PX: f64 = 19.0;
/// Width of a character of the hex view, pixels: 11 px of a monospace font is 0.6 em wide.
const CHAR_PX: f64 = 6.65;
/// Begins the element ids of fields.
const FIELD_ID: &str = "byte-field-";

/// The hex view and the list of fields.
#[component]
pub fn Hex(
    /// The message; none while there is none.
    detail: Memo<Option<Arc<MessageDetail>>>,
    /// The field that is pointed at.
    field: RwSignal<Option<String>>,
) -> impl IntoView {
    let bytes = Memo::new(move |_| {
        let bytes = detail.with(|d| d.as_ref().map(|d| Bytes::new(&d.wire, &d.spans)));
        Arc::new(bytes.unwrap_or_default())
    });
    // The span that is pointed at here; else the field that is pointed at in the message's text.
    let pointed = RwSignal::new(None::<usize>);
    let span = Memo::new(move |_| {
        let bytes = bytes.get();
        let known = pointed.get().filter(|span| *span < bytes.spans().len());
        known.or_else(|| field.with(|path| path.as_ref().and_then(|path| bytes.span_of(path))))
    });
    Effect::new(move |_| {
        bytes.with(|_| ());
        pointed.set(None);
    });
    let set = move |span: Option<usize>| {
        pointed.set(span);
        field.set(span.and_then(|span| {
            bytes.with_untracked(|b| b.spans().get(span).map(|s| s.path.clone()))
        }));
    };
    let frame = NodeRef::<html::Div>::new();
    let width = measured_width(frame);
    let columns = Memo::new(move |_| per_row(width.get(), CHAR_PX));
    let rows = Signal::derive(move || bytes.with(|b| b.rows(columns.get().0) as u64));
    let first_row = Signal::derive(move || {
        let start = bytes.with(|bytes| span.get().map(|span| bytes.range(span).start))?;
        Some((start / columns.get().0.max(1)) as u64)
    });
    let row = move |place: u64| view! { <Row place bytes columns span set/> }.into_any();
    let line = move || match span.get() {
        Some(span) => bytes.with(|bytes| bytes.spans().get(span).map(describe)).unwrap_or_default(),
        None => String::new(),
    };
    let aside = move || match detail.get() {
        Some(detail) if detail.row.bytes > detail.wire.len() as u64 => {
            format!(
                "the first {} of {}",
                format::bytes(detail.wire.len() as u64),
                format::bytes(detail.row.bytes)
            )
        }
        Some(_) => "hover a field to see its bytes".to_owned(),
        None => String::new(),
    };
    let empty = move || detail.with(|d| d.as_ref().is_none_or(|d| d.wire.is_empty()));
    let nothing = move || match detail.with(Option::is_some) {
        true => "The message has no bytes: every field has its default",
        false => "No message",
    };
    view! {
        <section class="w-bytes" aria-label="Bytes">
            <h4>"Bytes" <span class="faint">{aside}</span></h4>
            <Show when=move || !empty() fallback=move || view! { <p class="w-empty">{nothing}</p> }>
                <div class="hex" node_ref=frame on:mouseleave=move |_| set(None)>
                    <VirtualList count=rows row_px=ROW_PX row=Arc::new(row) label="Bytes in hexadecimal" reveal=first_row/>
                </div>
                <p class="w-field dim mono" role="status" title=line>{line}</p>
                <Fields bytes span set/>
            </Show>
        </section>
    }
}

#[component]
fn Row<S>(
    place: u64,
    bytes: Memo<Arc<Bytes>>,
    columns: Memo<(usize, bool)>,
    span: Memo<Option<usize>>,
    set: S,
) -> impl IntoView
where
    S: Fn(Option<usize>) + Copy + Send + Sync + 'static,
{
    let index = usize::try_from(place).unwrap_or(usize::MAX);
    let row = Memo::new(move |_| bytes.with(|bytes| bytes.row(index, columns.get().0)));
    let run = move |run: Run| {
        let Run { range, hex, span: own, colour } = run;
        let lit = Memo::new(move |_| {
            let lit = bytes.with(|bytes| span.get().map(|span| bytes.range(span)));
            lit.is_some_and(|lit| lit.start <= range.start && range.end <= lit.end)
        });
        let class = match colour {
            Some(0) => "c0",
            Some(1) => "c1",
            Some(_) => "c2",
            None => "",
        };
        view! { <mark class=class class:lit=lit on:mouseenter=move |_| set(own)>{hex}</mark> }
    };
    move || {
        let HexRow { offset, runs, ascii } = row.get();
        let ascii = columns.get().1.then(|| view! { <span class="faint">{ascii}</span> });
        view! {
            <div class="hex-row">
                <span class="faint">{offset}</span>
                <span class="hex-bytes">{runs.into_iter().map(run).collect_view()}</span>
                {ascii}
            </div>
        }
    }
}

/// Every field in a list that keys move through.
#[component]
fn Fields<S>(bytes: Memo<Arc<Bytes>>, span: Memo<Option<usize>>, set: S) -> impl IntoView
where
    S: Fn(Option<usize>) + Copy + Send + Sync + 'static,
{
    let row = move |place: u64| {
        let index = usize::try_from(place).unwrap_or(usize::MAX);
        let lit = Memo::new(move |_| span.get() == Some(index));
        let cells = move || {
            bytes.with(|bytes| {
                let span = bytes.spans().get(index)?;
                let name = span.path.rsplit('.').next().unwrap_or(&span.path).to_owned();
                let indent = format!("{}px", f64::from(span.depth.min(12)) * 10.0);
                let wire = format::count(u64::from(span.end.saturating_sub(span.start)));
                let json = span.json.map(|place| format::count(u64::from(place.compact)));
                Some(view! {
                    <span class="w-name" style:padding-left=indent>{name}</span>
                    <span class="faint">{format!("{} {}", span.number, span.wire_type)}</span>
                    <span class="w-value">{span.text.clone()}</span>
                    <span class="r proto" title=cost(span)>{wire}</span>
                    <span class="r json" title=cost(span)>{json.unwrap_or_else(|| "–".to_owned())}</span>
                })
            })
        };
        view! {
            <div class="w-row" class:lit=lit id=format!("{FIELD_ID}{place}") role="option"
                aria-selected=move || lit.get().to_string()
                on:mouseenter=move |_| set(Some(index))
            >
                {cells}
            </div>
        }
        .into_any()
    };
    view! {
        <div class="w-row w-heads" aria-hidden="true">
            <span>"field"</span>
            <span class="faint">"type"</span>
            <span>"value"</span>
            <span class="r" title="Bytes on the wire: tag, length and value">"wire"</span>
            <span class="r" title="Bytes in compact JSON: name and value">"JSON"</span>
        </div>
        <div class="w-fields">
            <VirtualList
                count=Signal::derive(move || bytes.with(|bytes| bytes.spans().len() as u64))
                row_px=ROW_PX
                row=Arc::new(row)
                label="Fields"
                selection=Selection {
                    at: Signal::derive(move || span.get().map(|span| span as u64)),
                    set: Callback::new(move |place: u64| set(usize::try_from(place).ok())),
                    id: FIELD_ID,
                }
            />
        </div>
    }
}
