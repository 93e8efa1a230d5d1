//! Whether the connection is protected, whom it trusts, and what it shows of this side.

use crate::{
    components::field::{Caution, CheckField, Sort, TextField},
    state::connection::{pair_problem, scheme, tls_on, typed},
    store::Tab,
};
use leptos::prelude::*;
use wirelab_model::{Tls, TlsOptions};

/// The part of the panel.
#[component]
pub fn TlsPart(tab: Tab) -> impl IntoView {
    let endpoint = tab.endpoint;
    let on = Memo::new(move |_| endpoint.with(tls_on));
    let by_scheme = Memo::new(move |_| endpoint.with(|e| scheme(&e.address)));
    let read = move |of: fn(&TlsOptions) -> &Option<String>| {
        Signal::derive(move || endpoint.with(|e| of(&e.tls_options).clone().unwrap_or_default()))
    };
    let write = move |to: fn(&mut TlsOptions) -> &mut Option<String>| {
        Callback::new(move |text: String| {
            tab.edit_endpoint(|e| *to(&mut e.tls_options) = typed(&text));
        })
    };
    let pair = Signal::derive(move || {
        on.get().then(|| endpoint.with(|e| pair_problem(&e.tls_options))).flatten()
    });
    let insecure = Memo::new(move |_| endpoint.with(|e| e.tls_options.insecure));
    view! {
        <section>
            <h4>
                "TLS"
                <span class="faint">{move || by_scheme.get().map(|_| "the address's scheme decides")}</span>
            </h4>
            <CheckField
                id="tls" label="Protect the connection" hint="verified by the system's roots unless said otherwise"
                value=on disabled=Signal::derive(move || by_scheme.get().is_some())
                set=Callback::new(move |on: bool| {
                    tab.edit_endpoint(|e| e.tls = if on { Tls::System } else { Tls::Off });
                })
            />
            <div class="conn-tls" class:off=move || !on.get()>
                <TextField
                    id="tls-ca" label="own CA" hint="PEM file" placeholder="the system's roots" sort=Sort::File
                    value=read(|t| &t.ca) set=write(|t| &mut t.ca)
                />
                <TextField
                    id="tls-cert" label="client cert" hint="PEM, for mTLS" placeholder="none" sort=Sort::File problem=pair
                    value=read(|t| &t.cert) set=write(|t| &mut t.cert)
                />
                <TextField
                    id="tls-key" label="client key" hint="PEM file" placeholder="in the certificate's file" sort=Sort::File
                    value=read(|t| &t.key) set=write(|t| &mut t.key)
                />
                <TextField
                    id="tls-name" label="server name" hint="asked for and verified" placeholder="the address's host"
                    value=read(|t| &t.server_name) set=write(|t| &mut t.server_name)
                />
                <CheckField
                    id="tls-insecure" label="Do not verify the server" hint="any certificate is accepted"
                    value=insecure
                    set=Callback::new(move |off: bool| tab.edit_endpoint(|e| e.tls_options.insecure = off))
                />
                <Show when=move || insecure.get()>
                    <Caution
                        text="Whoever answers is believed to be the server and reads everything, credentials too. For servers of your own on a network of your own only".to_owned()
                        loud=on
                    />
                </Show>
            </div>
        </section>
    }
}
