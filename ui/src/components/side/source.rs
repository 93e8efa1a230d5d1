//! The loaded sources, how loading went, and what is wrong with them.

use super::add_source::AddSource;
use crate::{
    components::{icons::Icon, problem::ProblemLine, splitter::Splitter},
    state::layout::Layout,
    store::use_store,
};
use leptos::prelude::*;
use wirelab_model::{SourceInfo, SourceSpec, SourceState};

/// How many problems of a source are drawn; the rest is counted.
const SHOWN_PROBLEMS: usize = 50;

/// The panel at the bottom of the sidebar.
#[component]
pub fn Sources() -> impl IntoView {
    let store = use_store();
    let adding = RwSignal::new(false);
    let sources = Memo::new(move |_| store.catalog.with(|catalog| catalog.sources.clone()));
    view! {
        <section class="src" aria-label="Sources">
            <Splitter
                vertical=false
                label="Height of the sources"
                moved=move |by| store.layout.update(|l| {
                    *l = Layout { sources_height: l.sources_height - by, ..*l }.clamped();
                })
                reset=move || store.layout.update(|l| l.sources_height = Layout::default().sources_height)
            />
            <div class="src-head">
                <span class="panel-title">"Sources"</span>
                <button class="icon-button" title="Read all sources again" aria-label="Read all sources again" on:click=move |_| store.reload(None)>
                    {Icon::Reload.view()}
                </button>
                <button
                    class="icon-button"
                    data-testid="source-add"
                    title="Add a source"
                    aria-label="Add a source"
                    aria-expanded=move || adding.get().to_string()
                    on:click=move |_| adding.update(|a| *a = !*a)
                >
                    {Icon::Plus.view()}
                </button>
            </div>
            <Show when=move || adding.get()>
                <AddSource close=move || adding.set(false)/>
            </Show>
            <ul class="src-list" style=move || format!("max-height: {}px", store.layout.get().sources_height)>
                <For each=move || sources.get() key=|source| format!("{source:?}") let:source>
                    <SourceItem source/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn SourceItem(source: SourceInfo) -> impl IntoView {
    let store = use_store();
    let open = RwSignal::new(source.state == SourceState::Failed);
    let SourceInfo { id, spec, label, files, services, state, problems } = source;
    let live = matches!(spec, SourceSpec::Reflection { .. });
    let count = problems.len();
    let (class, words) = match state {
        SourceState::Loading => ("faint", "loading".to_owned()),
        SourceState::Ready if live => ("status", "live".to_owned()),
        SourceState::Ready => ("faint", plural(files as usize, "file")),
        SourceState::Partial => ("status warn", plural(count, "problem")),
        SourceState::Failed => ("status bad", "failed".to_owned()),
    };
    let title = format!(
        "{label}\n{}, {}",
        plural(files as usize, "file"),
        plural(services as usize, "service")
    );
    let (again, gone) = (id.clone(), id);
    let remove = move |_| {
        let (client, id) = (store.client(), gone.clone());
        store.ask(async move { client.remove_source(id).await }, move |c| store.take_catalog(c));
    };
    let shown = problems.iter().take(SHOWN_PROBLEMS).cloned().collect::<Vec<_>>();
    view! {
        <li class="src-item" data-testid="source-item" title=title>
            <div class="src-line">
                <span class="src-label">{label}</span>
                <span class="src-actions">
                    <button class="icon-button" title="Read again" aria-label="Read again" on:click=move |_| store.reload(Some(again.clone()))>
                        {Icon::Reload.view()}
                    </button>
                    <button class="icon-button" title="Remove" aria-label="Remove" on:click=remove>{Icon::Trash.view()}</button>
                </span>
                {if count > 0 {
                    view! {
                        <button class=format!("link {class}") aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|o| *o = !*o)>
                            {words}
                        </button>
                    }.into_any()
                } else {
                    view! { <span class=class>{words}</span> }.into_any()
                }}
            </div>
            <Show when=move || open.get()>
                <div class="src-problems">
                    {shown.iter().cloned().map(|problem| view! { <ProblemLine problem/> }).collect_view()}
                    {(count > SHOWN_PROBLEMS).then(|| format!("and {} more", count - SHOWN_PROBLEMS))}
                </div>
            </Show>
        </li>
    }
}

fn plural(count: usize, word: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {word}{s}", wirelab_chart::format::count(count as u64))
}
