//! A token that is fetched from an authorization server when the call starts.

use super::{edit, problem, set, set_secret, text};
use crate::{
    components::field::{CheckField, ChoiceField, Sort, TextField},
    store::Tab,
};
use leptos::prelude::*;
use wirelab_model::OAuth2Grant;

const GRANTS: [(OAuth2Grant, &str); 3] = [
    (OAuth2Grant::ClientCredentials, "client credentials"),
    (OAuth2Grant::AuthorizationCode, "authorization code with PKCE"),
    (OAuth2Grant::RefreshToken, "refresh token"),
];

/// The fields of OAuth 2.
#[component]
pub fn OAuth(tab: Tab) -> impl IntoView {
    let grant = Memo::new(move |_| tab.auth.with(|auth| auth.oauth.grant));
    let at = move || GRANTS.iter().position(|(g, _)| *g == grant.get()).unwrap_or(0);
    view! {
        <ChoiceField
            id="oauth-grant" label="grant" hint="" choices=GRANTS.map(|(_, name)| name).to_vec()
            value=Signal::derive(at)
            set=Callback::new(move |at: usize| edit(tab, |auth| {
                auth.oauth.grant = GRANTS.get(at).map(|(grant, _)| *grant).unwrap_or_default();
            }))
        />
        <TextField
            id="oauth-token-url" label="token endpoint" hint="" placeholder="https://auth.example/oauth/token"
            value=text(tab, |a| &a.oauth.token_url) set=set(tab, |a| &mut a.oauth.token_url) problem=problem(tab, "token")
        />
        <Show when=move || grant.get() == OAuth2Grant::AuthorizationCode>
            <TextField
                id="oauth-auth-url" label="authorization" hint="opens in the browser" placeholder="https://auth.example/oauth/authorize"
                value=text(tab, |a| &a.oauth.auth_url) set=set(tab, |a| &mut a.oauth.auth_url)
                problem=problem(tab, "authorize")
            />
            <TextField
                id="oauth-redirect" label="redirect" hint="on this machine, where the server wants one it knows"
                placeholder="a free port of 127.0.0.1" value=text(tab, |a| &a.oauth.redirect_url)
                set=set(tab, |a| &mut a.oauth.redirect_url) problem=problem(tab, "redirect")
            />
        </Show>
        <TextField
            id="oauth-client" label="client id" hint="" placeholder="" value=text(tab, |a| &a.oauth.client_id)
            set=set(tab, |a| &mut a.oauth.client_id) problem=problem(tab, "client")
        />
        <TextField
            id="oauth-secret" label="client secret" hint="public clients have none" placeholder="" sort=Sort::Secret
            value=text(tab, |a| &a.oauth.client_secret.0) set=set_secret(tab, |a| &mut a.oauth.client_secret)
            problem=problem(tab, "secret")
        />
        <Show when=move || grant.get() == OAuth2Grant::RefreshToken>
            <TextField
                id="oauth-refresh" label="refresh token" hint="" placeholder="" sort=Sort::Secret
                value=text(tab, |a| &a.oauth.refresh_token.0) set=set_secret(tab, |a| &mut a.oauth.refresh_token)
                problem=problem(tab, "refresh")
            />
        </Show>
        <TextField
            id="oauth-scope" label="scope" hint="separated by spaces" placeholder="none"
            value=text(tab, |a| &a.oauth.scope) set=set(tab, |a| &mut a.oauth.scope)
        />
        <TextField
            id="oauth-audience" label="audience" hint="some servers want it" placeholder="none"
            value=text(tab, |a| &a.oauth.audience) set=set(tab, |a| &mut a.oauth.audience)
        />
        <CheckField
            id="oauth-in-body" label="Client and secret in the form" hint="instead of an authorization header"
            value=Signal::derive(move || tab.auth.with(|auth| auth.oauth.credentials_in_body))
            set=Callback::new(move |on: bool| edit(tab, |auth| auth.oauth.credentials_in_body = on))
        />
    }
}
