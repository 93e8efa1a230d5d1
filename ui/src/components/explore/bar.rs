//! Where the call goes: transport, server, TLS, method; and the buttons that make it.

use super::{
    actions::CallButtons,
    connection::{Chips, Connection},
    describe::Describe,
    switch::TransportSwitch,
};
use crate::{
    components::icons::Icon,
    state::{
        command,
        connection::{ADDRESS_FORMS, lock},
    },
    store::{Tab, use_store},
};
use leptos::{ev, prelude::*};
use wirelab_model::CallKind;

/// The address bar.
#[component]
pub fn AddressBar(tab: Tab) -> impl IntoView {
    let store = use_store();
    let describing = RwSignal::new(false);
    let program = Memo::new(move |_| {
        let unary = tab.kind.get() == CallKind::Unary;
        tab.endpoint.with(|endpoint| command::program(endpoint.transport, unary))
    });
    view! {
        <div class="bar">
            <TransportSwitch tab/>
            <div class="addr" class:unsafe=move || tab.endpoint.with(|e| lock(e).class == "unsafe")>
                <Address tab/>
                <Lock tab/>
                <Method tab describing/>
            </div>
            <button
                class="btn icon-only" data-testid="copy-command"
                aria-label=move || format!("Copy as {}", program.get())
                title=move || format!("Copy as a {} command; secrets are left as placeholders", program.get())
                on:click=move |_| store.copy_command(tab)
            >
                {Icon::Terminal.view()}
            </button>
            <CallButtons tab/>
            <Chips tab/>
            <Show when=move || describing.get()>
                <Describe tab close=move || describing.set(false)/>
            </Show>
            <Show when=move || store.connection.get()>
                <Connection tab/>
            </Show>
        </div>
    }
}

#[component]
fn Address(tab: Tab) -> impl IntoView {
    let store = use_store();
    let forms = ADDRESS_FORMS.map(|(form, about)| format!("{form}: {about}")).join("\n");
    let title = format!(
        "The server (Ctrl L), in one of these forms; a grpcurl command pasted here opens as a request\n\n{forms}"
    );
    let paste = move |event: ev::ClipboardEvent| {
        let text = event.clipboard_data().and_then(|data| data.get_data("text").ok());
        if let Some(line) = text.as_deref().and_then(command::pasted) {
            event.prevent_default();
            store.open_command(line.to_owned());
        }
    };
    view! {
        <input
            id="address"
            class="addr-host"
            data-testid="address"
            aria-label="Server address"
            title=title
            placeholder="host:port, dns:///name:port, unix:///path…"
            autocomplete="off"
            spellcheck="false"
            prop:value=move || tab.endpoint.get().address
            style=move || format!("width: {}ch", tab.endpoint.with(|e| e.address.chars().count()).clamp(14, 44) + 3)
            on:paste=paste
            on:input=move |event| tab.edit_endpoint(|e| e.address = event_target_value(&event))
            on:keydown=move |event| {
                // Typed or dropped instead of pasted.
                let text = tab.endpoint.with_untracked(|e| e.address.clone());
                if event.key() == "Enter" && let Some(line) = command::pasted(&text) {
                    event.prevent_default();
                    store.open_command(line.to_owned());
                }
            }
        />
    }
}

/// Says how safe the connection is, and opens its settings.
#[component]
fn Lock(tab: Tab) -> impl IntoView {
    let store = use_store();
    let lock = Memo::new(move |_| tab.endpoint.with(lock));
    view! {
        <button
            id="connection-open"
            class=move || format!("addr-tls {}", lock.get().class)
            data-testid="connection-open"
            aria-haspopup="dialog"
            aria-expanded=move || store.connection.get().to_string()
            aria-label=move || format!("Connection settings: {}", lock.get().word)
            title=move || format!("{}. Connection settings (Ctrl Shift L)", lock.get().title)
            on:click=move |_| store.connection.update(|open| *open = !*open)
        >
            {move || if lock.get().class == "unsafe" { Icon::Warning.view() } else { Icon::Lock.view() }}
            <span class="addr-word">{move || lock.get().word}</span>
            <span class="fold" class:open=move || store.connection.get() aria-hidden="true">"▸"</span>
        </button>
    }
}

#[component]
fn Method(tab: Tab, describing: RwSignal<bool>) -> impl IntoView {
    let store = use_store();
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
    view! {
        <span class="addr-method mono" title=docs>
            <span class="addr-service">{service}</span>
            <b class:deprecated=move || info.get().is_some_and(|i| i.deprecated)>{name}</b>
            <button
                id="describe-open"
                class="icon-button"
                aria-label="Describe the method and its messages"
                title="Describe the method and its messages"
                aria-expanded=move || describing.get().to_string()
                on:click=move |_| describing.update(|d| *d = !*d)
            >
                {Icon::Info.view()}
            </button>
        </span>
    }
}
