//! The status bar: whether the server and the studio answer, how much History holds, the theme.

use crate::{
    components::{icons::Icon, instances::Instances, problem::ProblemLine},
    state::{bridge::status, route::Route},
    store::{Link, listen_to_window, use_store},
};
use leptos::{html, prelude::*, task::spawn_local};
use wirelab_chart::format;
use wirelab_model::{BridgePhase, Health, HealthQuery};

/// How long the address must rest before its server is watched, milliseconds.
const SETTLE_MS: u32 = 500;

/// The bar at the bottom.
#[component]
pub fn StatusBar() -> impl IntoView {
    let store = use_store();
    watch_health();
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
            <HealthButton/>
            <BridgeButton/>
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

/// How the bridge is; opens its view. Nothing while it is stopped.
#[component]
fn BridgeButton() -> impl IntoView {
    let store = use_store();
    let words = Memo::new(move |_| store.bridge.with(|state| status(&state.phase)));
    let bad = Memo::new(move |_| {
        store.bridge.with(|state| matches!(state.phase, BridgePhase::Failed(_)))
    });
    move || {
        words.get().map(|words| {
            view! {
                <button
                    class="link" class:bad=move || bad.get() data-testid="bridge-status" title="Show the bridge"
                    on:click=move |_| store.go(Route::Bridge(None))
                >
                    {words}
                </button>
            }
        })
    }
}

/// The health of the shown tab's server; opens its instances.
#[component]
fn HealthButton() -> impl IntoView {
    let store = use_store();
    let open = RwSignal::new(false);
    let endpoint = Signal::derive(move || store.active_tab().and_then(|tab| tab.server()));
    let button = move || {
        let (address, health) = store.health.get()?;
        let (class, words, title) = match health {
            Health::Serving => ("status", "serving", "Its health service says SERVING".to_owned()),
            Health::Up => {
                ("status", "up", "It answers in gRPC and has no health service".to_owned())
            }
            Health::NotServing => {
                ("status warn", "not serving", "Its health service says NOT_SERVING".to_owned())
            }
            Health::Unknown => (
                "status warn",
                "unknown",
                "Its health service does not know this server".to_owned(),
            ),
            Health::Down(problem) => ("status bad", "down", problem.to_string()),
        };
        Some(view! {
            <button
                id="health" class="health link" data-testid="health" title=format!("{title}. Click for the instances")
                aria-label=format!("{address} {words}: {title}") aria-haspopup="dialog"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <span class=class>{format!("{address} {words}")}</span>
            </button>
        })
    };
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    let reason = move || match store.health.get() {
        Some((_, Health::Down(problem))) => Some(view! { <ProblemLine problem/> }),
        _ => None,
    };
    Effect::new(move |_| {
        if open.get() {
            super::keys::close_outside(panel, "health", move || open.set(false));
        }
    });
    let close = move || {
        open.set(false);
        super::keys::focus("health");
    };
    view! {
        {button}
        <Show when=move || open.get()>
            <div
                class="status-panel" role="dialog" aria-label="Instances" tabindex="-1" node_ref=panel
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        event.prevent_default();
                        close();
                    }
                }
            >
                <header>
                    <b>"Instances"</b>
                    <button class="icon-button right" aria-label="Close" title="Close (Esc)" on:click=move |_| close()>
                        {Icon::Close.view()}
                    </button>
                </header>
                {reason}
                <Instances endpoint/>
            </div>
        </Show>
    }
}

/// Has the studio watch the health of the shown tab's server; what it says comes to the store. The studio watches one
/// server at a time: a screen that is looked at again asks for its own.
fn watch_health() {
    let store = use_store();
    let endpoint = Memo::new(move |_| store.active_tab().and_then(|tab| tab.server()));
    let looked_at = RwSignal::new(0u64);
    listen_to_window("focus", move |_| looked_at.update(|n| *n += 1));
    let round = StoredValue::new(0u64);
    Effect::new(move |_| {
        let endpoint = endpoint.get();
        looked_at.track();
        // After a break the studio may be another.
        let up = store.link.with(|link| *link == Link::Up);
        round.update_value(|n| *n += 1);
        let mine = round.get_value();
        if endpoint.is_none() {
            store.health.set(None);
        }
        if !up {
            return;
        }
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(SETTLE_MS).await;
            if round.try_get_value() == Some(mine) {
                let query = endpoint.map(|endpoint| HealthQuery { endpoint, ..Default::default() });
                // What cannot be watched is not shown; the next call says why.
                let _ = store.client().watch_health(query).await;
            }
        });
    });
}
