//! The request being edited: form, JSON, metadata, auth, options.

use super::{
    actions::SendButton,
    auth::AuthView,
    json::{ErrorStrip, Foot, JsonView},
    metadata::{CommonKeys, MetadataView},
    notes::Notes,
    options::OptionsView,
};
use crate::{
    components::{form::Form, shell::keys},
    state::{auth::AuthKind, session::RequestView},
    store::{FormState, Tab, use_store},
};
use leptos::{ev, prelude::*, task::spawn_local};
use wirelab_model::CheckRequest;

/// How long typing must rest before the studio is asked, milliseconds.
const SETTLE_MS: u32 = 350;

const VIEWS: [(RequestView, &str); 5] = [
    (RequestView::Form, "tab-form"),
    (RequestView::Json, "tab-json"),
    (RequestView::Metadata, "tab-metadata"),
    (RequestView::Auth, "tab-auth"),
    (RequestView::Options, "tab-options"),
];

/// The pane at the left of Explore.
#[component]
pub fn RequestPane(tab: Tab) -> impl IntoView {
    let store = use_store();
    // The second part gives way where the pane is narrow.
    let label = move |view: RequestView| {
        let (word, more) = match view {
            RequestView::Form if tab.kind.get().client_streams() => ("Next", " message"),
            RequestView::Form => ("Form", ""),
            RequestView::Json => ("JSON", ""),
            RequestView::Metadata => ("Metadata", ""),
            RequestView::Auth => ("Auth", ""),
            RequestView::Options => ("Options", ""),
        };
        view! { <span>{word}<span class="wide">{more}</span></span> }
    };
    let count = move |view: RequestView| {
        let n = match view {
            RequestView::Metadata => tab.metadata.with(|rows| {
                rows.iter().filter(|row| !row.disabled && !row.key.trim().is_empty()).count()
            }),
            RequestView::Options => tab.options.with(|options| options.count()),
            _ => 0,
        };
        (n > 0).then(|| view! { <em class="count">{n}</em> })
    };
    // Whether credentials are chosen, and whether they can be sent as they are.
    let auth = Memo::new(move |_| {
        tab.auth
            .with(|auth| (auth.kind != AuthKind::None).then(|| auth.problem().map(|(_, why)| why)))
    });
    let mark = move |view: RequestView| {
        let problem = auth.get().filter(|_| view == RequestView::Auth)?;
        let (class, title) = match problem {
            Some(why) => ("tab-mark bad", why),
            None => ("tab-mark", "Credentials are sent".to_owned()),
        };
        Some(view! { <em class=class role="img" aria-label=title.clone() title=title></em> })
    };
    let key = move |event: ev::KeyboardEvent| {
        let at = VIEWS.iter().position(|(v, _)| *v == tab.view.get_untracked()).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowLeft" => (at + VIEWS.len() - 1) % VIEWS.len(),
            "ArrowRight" => (at + 1) % VIEWS.len(),
            _ => return,
        };
        event.prevent_default();
        tab.view.set(VIEWS[to].0);
        keys::focus(VIEWS[to].1);
    };
    check_when_settled(tab);
    let history = move |event: ev::KeyboardEvent| {
        let control = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        let editing = matches!(tab.view.get_untracked(), RequestView::Form | RequestView::Json);
        let back = match (event.key().to_lowercase().as_str(), event.shift_key()) {
            ("z", false) => true,
            ("z", true) | ("y", false) => false,
            _ => return,
        };
        if control && editing {
            event.prevent_default();
            tab.step(back);
        }
    };
    let has_example = move || matches!(tab.form.get(), FormState::Ready(_));
    view! {
        <section class="pane request" aria-label="Request" on:keydown=history>
            <nav>
                <div class="pane-tabs" role="tablist" aria-label="Parts of the request" on:keydown=key>
                    {VIEWS.map(|(which, testid)| {
                        let on = move || tab.view.get() == which;
                        view! {
                            <button
                                id=testid role="tab" class="pane-tab" class:on=on data-testid=testid
                                aria-selected=move || on().to_string()
                                tabindex=move || if on() { "0" } else { "-1" }
                                on:click=move |_| tab.view.set(which)
                            >
                                {move || label(which)} {move || count(which)} {move || mark(which)}
                            </button>
                        }
                    })}
                </div>
                <span class="right">
                    <Show when=move || matches!(tab.view.get(), RequestView::Form | RequestView::Json)>
                        <button
                            class="link" data-testid="fill-example" disabled=move || !has_example()
                            title="Fill every field with an example value"
                            on:click=move |_| store.fill_example(tab)
                        >
                            "Fill"<span class="wide">" example"</span>
                        </button>
                    </Show>
                    <SendButton tab/>
                </span>
            </nav>
            <CommonKeys/>
            <Notes tab/>
            {move || match tab.view.get() {
                RequestView::Form => view! { <Form tab/> }.into_any(),
                RequestView::Json => view! { <JsonView tab/> }.into_any(),
                RequestView::Metadata => view! { <MetadataView tab/> }.into_any(),
                RequestView::Auth => view! { <AuthView tab/> }.into_any(),
                RequestView::Options => view! { <OptionsView tab/> }.into_any(),
            }}
            <Show when=move || matches!(tab.view.get(), RequestView::Form | RequestView::Json)>
                <ErrorStrip tab/>
                <Foot tab/>
            </Show>
        </section>
    }
}

/// Has the studio check the message whenever typing rests: the shape alone does not tell everything.
fn check_when_settled(tab: Tab) {
    let store = use_store();
    let round = StoredValue::new(0u64);
    Effect::new(move |_| {
        tab.form.track();
        let message = tab.editor.with(|e| e.error().is_none().then(|| e.message()));
        round.update_value(|n| *n += 1);
        let mine = round.get_value();
        let Some(json) = message else { return tab.checked.set(None) };
        spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(SETTLE_MS).await;
            // Gone when the tab is no longer drawn, or newer text came.
            if round.try_get_value() != Some(mine) {
                return;
            }
            let checked = store.client().check(CheckRequest { method: tab.method(), json }).await;
            if round.try_get_value() == Some(mine) {
                tab.checked.set(checked.ok());
            }
        });
    });
}
