//! The messages of a stream as they come, and the one that is looked at.

use super::{body::Message, call_view::CallView};
use crate::{
    components::{
        splitter::Splitter,
        virtual_list::{Selection, Tail, VirtualList},
    },
    state::{
        messages::Show,
        response::{Response, at},
    },
};
use leptos::prelude::*;
use std::sync::Arc;
use wirelab_chart::format;
use wirelab_model::{Direction, MessageRow, Totals};

/// Height of a row, pixels; `.log .m` in `styles/response.css` has the same.
const ROW_PX: f64 = 28.0;

/// Begins the element ids of rows.
const ROW_ID: &str = "message-";

/// The list and the detail below it.
#[component]
pub fn MessageList(call: CallView) -> impl IntoView {
    let layout = call.store.layout;
    let count = call.memo(|response| response.messages().len());
    let selected = call.memo(|response| response.messages().selected());
    let place = call.memo(|response| {
        let messages = response.messages();
        messages.selected().and_then(|index| messages.position_of(index))
    });
    let follow = call.memo(|response| response.messages().follows());
    let select = move |place: u64| {
        call.change(|response| {
            let messages = response.messages_mut();
            let index = messages.index_at(place);
            messages.select(index);
        });
    };
    let row = move |place: u64| view! { <Row call place select/> }.into_any();
    let detail_height = move || format!("{}px", layout.get().detail_height);
    view! {
        <Show when=move || count.get() != Some(0) fallback=move || view! { <Nothing call/> }>
            <div class="log" data-testid="message-list">
                <VirtualList
                    count=Signal::derive(move || count.get().unwrap_or_default())
                    row_px=ROW_PX
                    row=Arc::new(row)
                    label="Messages"
                    on_view=Callback::new(move |places| call.set_in_view(places))
                    tail=Tail {
                        follow: Signal::derive(move || follow.get().unwrap_or_default()),
                        set: Callback::new(move |follow| {
                            call.change(|response| response.messages_mut().set_follow(follow));
                        }),
                    }
                    selection=Selection {
                        at: Signal::derive(move || place.get().flatten()),
                        set: Callback::new(select),
                        id: ROW_ID,
                    }
                />
                <Show when=move || !follow.get().unwrap_or(true) && call.with(Response::is_running) == Some(true)>
                    <button type="button" class="chip on log-tail" on:click=move |_| {
                        call.change(|response| {
                            let messages = response.messages_mut();
                            messages.select(None);
                            messages.set_follow(true);
                        });
                    }>"Follow ↓"</button>
                </Show>
            </div>
        </Show>
        <Show when=move || selected.get().flatten().is_some()>
            <Splitter
                vertical=false
                label="Height of the message"
                moved=move |px| layout.update(|l| { l.detail_height -= px; *l = l.clamped(); })
                reset=move || layout.update(|l| l.detail_height = crate::state::layout::Layout::default().detail_height)
            />
            <div class="log-detail" data-testid="message-detail" style:height=detail_height>
                <Message call index=move || selected.get().flatten()/>
            </div>
        </Show>
    }
}

#[component]
fn Row<S>(call: CallView, place: u64, select: S) -> impl IntoView
where
    S: Fn(u64) + Copy + Send + Sync + 'static,
{
    let index = call.memo(move |response| response.messages().index_at(place));
    let row = call.memo(move |response| {
        let messages = response.messages();
        messages.index_at(place).and_then(|index| messages.row(index).cloned())
    });
    let selected = call.memo(move |response| {
        let messages = response.messages();
        messages.selected().is_some() && messages.selected() == messages.index_at(place)
    });
    let cells = move || match row.get().flatten() {
        Some(row) => cells(row).into_any(),
        None => view! { <span></span><span class="faint">"…"</span> }.into_any(),
    };
    view! {
        <div
            class="m"
            class:sel=move || selected.get() == Some(true)
            id=format!("{ROW_ID}{place}")
            role="option"
            aria-selected=move || (selected.get() == Some(true)).to_string()
            data-testid="message-row"
            data-index=move || index.get().flatten().map(|index| index.to_string())
            on:click=move |_| select(place)
        >
            {cells}
        </div>
    }
}

fn cells(row: MessageRow) -> impl IntoView {
    let (class, arrow, way) = match row.direction {
        Direction::Sent => ("up", "↑", "sent"),
        Direction::Received => ("down", "↓", "received"),
    };
    let json = row.json_bytes.map(format::bytes);
    let unread = row.json_bytes.is_none();
    view! {
        <span class=class role="img" aria-label=way title=way>{arrow}</span>
        <span class="faint">{at(row.at_ns)}</span>
        <span class="m-text" class:bad=unread>
            {if unread { "could not be read as its type".to_owned() } else { row.text }}
        </span>
        <span class="r" title="Protobuf">{format::bytes(row.bytes)}</span>
        <span class="r" title="JSON">{json}</span>
    }
}

#[component]
fn Nothing(call: CallView) -> impl IntoView {
    let text = move || {
        let state = call.with(|response| (response.is_running(), response.messages().show()));
        match state {
            Some((_, Show::Sent)) => "No messages were sent",
            Some((true, _)) => "No messages yet",
            Some((false, _)) => "The call ended without messages",
            None => "",
        }
    };
    view! { <p class="r-empty">{text}</p> }
}

/// The filter of the list. Where there is little room, arrows stand for the words.
#[component]
pub fn Chips(call: CallView) -> impl IntoView {
    let totals = call.memo(|response| response.messages().totals());
    let shown = call.memo(|response| response.messages().show());
    let chip = move |show: Show, count: fn(&Totals) -> u64| {
        let (word, arrow) = match show {
            Show::All => ("all", "all"),
            Show::Sent => ("sent", "↑"),
            Show::Received => ("received", "↓"),
        };
        let count = move || {
            let count = totals.with(|totals| totals.as_ref().map(count)).unwrap_or_default();
            (show != Show::All).then(|| format!(" {}", format::count(count)))
        };
        view! {
            <button
                type="button"
                class="chip"
                class:on=move || shown.get() == Some(show)
                aria-label=move || format!("{word}{}", count().unwrap_or_default())
                aria-pressed=move || (shown.get() == Some(show)).to_string()
                on:click=move |_| call.show(show)
            >
                <span class="long">{word}</span>
                <span class="short">{arrow}</span>
                {count}
            </button>
        }
    };
    view! {
        <span class="chips" role="group" aria-label="Which messages">
            {chip(Show::All, |_| 0)}
            {chip(Show::Sent, |totals| totals.sent)}
            {chip(Show::Received, |totals| totals.received)}
        </span>
    }
}
