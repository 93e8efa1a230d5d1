//! Every way to every method, by service, with a filter.

use super::View;
use crate::{
    components::{
        kind::Kind,
        problem::ProblemLine,
        virtual_list::{Selection, VirtualList},
    },
    state::bridge::{Row, note, parts, rows},
    store::use_store,
};
use leptos::prelude::*;
use std::sync::Arc;
use wirelab_chart::format;

/// Height of a row, pixels; `.b-row` in `styles/bridge.css` has the same.
const ROW_PX: f64 = 28.0;

/// Begins the element ids of rows.
const ROW_ID: &str = "binding-";

/// The list.
#[component]
pub fn BindingList(view: View) -> impl IntoView {
    let store = use_store();
    let filter = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let all = view.all();
        filter.with(|filter| all.map(|all| rows(&all.bindings, filter)).unwrap_or_default())
    });
    let count = Memo::new(move |_| found.with(Vec::len) as u64);
    let total = move || {
        let all = format::count(view.all()?.bindings.len() as u64);
        let matching = |row: &&Row| matches!(row, Row::Binding(_));
        Some(match filter.with(|filter| filter.trim().is_empty()) {
            true => all,
            false => {
                let some = found.with(|rows| rows.iter().filter(matching).count());
                format!("{} of {all}", format::count(some as u64))
            }
        })
    };
    let place = Memo::new(move |_| {
        let at = view.looked_at.get()?;
        let place = found.with(|rows| rows.iter().position(|row| *row == Row::Binding(at)))?;
        Some(place as u64)
    });
    let select = move |to: u64| {
        let rows = found.get_untracked();
        let from = place.get_untracked().unwrap_or_default();
        // A key that lands on a service goes on to the binding beside it.
        let (to, back) = (to as usize, to < from);
        let binding = |row: &Row| match row {
            Row::Binding(at) => Some(*at),
            Row::Service { .. } => None,
        };
        let before = || rows.iter().take(to + 1).rev().find_map(binding);
        let after = || rows.iter().skip(to).find_map(binding);
        let at = if back { before().or_else(after) } else { after().or_else(before) };
        if let Some(at) = at {
            view.choose(store, at);
        }
    };
    // What is followed rather than chosen comes to the middle.
    let followed = Memo::new(move |_| place.get().filter(|_| view.chosen.get().is_none()));
    let row = move |place: u64| view! { <RowView view found place select/> }.into_any();
    let problems = move || {
        let problems = match view.bindings.get()? {
            Ok(all) => all.problems.clone(),
            Err(problem) => vec![problem],
        };
        (!problems.is_empty()).then(|| {
            view! {
                <div class="bridge-problems">
                    {problems.into_iter().map(|problem| view! { <ProblemLine problem/> }).collect_view()}
                </div>
            }
        })
    };
    view! {
        <section class="card bridge-bindings" aria-label="Bindings">
            <header>
                <b>"Bindings"</b>
                <span class="count">{total}</span>
                <div class="search">
                    <input
                        id="find-in-page" type="search" placeholder="Find by path, verb or method"
                        aria-label="Find bindings by path, verb or method" data-testid="binding-search"
                        autocomplete="off" spellcheck="false"
                        prop:value=move || filter.get()
                        on:input=move |event| filter.set(event_target_value(&event))
                    />
                </div>
            </header>
            {problems}
            <div class="bridge-rows">
                <Show when=move || count.get() != 0 fallback=move || view! { <Nothing view filter/> }>
                    <VirtualList
                        count=count
                        row_px=ROW_PX
                        row=Arc::new(row)
                        label="Bindings"
                        reveal=followed
                        selection=Selection { at: place.into(), set: Callback::new(select), id: ROW_ID }
                    />
                </Show>
            </div>
        </section>
    }
}

#[component]
fn Nothing(view: View, filter: RwSignal<String>) -> impl IntoView {
    let store = use_store();
    move || {
        let words = match (view.bindings.get(), filter.with(String::is_empty)) {
            (None, _) => "Reading the bindings",
            (Some(Err(_)), _) => return None,
            (Some(Ok(_)), false) => "Nothing matches",
            (Some(Ok(_)), true) if store.loaded.get() => {
                "No methods yet. Add a folder of .proto files, a descriptor set or a server at the left"
            }
            _ => "Reading the schemas",
        };
        Some(view! { <p class="bridge-none">{words}</p> })
    }
}

#[component]
fn RowView(
    view: View,
    found: Memo<Vec<Row>>,
    place: u64,
    select: impl Fn(u64) + Copy + Send + 'static,
) -> impl IntoView {
    let id = format!("{ROW_ID}{place}");
    let row = Memo::new(move |_| found.with(|rows| rows.get(place as usize).cloned()));
    move || {
        let id = id.clone();
        match row.get() {
            None => view! { <div class="b-row" id=id></div> }.into_any(),
            Some(Row::Service { name, count }) => view! {
                <div class="b-row b-service" id=id role="presentation" title=name.clone()>
                    <span>{name.clone()}</span><span class="count">{format::count(count as u64)}</span>
                </div>
            }
            .into_any(),
            Some(Row::Binding(at)) => {
                let binding = view.all().and_then(|all| all.bindings.get(at).cloned());
                let binding = binding.unwrap_or_default();
                let short = binding.method.rsplit('/').next().unwrap_or_default().to_owned();
                let selected = Memo::new(move |_| view.looked_at.get() == Some(at));
                view! {
                    <div
                        class="b-row" class:sel=move || selected.get() class:implicit=binding.implicit id=id
                        role="option" aria-selected=move || selected.get().to_string()
                        data-testid="binding-row" data-method=binding.method.clone() data-template=binding.template.clone()
                        title=format!("{} {}\n{}", binding.verb, binding.template, binding.method)
                        on:click=move |_| select(place)
                    >
                        <Kind kind=binding.kind/>
                        <span class="b-method">{short}</span>
                        <span class=format!("b-verb {}", binding.verb.to_ascii_lowercase())>{binding.verb.clone()}</span>
                        <span class="b-path mono">
                            {parts(&binding.template).into_iter().map(|(variable, text)| view! {
                                <span class:var=variable>{text}</span>
                            }).collect_view()}
                        </span>
                        <span class="b-note">{note(&binding)}</span>
                    </div>
                }
                .into_any()
            }
        }
    }
}
