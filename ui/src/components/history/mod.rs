//! Every recorded call.
//!
//! - `charts`: latency and payload of the calls that match
//! - `list`: the calls, newest first
//! - `detail`: one call whole, with what can be done with it
//! - `clear`: forgetting the calls that match
//!
//! Which call is looked at is the route's to say, so that Back works and a call can be linked to.

mod charts;
mod clear;
mod detail;
mod list;

use super::{compare::now, icons::Icon, problem::ProblemLine};
use crate::{
    state::{history::HistoryList, route::Route},
    store::{Store, use_store},
};
use charts::HistoryCharts;
use clear::Clear;
use detail::Detail;
use leptos::{leptos_dom::helpers::debounce, prelude::*, task::spawn_local};
use list::List;
use std::{ops::Range, time::Duration};
use wirelab_chart::format;
use wirelab_model::CallId;

/// How long typing must rest before the list is asked for, milliseconds.
const TYPING_MS: u64 = 140;

/// What the parts of the view share.
#[derive(Clone, Copy)]
struct View {
    store: Store,
    list: RwSignal<HistoryList>,
    in_view: RwSignal<Range<u64>>,
    selected: Memo<Option<CallId>>,
}

impl View {
    fn new(store: Store) -> View {
        let selected = Memo::new(move |_| match store.route.get() {
            Route::History(id) => id,
            _ => None,
        });
        let list = RwSignal::new(HistoryList::default());
        let view = View { store, list, in_view: RwSignal::new(0..1), selected };
        Effect::new(move |before: Option<u64>| {
            let revision = store.history_revision.get();
            if before.is_some_and(|before| before != revision) {
                view.list.update(HistoryList::changed);
            }
            revision
        });
        view.fetch();
        view
    }

    /// Asks for the rows in view that are not there or stale.
    fn fetch(self) {
        Effect::new(move |_| {
            let in_view = self.in_view.get();
            self.list.track();
            let wanted = self.list.try_update_untracked(|list| list.wanted(in_view)).flatten();
            let Some((generation, query)) = wanted else { return };
            spawn_local(async move {
                let reply = self.store.client().history(query).await;
                self.list.try_update(|list| match reply {
                    Ok(page) => list.answered(generation, page),
                    Err(problem) => list.failed(generation, problem),
                });
            });
        });
    }

    fn filter(self, text: &str) {
        let methods: Vec<String> = self.store.catalog.with_untracked(|catalog| {
            let methods = catalog.services.iter().flat_map(|service| &service.methods);
            methods.map(|method| method.path.clone()).collect()
        });
        self.list.update(|list| list.set_text(text, now(), &methods));
    }

    fn look_at(self, id: Option<CallId>) {
        self.store.go(Route::History(id));
    }
}

/// The History view.
#[component]
pub fn HistoryView() -> impl IntoView {
    let store = use_store();
    let view = View::new(store);
    let filter = Memo::new(move |_| view.list.with(|list| list.filter().clone()));
    // Which call it is must not draw the detail anew: its tabs stay as they are.
    let open = Memo::new(move |_| view.selected.get().is_some());
    let kept_not = move || {
        store
            .hello
            .with(|hello| hello.history_problem.clone())
            .map(|problem| view! { <ProblemLine problem/> })
    };
    let width = move || format!("--detail: {}px", store.layout.get().history_detail_width);
    view! {
        <main class="history" class:open=move || open.get() aria-label="History" style=width>
            <section class="h-main" aria-label="Recorded calls">
                <Header view/>
                {kept_not}
                <HistoryCharts filter/>
                <List view/>
            </section>
            {move || open.get().then(|| view! { <Detail view/> })}
        </main>
    }
}

#[component]
fn Header(view: View) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let apply = debounce(Duration::from_millis(TYPING_MS), move |text: String| {
        if typed.try_get_untracked().as_ref() == Some(&text) {
            view.filter(&text);
        }
    });
    let apply = StoredValue::new_local(apply);
    let set = move |text: String| {
        typed.set(text.clone());
        apply.update_value(|apply| apply(text));
    };
    let filtered = Memo::new(move |_| view.list.with(|list| *list.filter() != Default::default()));
    let counts = move || {
        let (found, loading) = view.list.with(|list| (list.len(), list.is_loading()));
        let all = view.store.history_total.get();
        match (loading, filtered.get()) {
            (true, _) => String::new(),
            (false, true) => {
                format!("{} of {} calls", format::count(found), format::count(all.max(found)))
            }
            (false, false) => match found {
                1 => "1 call".to_owned(),
                found => format!("{} calls", format::count(found)),
            },
        }
    };
    let remarks = move || {
        let remarks = view.list.with(|list| list.remarks().join(". "));
        (!remarks.is_empty()).then(|| view! { <p class="h-remark msg" role="status">{remarks}</p> })
    };
    view! {
        <header class="h-head">
            <h1>"History"</h1>
            <div class="search h-search" role="search">
                {Icon::Search.view()}
                <input
                    id="find-in-page"
                    type="text"
                    placeholder="Filter: words, status:NOT_FOUND, method:GetStock, failed, since:1h"
                    aria-label="Filter calls"
                    spellcheck="false"
                    autocomplete="off"
                    data-testid="history-search"
                    prop:value=move || typed.get()
                    on:input=move |event| set(event_target_value(&event))
                    on:keydown=move |event| {
                        if event.key() == "Escape" && !typed.with_untracked(String::is_empty) {
                            event.prevent_default();
                            event.stop_propagation();
                            set(String::new());
                        }
                    }
                />
            </div>
            <span class="dim h-count" role="status">{counts}</span>
            <Clear view filtered/>
        </header>
        {remarks}
    }
}
