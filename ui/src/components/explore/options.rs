//! Deadline, message limit, compression, and when to try again.

use crate::{
    components::field::{CheckField, ChoiceField, TextField},
    state::options::{MAX_ATTEMPTS, Options, Retry},
    store::Tab,
};
use leptos::prelude::*;
use wirelab_model::{Compression, StatusCode};

/// The Options tab.
#[component]
pub fn OptionsView(tab: Tab) -> impl IntoView {
    let compression = move || {
        let chosen = tab.options.with(|o| o.compression);
        chosen.and_then(|c| Compression::ALL.iter().position(|a| *a == c)).map_or(0, |at| at + 1)
    };
    let mut names = vec!["none"];
    names.extend(Compression::ALL.map(Compression::name));
    let retries = Memo::new(move |_| tab.options.with(|o| o.retry.is_some()));
    view! {
        <div class="form">
            <TextField
                id="deadline" label="deadline" hint="sent as grpc-timeout" placeholder="none: waits for ever; for example 5s"
                value=text(tab, |o| o.deadline.clone()) set=set(tab, |o, text| o.deadline = text)
                problem=problem(tab, |o| o.deadline_ms().err())
            />
            <TextField
                id="max-message" label="message limit" hint="largest message accepted" placeholder="64 MiB"
                value=text(tab, |o| o.max_message.clone()) set=set(tab, |o, text| o.max_message = text)
                problem=problem(tab, |o| o.max_message_bytes().err())
            />
            <ChoiceField
                id="compression" label="compression" hint="of requests; answers of any sort are read" choices=names
                value=Signal::derive(compression)
                set=Callback::new(move |at: usize| {
                    let how = at.checked_sub(1).and_then(|at| Compression::ALL.get(at)).copied();
                    edit(tab, |o| o.compression = how);
                })
            />
            <CheckField
                id="wait-for-ready" label="Wait for ready" hint="until the deadline, instead of failing at once when nobody can be reached"
                value=flag(tab, |o| o.wait_for_ready)
                set=Callback::new(move |on: bool| edit(tab, |o| o.wait_for_ready = on))
            />
            <CheckField
                id="cold" label="Cold connection" hint="a new one for each call, so that its set-up is measured; closed after it"
                value=flag(tab, |o| o.cold)
                set=Callback::new(move |on: bool| edit(tab, |o| o.cold = on))
            />
            <CheckField
                id="retry" label="Try again after failures" hint="otherwise the connection's service config decides"
                value=retries
                set=Callback::new(move |on: bool| edit(tab, |o| o.retry = on.then(Retry::default)))
            />
            <Show when=move || retries.get()><RetryPart tab/></Show>
        </div>
    }
}

/// Changes the options of a tab.
fn edit(tab: Tab, change: impl FnOnce(&mut Options)) {
    tab.options.update(change);
    tab.edited();
}

fn edit_retry(tab: Tab, change: impl FnOnce(&mut Retry)) {
    edit(tab, |options| {
        if let Some(retry) = &mut options.retry {
            change(retry);
        }
    });
}

fn text(tab: Tab, read: fn(&Options) -> String) -> Signal<String> {
    Signal::derive(move || tab.options.with(read))
}

fn flag(tab: Tab, read: fn(&Options) -> bool) -> Signal<bool> {
    Signal::derive(move || tab.options.with(read))
}

fn set(tab: Tab, write: fn(&mut Options, String)) -> Callback<String> {
    Callback::new(move |text: String| edit(tab, |options| write(options, text)))
}

fn problem(tab: Tab, check: fn(&Options) -> Option<String>) -> Signal<Option<String>> {
    Signal::derive(move || tab.options.with(check))
}

/// When to try again: how often, how long apart, after what.
#[component]
fn RetryPart(tab: Tab) -> impl IntoView {
    let retry = Memo::new(move |_| tab.options.with(|o| o.retry.clone()).unwrap_or_default());
    let read = move |of: fn(&Retry) -> &str| {
        Signal::derive(move || retry.with(|retry| of(retry).to_owned()))
    };
    let write = move |to: fn(&mut Retry) -> &mut String| {
        Callback::new(move |text: String| edit_retry(tab, |retry| *to(retry) = text))
    };
    let wrong = Memo::new(move |_| retry.with(|retry| retry.policy().err()));
    let code = move |code: StatusCode| {
        let on = Memo::new(move |_| retry.with(|retry| retry.codes.contains(&(code as u32))));
        view! {
            <button
                type="button" class="chip" class:on=on aria-pressed=move || on.get().to_string()
                on:click=move |_| edit_retry(tab, |retry| retry.toggle(code))
            >
                {code.name()}
            </button>
        }
    };
    view! {
        <div class="nest" data-testid="retry-policy">
            <ChoiceField
                id="retry-attempts" label="attempts" hint="the first included" choices=vec!["2", "3", "4", "5"]
                value=Signal::derive(move || retry.with(|r| r.attempts.clamp(2, MAX_ATTEMPTS) as usize - 2))
                set=Callback::new(move |at: usize| edit_retry(tab, |retry| retry.attempts = at as u32 + 2))
            />
            <TextField
                id="retry-first" label="first wait" hint="at most; random below" placeholder="100ms"
                value=read(|r| &r.first) set=write(|r| &mut r.first)
            />
            <TextField
                id="retry-growth" label="growth" hint="from wait to wait" placeholder="2"
                value=read(|r| &r.growth) set=write(|r| &mut r.growth)
            />
            <TextField
                id="retry-longest" label="longest wait" hint="" placeholder="1s"
                value=read(|r| &r.longest) set=write(|r| &mut r.longest)
            />
            <div class="f">
                <span class="f-label">"after"<small>"status codes"</small></span>
                <div class="chips" role="group" aria-label="Status codes after which it is tried again">
                    {StatusCode::ALL.into_iter().skip(1).map(code).collect_view()}
                </div>
            </div>
            {move || wrong.get().map(|why| view! { <p class="msg" role="alert">{why}</p> })}
        </div>
    }
}
