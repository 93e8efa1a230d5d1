//! How the bridge is, its settings, and the buttons that start and stop it.

use crate::{
    components::{icons::Icon, problem::ProblemLine},
    state::bridge::{Draft, Remembered, exposed, word},
    store::{Store, use_store},
};
use leptos::prelude::*;
use wirelab_model::{BridgePhase, BridgeProfile, Problem};

/// The head of the view.
#[component]
pub fn Head() -> impl IntoView {
    let store = use_store();
    let draft = RwSignal::new(Draft::default());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    // What was started last comes with the studio's word, or is remembered from another day; what is typed meanwhile stays.
    let known = Memo::new(move |_| {
        let settings = store.bridge.with(|state| state.settings.clone());
        store.bridge_remembered.get_untracked().onto(settings)
    });
    Effect::new(move |_| draft.set(Draft::new(known.get())));
    let phase = Memo::new(move |_| store.bridge.with(|state| state.phase.clone()));
    let running = Memo::new(move |_| matches!(phase.get(), BridgePhase::Running { .. }));
    let start = move || match draft.with_untracked(Draft::settings) {
        Err(wrong) => problem.set(Some(wrong)),
        Ok(settings) => {
            problem.set(None);
            store.bridge_remembered.set(Remembered::of(&settings));
            busy.set(true);
            let client = store.client();
            leptos::task::spawn_local(async move {
                match client.start_bridge(settings).await {
                    Ok(state) => store.take_bridge(state),
                    Err(why) => problem.set(Some(why)),
                }
                busy.set(false);
            });
        }
    };
    let failed = move || {
        let failed = match phase.get() {
            BridgePhase::Failed(problem) => Some(problem),
            _ => None,
        };
        let stale = store.bridge.with(|state| state.stale.clone());
        problem.get().or(failed).or(stale).map(|problem| view! { <ProblemLine problem/> })
    };
    view! {
        <header class="bridge-head">
            <div>
                <h1>"Bridge"</h1>
                <p class="dim"><Words phase/></p>
            </div>
            <Show
                when=move || running.get()
                fallback=move || view! {
                    <button
                        class="btn go" data-testid="bridge-start" on:click=move |_| start()
                        disabled=move || busy.get() || phase.get() == BridgePhase::Starting
                    >
                        {move || if busy.get() { "Starting" } else { "Start" }}
                    </button>
                }
            >
                <button class="btn stop" data-testid="bridge-stop" on:click=move |_| stop(store)>"Stop"</button>
            </Show>
        </header>
        {failed}
        <Show when=move || !running.get()>
            <Settings draft start/>
        </Show>
    }
}

fn stop(store: Store) {
    let client = store.client();
    store.ask(async move { client.stop_bridge(()).await }, move |state| store.take_bridge(state));
}

/// A sentence about how it is; the address can be copied.
#[component]
fn Words(phase: Memo<BridgePhase>) -> impl IntoView {
    let store = use_store();
    move || {
        let (state, class) = word(&phase.get());
        let state = view! { <span class=format!("bridge-state {class}") data-testid="bridge-state">{state}</span> };
        match phase.get() {
            BridgePhase::Running { address } => {
                let url = format!("http://{address}");
                let (upstream, profile) = store
                    .bridge
                    .with(|s| (s.settings.upstream.address.clone(), s.settings.profile.name()));
                let copy = url.clone();
                view! {
                    {state}
                    " at "
                    <code class="bridge-url" data-testid="bridge-url">{url}</code>
                    <button
                        class="icon-button" aria-label="Copy the address" title="Copy the address"
                        data-testid="bridge-copy"
                        on:click=move |_| store.copy(copy.clone(), "the address")
                    >
                        {Icon::Copy.view()}
                    </button>
                    " in front of "
                    <code>{upstream}</code>
                    {format!(" · profile {profile}")}
                }
                .into_any()
            }
            _ => view! {
                {state}
                " · puts REST, WebSocket, gRPC-Web, Connect and gRPC in front of a server, from the loaded schemas alone"
            }
            .into_any(),
        }
    }
}

/// Where it will listen, in front of what, and how.
#[component]
fn Settings(draft: RwSignal<Draft>, start: impl Fn() + Copy + Send + 'static) -> impl IntoView {
    let enter = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            start();
        }
    };
    let open = Memo::new(move |_| draft.with(|draft| exposed(&draft.settings.listen)));
    view! {
        <form class="card bridge-settings" aria-label="Settings of the bridge" on:submit=move |event| event.prevent_default()>
            <label>
                <span>"Listen"</span>
                <input
                    class="in" data-testid="bridge-listen" autocomplete="off" spellcheck="false"
                    prop:value=move || draft.with(|d| d.settings.listen.clone())
                    on:input=move |event| draft.update(|d| d.settings.listen = event_target_value(&event))
                    on:keydown=enter
                />
                <small class:bad=move || open.get()>
                    {move || if open.get() { "others can reach it from here" } else { "this machine only; port 0 takes a free one" }}
                </small>
            </label>
            <label>
                <span>"Server"</span>
                <input
                    class="in" data-testid="bridge-upstream" autocomplete="off" spellcheck="false"
                    prop:value=move || draft.with(|d| d.settings.upstream.address.clone())
                    on:input=move |event| draft.update(|d| d.settings.upstream.address = event_target_value(&event))
                    on:keydown=enter
                />
                <small>"called by gRPC; every form of an address"</small>
            </label>
            <label>
                <span>"Profile"</span>
                <select
                    class="in" data-testid="bridge-profile"
                    on:change=move |event| {
                        let name = event_target_value(&event);
                        let found = BridgeProfile::ALL.into_iter().find(|profile| profile.name() == name);
                        draft.update(|d| d.settings.profile = found.unwrap_or_default());
                    }
                >
                    {BridgeProfile::ALL.map(|profile| view! {
                        <option
                            value=profile.name()
                            selected=move || draft.with(|d| d.settings.profile == profile)
                        >{profile.name()}</option>
                    })}
                </select>
                <small>"whose habits where transcoders differ"</small>
            </label>
            <label>
                <span>"Origins"</span>
                <input
                    class="in" data-testid="bridge-origins" autocomplete="off" spellcheck="false"
                    placeholder="none"
                    prop:value=move || draft.with(|d| d.origins.clone())
                    on:input=move |event| draft.update(|d| d.origins = event_target_value(&event))
                    on:keydown=enter
                />
                <small>"pages that may call it"</small>
            </label>
        </form>
    }
}
