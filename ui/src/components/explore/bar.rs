//! Where the call goes: server, TLS, method; and the buttons that make it.

use super::{actions::CallButtons, describe::Describe};
use crate::{
    components::icons::Icon,
    store::{Tab, use_store},
};
use leptos::prelude::*;
use wirelab_model::Tls;

/// The address bar.
#[component]
pub fn AddressBar(tab: Tab) -> impl IntoView {
    let store = use_store();
    let describing = RwSignal::new(false);
    let method = tab.method();
    let (service, name) = match method.rsplit_once('/') {
        Some((service, name)) => (format!("{service}/"), name.to_owned()),
        None => (String::new(), method.clone()),
    };
    let info = Memo::new(move |_| {
        store.catalog.track();
        store.method(&tab.method())
    });
    let docs = move || info.get().map(|info| info.docs).filter(|docs| !docs.is_empty());
    let scheme = move || {
        tab.endpoint.with(|e| {
            let address = e.address.trim();
            if address.starts_with("https://") {
                Some(true)
            } else if address.starts_with("http://") {
                Some(false)
            } else {
                None
            }
        })
    };
    let tls_on = move || scheme().unwrap_or(tab.endpoint.with(|e| e.tls == Tls::System));
    view! {
        <div class="bar">
            <div class="addr">
                <input
                    id="address"
                    class="addr-host"
                    data-testid="address"
                    aria-label="Server address"
                    title="host:port of the server (Ctrl L)"
                    placeholder="host:port"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || tab.endpoint.get().address
                    style=move || format!("width: {}ch", tab.endpoint.with(|e| e.address.chars().count()).clamp(14, 44) + 3)
                    on:input=move |event| {
                        tab.endpoint.update(|e| e.address = event_target_value(&event));
                        tab.edited();
                    }
                />
                <button
                    class="addr-tls"
                    data-testid="tls"
                    role="switch"
                    aria-checked=move || tls_on().to_string()
                    disabled=move || scheme().is_some()
                    title=move || match (scheme(), tls_on()) {
                        (Some(_), _) => "The address's scheme says so",
                        (None, true) => "TLS with the system's root certificates",
                        (None, false) => "Plaintext HTTP/2",
                    }
                    on:click=move |_| {
                        tab.endpoint.update(|e| e.tls = if e.tls == Tls::Off { Tls::System } else { Tls::Off });
                        tab.edited();
                    }
                >
                    {move || if tls_on() { "TLS" } else { "TLS off" }}
                </button>
                <span class="addr-method mono" title=docs>
                    <span class="addr-service">{service}</span>
                    <b class:deprecated=move || info.get().is_some_and(|i| i.deprecated)>{name}</b>
                    <button
                        class="icon-button"
                        aria-label="Describe the method and its messages"
                        title="Describe the method and its messages"
                        aria-expanded=move || describing.get().to_string()
                        on:click=move |_| describing.update(|d| *d = !*d)
                    >
                        {Icon::Info.view()}
                    </button>
                </span>
            </div>
            <CallButtons tab/>
            <Show when=move || describing.get()>
                <Describe tab close=move || describing.set(false)/>
            </Show>
        </div>
    }
}
