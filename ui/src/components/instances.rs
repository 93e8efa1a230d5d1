//! The instances behind an address, asked for each second while they show.

use super::{icons::Icon, problem::ProblemLine};
use crate::{
    state::instances::{Line, lines, summary},
    store::use_store,
};
use leptos::{prelude::*, task::spawn_local};
use wirelab_model::{ChannelInfo, Endpoint, Problem};

/// How long the address must rest before it is asked, milliseconds.
const SETTLE_MS: u32 = 300;
/// How long after an answer the next is asked for, milliseconds.
const ASK_AGAIN_MS: u32 = 1_000;
/// The same after a question that the studio could not answer, milliseconds.
const TRY_AGAIN_MS: u32 = 5_000;

/// The table.
#[component]
pub fn Instances(endpoint: Signal<Option<Endpoint>>) -> impl IntoView {
    let channel = watch(endpoint);
    move || match (endpoint.with(Option::is_none), channel.get()) {
        (true, _) => view! { <p class="faint">"No address is typed"</p> }.into_any(),
        (_, None) => view! { <p class="faint">"Asking for the instances"</p> }.into_any(),
        (_, Some(Err(problem))) => view! { <ProblemLine problem/> }.into_any(),
        (_, Some(Ok(channel))) => view! { <Table channel/> }.into_any(),
    }
}

/// The latest answer for an endpoint; asked again and again until the caller is gone.
fn watch(endpoint: Signal<Option<Endpoint>>) -> RwSignal<Option<Result<ChannelInfo, Problem>>> {
    let store = use_store();
    let endpoint = Memo::new(move |_| endpoint.get());
    let channel = RwSignal::new(None);
    let round = StoredValue::new(0u64);
    Effect::new(move |_| {
        let endpoint = endpoint.get();
        round.update_value(|n| *n += 1);
        let mine = round.get_value();
        channel.set(None);
        let Some(endpoint) = endpoint else { return };
        spawn_local(async move {
            let wait = gloo_timers::future::TimeoutFuture::new;
            wait(SETTLE_MS).await;
            // None once what shows it is gone.
            while round.try_get_value() == Some(mine) {
                let reply = store.client().channel(endpoint.clone()).await;
                let pause = if reply.is_ok() { ASK_AGAIN_MS } else { TRY_AGAIN_MS };
                if round.try_get_value() == Some(mine) {
                    channel.try_set(Some(reply));
                }
                wait(pause).await;
            }
        });
    });
    channel
}

#[component]
fn Table(channel: ChannelInfo) -> impl IntoView {
    let lines = lines(&channel);
    let weighted = lines.iter().any(|line| !line.weight.is_empty());
    let summary = summary(&channel);
    let problem = channel.problem.map(|problem| view! { <ProblemLine problem/> });
    let empty = lines.is_empty();
    let row = move |line: Line| {
        let class = format!("status i-{}", line.class);
        let weight = weighted.then(|| view! { <td class="r">{line.weight}</td> });
        let trouble = line.problem.map(|text| {
            view! { <span class="i-problem" title=text.clone() aria-label=text>{Icon::Warning.view()}</span> }
        });
        view! {
            <tr data-testid="instance" data-state=line.class>
                <td class="mono">{line.address}</td>
                <td><span class=class title=line.about>{line.state}</span> {trouble}</td>
                {weight}
                <td class="r">{line.active}</td>
                <td class="r">{line.calls}</td>
                <td class="r bad">{line.failures}</td>
                <td class="r">{line.rtt}</td>
            </tr>
        }
    };
    view! {
        <div class="instances" data-testid="instances">
            <p class="dim">{summary}</p>
            {problem}
            <Show when=move || !empty>
                <div class="i-scroll">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Instance"</th>
                                <th scope="col">"State"</th>
                                {weighted.then(|| view! { <th scope="col" class="r">"Weight"</th> })}
                                <th scope="col" class="r" title="Calls under way">"Active"</th>
                                <th scope="col" class="r" title="Calls ever begun">"Calls"</th>
                                <th scope="col" class="r" title="Failures in a row">"Failed"</th>
                                <th scope="col" class="r" title="Round trip of the last ping">"Ping"</th>
                            </tr>
                        </thead>
                        <tbody>{lines.clone().into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
            </Show>
        </div>
    }
}
