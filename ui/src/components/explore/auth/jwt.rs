//! A token that is signed when the call starts.

use super::{edit, problem, set, set_secret, text};
use crate::{
    components::field::{CheckField, ChoiceField, ParsedField, Sort, TextField},
    state::{
        auth::{ALGORITHMS, MAX_LIFETIME_S},
        span,
    },
    store::Tab,
};
use leptos::prelude::*;

/// The fields of a JSON Web Token.
#[component]
pub fn Jwt(tab: Tab) -> impl IntoView {
    let algorithm = Memo::new(move |_| {
        tab.auth.with(|auth| ALGORITHMS.iter().position(|a| *a == auth.jwt.algorithm)).unwrap_or(0)
    });
    let shared = move || ALGORITHMS.get(algorithm.get()).is_some_and(|name| name.starts_with("HS"));
    let lifetime =
        move || span::text(tab.auth.with(|auth| auth.jwt.lifetime_s.saturating_mul(1_000)));
    view! {
        <ChoiceField
            id="jwt-algorithm" label="algorithm" hint="HS: a shared secret; RS, ES: a private key"
            choices=ALGORITHMS.to_vec() value=algorithm
            set=Callback::new(move |at: usize| edit(tab, |auth| {
                auth.jwt.algorithm = ALGORITHMS.get(at).copied().unwrap_or("HS256").to_owned();
            }))
        />
        <TextField
            id="jwt-key" label=Signal::derive(move || if shared() { "secret" } else { "private key" })
            hint="" placeholder="the shared secret, or a private key as PEM" sort=Sort::SecretLines
            value=text(tab, |a| &a.jwt.key.0) set=set_secret(tab, |a| &mut a.jwt.key) problem=problem(tab, "key")
        />
        <Show when=shared>
            <CheckField
                id="jwt-base64" label="The secret is base64" hint="decoded before signing"
                value=Signal::derive(move || tab.auth.with(|auth| auth.jwt.key_is_base64))
                set=Callback::new(move |on: bool| edit(tab, |auth| auth.jwt.key_is_base64 = on))
            />
        </Show>
        <TextField
            id="jwt-claims" label="claims" hint="JSON; iat and exp are added" sort=Sort::Lines(5)
            placeholder="{\"sub\": \"me\"}" value=text(tab, |a| &a.jwt.claims)
            set=set(tab, |a| &mut a.jwt.claims) problem=problem(tab, "claims")
        />
        <TextField
            id="jwt-header" label="header" hint="JSON; alg and typ are added" sort=Sort::Lines(2)
            placeholder="none; for example {\"kid\": \"1\"}" value=text(tab, |a| &a.jwt.header)
            set=set(tab, |a| &mut a.jwt.header) problem=problem(tab, "header")
        />
        <ParsedField
            id="jwt-lifetime" label="lifetime" hint="from iat to exp" placeholder="1h" value=Signal::derive(lifetime)
            take=Callback::new(move |text: String| match span::time_ms(&text) {
                Ok(Some(ms)) if (1_000..=MAX_LIFETIME_S * 1_000).contains(&ms) => {
                    edit(tab, |auth| auth.jwt.lifetime_s = ms / 1_000);
                    None
                }
                Ok(_) => Some("A token lives between one second and ten years".to_owned()),
                Err(why) => Some(why),
            })
        />
    }
}
