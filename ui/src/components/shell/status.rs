//! The status bar: whether the server and the studio answer, how much History holds, the theme.

use crate::{
    state::route::Route,
    store::{Link, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use wirelab_chart::format;
use wirelab_model::{Endpoint, Health};

/// How often the shown tab's server is asked for its health, milliseconds.
const ASK_AGAIN_MS: u32 = 15_000;
/// How long the address must rest before it is asked, milliseconds.
const SETTLE_MS: u32 = 500;

/// The bar at the bottom.
#[component]
pub fn StatusBar() -> impl IntoView {
    let store = use_store();
    watch_health();
    let health = move || {
        let (address, health) = store.health.get()?;
        let (class, words, title) = match health {
            Health::Serving => ("status", "serving", String::new()),
            Health::Up => ("status", "answers", "It has no health service".to_owned()),
            Health::NotServing => {
                ("status warn", "not serving", "Its health service says so".to_owned())
            }
            Health::Down(problem) => ("status bad", "does not answer", problem.to_string()),
        };
        Some(view! { <span class=class title=title>{format!("{address} {words}")}</span> })
    };
    let link = move || match store.link.get() {
        Link::Up => None,
        Link::Connecting => Some(
            view! { <span class="faint" title="">"Connecting to the studio"</span> }.into_any(),
        ),
        Link::Down(problem) => Some(
            view! {
                <span class="status bad" role="alert" title=problem.help.unwrap_or_default()>
                    {problem.message}", trying again"
                </span>
            }
            .into_any(),
        ),
    };
    let history = move || {
        let total = store.history_total.get();
        let word = if total == 1 { "call" } else { "calls" };
        format!("{} {word} in history", format::count(total))
    };
    let trouble = move || {
        store.hello.with(|hello| hello.history_problem.clone()).map(|problem| {
            let title = problem.to_string();
            view! { <span class="status warn" title=title>"History is off: "{problem.message}</span> }
        })
    };
    view! {
        <footer aria-label="Status">
            {link}
            {health}
            {trouble}
            <span class="right">
                <button class="link" on:click=move |_| store.go(Route::History(None))>{history}</button>
                <button
                    class="link"
                    data-testid="theme"
                    title="Switch between automatic, light and dark colours"
                    on:click=move |_| store.next_theme()
                >
                    {move || store.theme.get().name()}
                </button>
            </span>
        </footer>
    }
}

fn watch_health() {
    let store = use_store();
    let endpoint = Memo::new(move |_| {
        store.active_tab().map(|tab| tab.endpoint.get()).filter(|e| !e.address.trim().is_empty())
    });
    let round = StoredValue::new(0u64);
    Effect::new(move |_| {
        let endpoint = endpoint.get();
        round.update_value(|n| *n += 1);
        let mine = round.get_value();
        let Some(endpoint) = endpoint else { return store.health.set(None) };
        spawn_local(async move {
            let wait = gloo_timers::future::TimeoutFuture::new;
            wait(SETTLE_MS).await;
            while round.get_value() == mine {
                let Endpoint { address, .. } = &endpoint;
                let address = address.trim().to_owned();
                let asked = endpoint.clone();
                let health = store.client().health(asked).await;
                if round.get_value() == mine
                    && let Ok(health) = health
                {
                    store.health.set(Some((address, health)));
                }
                wait(ASK_AGAIN_MS).await;
            }
        });
    });
}
