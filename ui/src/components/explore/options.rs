//! Deadline and message limit.

use crate::{state::options::Options, store::Tab};
use leptos::prelude::*;

/// The Options tab.
#[component]
pub fn OptionsView(tab: Tab) -> impl IntoView {
    let field = move |label: &'static str,
                      hint: &'static str,
                      placeholder: &'static str,
                      testid: &'static str,
                      read: fn(&Options) -> String,
                      write: fn(&mut Options, String),
                      check: fn(&Options) -> Option<String>| {
        let problem = Memo::new(move |_| tab.options.with(check));
        view! {
            <div class="f">
                <label for=format!("option-{testid}")>{label}<small>{hint}</small></label>
                <div class="f-value">
                    <input
                        id=format!("option-{testid}") class="in" class:err=move || problem.get().is_some()
                        data-testid=testid placeholder=placeholder autocomplete="off" spellcheck="false"
                        aria-invalid=move || problem.get().is_some().to_string()
                        prop:value=move || tab.options.with(read)
                        on:input=move |event| {
                            tab.options.update(|o| write(o, event_target_value(&event)));
                            tab.edited();
                        }
                    />
                    {move || problem.get().map(|text| view! { <p class="msg" role="alert">{text}</p> })}
                </div>
            </div>
        }
    };
    view! {
        <div class="form">
            {field(
                "deadline",
                "sent as grpc-timeout",
                "none: waits for ever; for example 5s",
                "deadline",
                |o| o.deadline.clone(),
                |o, text| o.deadline = text,
                |o| o.deadline_ms().err(),
            )}
            {field(
                "message limit",
                "largest message accepted",
                "64 MiB",
                "max-message",
                |o| o.max_message.clone(),
                |o, text| o.max_message = text,
                |o| o.max_message_bytes().err(),
            )}
        </div>
    }
}
