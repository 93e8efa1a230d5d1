//! What passes through the bridge: figures with their lines, figures by face, and the streams that are open.

use crate::{
    components::kind::Kind,
    state::bridge::{FACE_COLUMNS, FaceLine, Tile, age, face_name, faces, points, tiles},
    store::use_store,
};
use leptos::prelude::*;
use wirelab_chart::format;
use wirelab_model::BridgeStream;

/// The tiles.
#[component]
pub fn Tiles() -> impl IntoView {
    let store = use_store();
    let all = Memo::new(move |_| {
        store.bridge.with(|state| store.bridge_series.with(|series| tiles(state, series)))
    });
    let tile = move |at: usize| {
        let one = move |read: fn(&Tile) -> String| {
            all.with(|all| all.get(at).map(read).unwrap_or_default())
        };
        view! {
            <div class="card" data-testid="bridge-tile">
                <p class="u">{move || one(|tile| tile.label.to_owned())}</p>
                <p class="v" class:bad=move || all.with(|all| all.get(at).is_some_and(|tile| tile.bad))>
                    {move || one(|tile| tile.value.clone())}
                </p>
                <p class="u" title=move || one(|tile| tile.note.clone())>{move || one(|tile| tile.note.clone())}</p>
                <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
                    <polyline points=move || all.with(|all| all.get(at).map(|t| points(&t.line)).unwrap_or_default())/>
                </svg>
            </div>
        }
    };
    let count = Memo::new(move |_| all.with(Vec::len));
    view! {
        <section class="bridge-tiles" aria-label="Metrics">
            {move || (0..count.get()).map(tile).collect_view()}
        </section>
    }
}

/// The figures by face.
#[component]
pub fn Faces() -> impl IntoView {
    let store = use_store();
    let all = Memo::new(move |_| store.bridge.with(|state| faces(&state.metrics)));
    let [first, others @ ..] = FACE_COLUMNS;
    let line = move |at: usize| {
        let one = Memo::new(move |_| all.with(|all| all.get(at).cloned()));
        let read = move |read: fn(&FaceLine) -> String| {
            one.with(|one| one.as_ref().map(read).unwrap_or_default())
        };
        let is = move |read: fn(&FaceLine) -> bool| one.with(|one| one.as_ref().is_some_and(read));
        let cell = move |column: usize| {
            let text = move || one.with(|one| one.as_ref().map(|one| one.cells[column].clone()));
            // The column of errors.
            let bad = move || column == 1 && is(|line| line.bad);
            view! { <td class="r" class:bad=bad>{text}</td> }
        };
        view! {
            <tr data-testid="bridge-face" class:unused=move || is(|line| !line.used) title=move || read(|l| l.title.clone())>
                <th scope="row">
                    <span class=move || format!("dot {}", read(|l| l.class.to_owned())) aria-hidden="true"></span>
                    {move || read(|l| l.name.to_owned())}
                </th>
                {(0..others.len()).map(cell).collect_view()}
            </tr>
        }
    };
    let count = Memo::new(move |_| all.with(Vec::len));
    view! {
        <section class="card bridge-table bridge-faces" aria-label="By face">
            <header><b>"By face"</b></header>
            <table>
                <thead><tr>
                    <th scope="col">{first}</th>
                    {others.map(|name| view! { <th scope="col" class="r">{name}</th> })}
                </tr></thead>
                <tbody>{move || (0..count.get()).map(line).collect_view()}</tbody>
            </table>
        </section>
    }
}

/// The streams that are open.
#[component]
pub fn Streams() -> impl IntoView {
    let store = use_store();
    let open = Memo::new(move |_| store.bridge.with(|state| state.metrics.open_streams));
    let streams = Memo::new(move |_| store.bridge.with(|state| state.streams.clone()));
    let more = move || {
        let (open, shown) = (open.get(), streams.with(Vec::len) as u64);
        (open > shown && shown > 0).then(|| {
            let words = format!("and {} more", format::count(open - shown));
            view! { <p class="faint bridge-more">{words}</p> }
        })
    };
    view! {
        <section class="card bridge-table bridge-streams" aria-label="Open streams">
            <header><b>"Open streams"</b><span class="count">{move || format::count(open.get())}</span></header>
            <Show
                when=move || streams.with(|streams| !streams.is_empty())
                fallback=|| view! { <p class="bridge-none">"Calls that stream show here while they are open"</p> }
            >
                <table>
                    <thead><tr>
                        <th scope="col">"Method"</th><th scope="col">"Face"</th><th scope="col" class="r">"Open"</th>
                        <th scope="col" class="r">"Sent"</th><th scope="col" class="r">"Received"</th>
                        <th scope="col" class="r">"Bytes"</th>
                    </tr></thead>
                    <tbody>
                        <For each=move || streams.get() key=|stream| stream.id let:stream>
                            <Stream id=stream.id first=stream streams/>
                        </For>
                    </tbody>
                </table>
                {more}
            </Show>
        </section>
    }
}

#[component]
fn Stream(id: u64, first: BridgeStream, streams: Memo<Vec<BridgeStream>>) -> impl IntoView {
    let (kind, method) = (first.kind, first.method.clone());
    let short = method.rsplit('/').next().unwrap_or(&method).to_owned();
    let face = face_name(&first.face).to_owned();
    let now = Memo::new(move |_| {
        let found = streams.with(|all| all.iter().find(|stream| stream.id == id).cloned());
        found.unwrap_or_else(|| first.clone())
    });
    view! {
        <tr data-testid="bridge-stream">
            <td title=method><Kind kind/> {short}</td>
            <td>{face}</td>
            <td class="r">{move || age(now.with(|s| s.age_ms))}</td>
            <td class="r">{move || format::count(now.with(|s| s.sent))}</td>
            <td class="r">{move || format::count(now.with(|s| s.received))}</td>
            <td class="r">{move || format::bytes(now.with(|s| s.bytes))}</td>
        </tr>
    }
}
