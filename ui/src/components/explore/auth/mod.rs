//! The Auth tab: which credentials a call is made with.
//!
//! - `jwt`: a token signed here
//! - `oauth`: a token fetched

mod jwt;
mod oauth;

use crate::{
    components::field::{Caution, Sort, TextField},
    state::{
        auth::{AuthDraft, AuthKind},
        connection::exposed as is_exposed,
    },
    store::Tab,
};
use leptos::prelude::*;
use wirelab_model::Secret;

/// The Auth tab.
#[component]
pub fn AuthView(tab: Tab) -> impl IntoView {
    let kind = Memo::new(move |_| tab.auth.with(|auth| auth.kind));
    let choose = move |to: AuthKind| edit(tab, |auth| auth.kind = to);
    let exposed = move || kind.get() != AuthKind::None && tab.endpoint.with(is_exposed);
    view! {
        <div class="form auth" role="group" aria-label="Credentials">
            <div class="chips" role="radiogroup" aria-label="Sort of credentials">
                {AuthKind::ALL.map(|which| view! {
                    <button
                        type="button" class="chip" class:on=move || kind.get() == which role="radio"
                        aria-checked=move || (kind.get() == which).to_string()
                        data-testid=format!("auth-{}", which.name().to_lowercase().replace(' ', "-"))
                        on:click=move |_| choose(which)
                    >
                        {which.name()}
                    </button>
                })}
            </div>
            <p class="faint note">{move || kind.get().about()}</p>
            {move || match kind.get() {
                AuthKind::None => ().into_any(),
                AuthKind::Bearer => view! { <Bearer tab/> }.into_any(),
                AuthKind::Basic => view! { <Basic tab/> }.into_any(),
                AuthKind::ApiKey => view! { <ApiKey tab/> }.into_any(),
                AuthKind::Jwt => view! { <jwt::Jwt tab/> }.into_any(),
                AuthKind::OAuth2 => view! { <oauth::OAuth tab/> }.into_any(),
            }}
            <Show when=exposed>
                <Caution text="TLS is off: these credentials go over the network as they are".to_owned() loud=false/>
            </Show>
            <Show when=move || kind.get() != AuthKind::None>
                <p class="faint note">
                    "Secrets stay in this tab until it is closed or the page is loaded again. They are not in saved requests, History or copied commands."
                </p>
            </Show>
        </div>
    }
}

/// Changes the credentials of a tab.
fn edit(tab: Tab, change: impl FnOnce(&mut AuthDraft)) {
    tab.auth.update(change);
    tab.edited();
}

/// A text of the credentials.
fn text(tab: Tab, of: fn(&AuthDraft) -> &str) -> Signal<String> {
    Signal::derive(move || tab.auth.with(|auth| of(auth).to_owned()))
}

/// Sets a text of the credentials.
fn set(tab: Tab, to: fn(&mut AuthDraft) -> &mut String) -> Callback<String> {
    Callback::new(move |text: String| edit(tab, |auth| *to(auth) = text))
}

/// Sets a secret of the credentials.
fn set_secret(tab: Tab, to: fn(&mut AuthDraft) -> &mut Secret) -> Callback<String> {
    Callback::new(move |text: String| edit(tab, |auth| to(auth).0 = text))
}

/// What is wrong with a field, when it is the first that is.
fn problem(tab: Tab, field: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || {
        tab.auth.with(|auth| auth.problem().filter(|(at, _)| *at == field).map(|(_, why)| why))
    })
}

#[component]
fn Bearer(tab: Tab) -> impl IntoView {
    view! {
        <TextField
            id="auth-token" label="token" hint="" placeholder="the token alone, without “Bearer”" sort=Sort::Secret
            value=text(tab, |a| &a.token.0) set=set_secret(tab, |a| &mut a.token) problem=problem(tab, "token")
        />
    }
}

#[component]
fn Basic(tab: Tab) -> impl IntoView {
    view! {
        <TextField
            id="auth-user" label="user" hint="" placeholder="" value=text(tab, |a| &a.user)
            set=set(tab, |a| &mut a.user) problem=problem(tab, "user")
        />
        <TextField
            id="auth-password" label="password" hint="" placeholder="" sort=Sort::Secret
            value=text(tab, |a| &a.password.0) set=set_secret(tab, |a| &mut a.password)
            problem=problem(tab, "password")
        />
    }
}

#[component]
fn ApiKey(tab: Tab) -> impl IntoView {
    view! {
        <TextField
            id="auth-key-name" label="name" hint="metadata key" placeholder="x-api-key"
            value=text(tab, |a| &a.key_name) set=set(tab, |a| &mut a.key_name) problem=problem(tab, "name")
        />
        <TextField
            id="auth-key" label="key" hint="" placeholder="" sort=Sort::Secret
            value=text(tab, |a| &a.key.0) set=set_secret(tab, |a| &mut a.key) problem=problem(tab, "key")
        />
    }
}
