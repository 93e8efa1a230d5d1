//! Labelled inputs of settings: text, secrets, files, choices, switches; each with what is wrong below it.

use super::icons::Icon;
use crate::store::use_store;
use leptos::prelude::*;

/// What a text is, and so how it is edited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// A line.
    #[default]
    Line,
    /// A line that is shown on demand only.
    Secret,
    /// Several lines that are shown on demand only.
    SecretLines,
    /// The path of a file, picked in the platform's dialog where there is one.
    File,
    /// This many lines.
    Lines(u32),
}

/// A text.
#[component]
pub fn TextField(
    /// Names the element, and the field for tests.
    id: &'static str,
    #[prop(into)] label: Signal<&'static str>,
    hint: &'static str,
    placeholder: &'static str,
    #[prop(into)] value: Signal<String>,
    set: Callback<String>,
    #[prop(optional, into)] problem: Signal<Option<String>>,
    #[prop(optional)] sort: Sort,
    /// Called when the focus leaves.
    #[prop(optional)]
    left: Option<Callback<()>>,
) -> impl IntoView {
    let store = use_store();
    let shown = RwSignal::new(false);
    let secret = matches!(sort, Sort::Secret | Sort::SecretLines);
    let rows = match sort {
        Sort::Lines(rows) => Some(rows),
        Sort::SecretLines => Some(4),
        _ => None,
    };
    let wrong = move || problem.with(Option::is_some);
    let blur = move || {
        if let Some(left) = left {
            left.run(());
        }
    };
    let describe = format!("{id}-problem");
    let describedby = describe.clone();
    let describedby = move || wrong().then(|| describedby.clone());
    let input = match rows {
        Some(rows) => view! {
            <textarea
                id=id class="in" class:err=wrong class:masked=move || secret && !shown.get() data-testid=id rows=rows
                placeholder=placeholder autocomplete="off" spellcheck="false"
                aria-invalid=move || wrong().to_string() aria-describedby=describedby
                prop:value=move || value.get()
                on:input=move |event| set.run(event_target_value(&event))
                on:blur=move |_| blur()
            ></textarea>
        }
        .into_any(),
        None => view! {
            <input
                id=id class="in" class:err=wrong data-testid=id
                type=move || if secret && !shown.get() { "password" } else { "text" }
                placeholder=placeholder autocomplete=if secret { "new-password" } else { "off" } spellcheck="false"
                aria-invalid=move || wrong().to_string() aria-describedby=describedby
                prop:value=move || value.get()
                on:input=move |event| set.run(event_target_value(&event))
                on:blur=move |_| blur()
            />
        }
        .into_any(),
    };
    let beside = match sort {
        Sort::Secret | Sort::SecretLines => Some(view! {
            <button
                type="button" class="chip" aria-pressed=move || shown.get().to_string()
                aria-label=move || format!("{} {}", if shown.get() { "Hide" } else { "Show" }, label.get())
                on:click=move |_| shown.update(|s| *s = !*s)
            >
                {move || if shown.get() { "hide" } else { "show" }}
            </button>
        }
        .into_any()),
        Sort::File if store.client().can_pick() => Some(view! {
            <button type="button" class="chip" on:click=move |_| {
                let picked = store.client().pick(false);
                leptos::task::spawn_local(async move {
                    if let Some(path) = picked.await {
                        set.run(path);
                    }
                });
            }>"choose…"</button>
        }
        .into_any()),
        _ => None,
    };
    view! {
        <div class="f">
            <label for=id>{move || label.get()}<small>{hint}</small></label>
            <div class="f-value">
                <div class="f-beside">{input}{beside}</div>
                {move || problem.get().map(|text| view! { <p class="msg" role="alert" id=describe.clone()>{text}</p> })}
            </div>
        </div>
    }
}

/// A text that stands for another value: what cannot be read is said and not taken, and goes when the focus leaves.
#[component]
pub fn ParsedField(
    /// Names the element, and the field for tests.
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    placeholder: &'static str,
    /// The value in its usual writing.
    #[prop(into)]
    value: Signal<String>,
    /// Takes what was typed, or says why not.
    take: Callback<String, Option<String>>,
) -> impl IntoView {
    let typed = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let set = Callback::new(move |text: String| {
        problem.set(take.run(text.clone()));
        typed.set(Some(text));
    });
    let left = Callback::new(move |()| {
        typed.set(None);
        problem.set(None);
    });
    let value = Signal::derive(move || typed.get().unwrap_or_else(|| value.get()));
    let problem = Signal::derive(move || problem.get().map(|why| format!("{why}. Not taken yet")));
    view! { <TextField id label hint placeholder value set problem left/> }
}

/// One of a few.
#[component]
pub fn ChoiceField(
    /// Names the element, and the field for tests.
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    choices: Vec<&'static str>,
    /// Place of the chosen one.
    #[prop(into)]
    value: Signal<usize>,
    set: Callback<usize>,
) -> impl IntoView {
    view! {
        <div class="f">
            <label for=id>{label}<small>{hint}</small></label>
            <div class="f-value">
                <select
                    id=id class="in" data-testid=id
                    on:change=move |event| {
                        if let Ok(at) = event_target_value(&event).parse() {
                            set.run(at);
                        }
                    }
                >
                    {choices.into_iter().enumerate().map(|(at, name)| view! {
                        <option value=at.to_string() selected=move || value.get() == at>{name}</option>
                    }).collect_view()}
                </select>
            </div>
        </div>
    }
}

/// A switch.
#[component]
pub fn CheckField(
    /// Names the element, and the field for tests.
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    #[prop(into)] value: Signal<bool>,
    set: Callback<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <label class="f-check" title=hint>
            <input
                id=id type="checkbox" data-testid=id disabled=move || disabled.get()
                prop:checked=move || value.get()
                on:change=move |event| set.run(event_target_checked(&event))
            />
            <span>{label}<small>{hint}</small></span>
        </label>
    }
}

/// Something to be careful of.
#[component]
pub fn Caution(
    #[prop(into)] text: Signal<String>,
    /// Whether it is unsafe now.
    #[prop(into)]
    loud: Signal<bool>,
) -> impl IntoView {
    view! {
        <p class="caution" class:loud=move || loud.get() role="alert">{Icon::Warning.view()} <span>{move || text.get()}</span></p>
    }
}
