//! The form that adds a source.

use crate::{components::problem::ProblemLine, store::use_store};
use leptos::{html, prelude::*, task::spawn_local};
use wirelab_model::{Endpoint, Problem, SourceSpec, Tls};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Files,
    DescriptorSet,
    Reflection,
}

impl Sort {
    const ALL: [(Sort, &'static str, &'static str); 3] = [
        (Sort::Files, "Files", "/path/to/protos or file.proto"),
        (Sort::DescriptorSet, "Descriptor set", "/path/to/set.binpb"),
        (Sort::Reflection, "Server", "localhost:50051"),
    ];
}

/// The form.
#[component]
pub fn AddSource(close: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let store = use_store();
    let sort = RwSignal::new(Sort::Files);
    let path = RwSignal::new(String::new());
    let roots = RwSignal::new(String::new());
    let tls = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        sort.track();
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let text = path.get_untracked().trim().to_owned();
        if text.is_empty() || busy.get_untracked() {
            return;
        }
        let import_roots = roots
            .get_untracked()
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect();
        let spec = match sort.get_untracked() {
            Sort::Files => SourceSpec::Files { path: text, import_roots },
            Sort::DescriptorSet => SourceSpec::DescriptorSet { path: text },
            Sort::Reflection => SourceSpec::Reflection {
                endpoint: Endpoint {
                    address: text,
                    tls: if tls.get_untracked() { Tls::System } else { Tls::Off },
                    ..Endpoint::default()
                },
                metadata: Vec::new(),
            },
        };
        busy.set(true);
        let client = store.client();
        spawn_local(async move {
            match client.add_source(spec).await {
                Ok(catalog) => {
                    store.take_catalog(catalog);
                    close();
                }
                Err(why) => problem.set(Some(why)),
            }
            busy.set(false);
        });
    };
    let browse = move |folder: bool| {
        let picked = store.client().pick(folder);
        spawn_local(async move {
            if let Some(picked) = picked.await {
                path.set(picked);
            }
        });
    };
    let can_pick = store.client().can_pick();
    let placeholder = move || {
        let sort = sort.get();
        Sort::ALL.iter().find(|(s, ..)| *s == sort).map_or("", |(_, _, text)| *text)
    };
    view! {
        <form class="add-source" on:submit=add on:keydown=move |event| {
            if event.key() == "Escape" {
                event.prevent_default();
                close();
            }
        }>
            <div class="chips" role="radiogroup" aria-label="Kind of source">
                {Sort::ALL.map(|(which, label, _)| view! {
                    <button
                        type="button" class="chip" class:on=move || sort.get() == which
                        role="radio" aria-checked=move || (sort.get() == which).to_string()
                        on:click=move |_| sort.set(which)
                    >
                        {label}
                    </button>
                })}
            </div>
            <input
                node_ref=input class="in" data-testid="source-path" aria-label="Where"
                placeholder=placeholder autocomplete="off" spellcheck="false"
                prop:value=move || path.get()
                on:input=move |event| path.set(event_target_value(&event))
            />
            <Show when=move || can_pick && sort.get() != Sort::Reflection>
                <div class="chips">
                    <button type="button" class="chip" on:click=move |_| browse(false)>"Choose a file…"</button>
                    <Show when=move || sort.get() == Sort::Files>
                        <button type="button" class="chip" on:click=move |_| browse(true)>"Choose a folder…"</button>
                    </Show>
                </div>
            </Show>
            <Show when=move || sort.get() == Sort::Files>
                <textarea
                    class="in" rows="2" spellcheck="false" aria-label="Import folders, one a line"
                    placeholder="Import folders, one a line; empty to guess"
                    prop:value=move || roots.get()
                    on:input=move |event| roots.set(event_target_value(&event))
                ></textarea>
            </Show>
            <Show when=move || sort.get() == Sort::Reflection>
                <label class="check">
                    <input type="checkbox" prop:checked=move || tls.get() on:change=move |event| tls.set(event_target_checked(&event))/>
                    "TLS"
                </label>
            </Show>
            {move || problem.get().map(|problem| view! { <ProblemLine problem/> })}
            <div class="dialog-buttons">
                <button type="button" class="btn small" on:click=move |_| close()>"Cancel"</button>
                <button
                    type="submit" class="btn small go" data-testid="source-add-confirm"
                    disabled=move || busy.get() || path.with(|p| p.trim().is_empty())
                >
                    {move || if busy.get() { "Loading" } else { "Add" }}
                </button>
            </div>
        </form>
    }
}
