//! How a request reaches its server: the panel below the address bar, and the chips that show at a glance what in it
//! differs from the defaults.
//!
//! - `protocol`: transport, HTTP, authority, pings
//! - `tls`: what is trusted and shown
//! - `spread`: balancing, service config, the instances as they are now

mod protocol;
mod spread;
mod tls;

use crate::{
    components::{icons::Icon, shell::keys},
    state::connection::{ADDRESS_FORMS, chips, reset},
    store::{Tab, use_store},
};
use leptos::{html, prelude::*};

/// The panel.
#[component]
pub fn Connection(tab: Tab) -> impl IntoView {
    let store = use_store();
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    keys::close_outside(panel, "connection-open", move || store.connection.set(false));
    let close = move || {
        store.connection.set(false);
        keys::focus("connection-open");
    };
    view! {
        <div
            class="describe conn" role="dialog" aria-label="Connection" tabindex="-1" node_ref=panel
            data-testid="connection"
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    close();
                }
            }
        >
            <header>
                <b>"Connection"</b>
                <span class="faint">"of this request; equal ones share their connections"</span>
                <button class="icon-button right" aria-label="Close" title="Close (Esc)" on:click=move |_| close()>
                    {Icon::Close.view()}
                </button>
            </header>
            <div class="conn-parts">
                <tls::TlsPart tab/>
                <protocol::ProtocolPart tab/>
                <spread::BalancingPart tab/>
            </div>
            <spread::InstancesPart tab/>
            <AddressForms/>
        </div>
    }
}

#[component]
fn AddressForms() -> impl IntoView {
    view! {
        <details class="conn-forms">
            <summary>"Forms of an address"</summary>
            <dl>
                {ADDRESS_FORMS.map(|(form, about)| view! { <dt class="mono">{form}</dt><dd>{about}</dd> })}
            </dl>
        </details>
    }
}

/// What differs from the defaults; each goes back by itself.
#[component]
pub fn Chips(tab: Tab) -> impl IntoView {
    let store = use_store();
    let all = Memo::new(move |_| tab.endpoint.with(chips));
    move || {
        let all = all.get();
        (!all.is_empty()).then(|| {
            view! {
                <div class="conn-chips" role="group" aria-label="Settings of the connection" data-testid="connection-chips">
                    {all.into_iter().map(|chip| {
                        let back = format!("Put back: {}", chip.label);
                        view! {
                            <span class="chip conn-chip" class:loud=chip.loud class:idle=chip.idle title=chip.title>
                                <button type="button" class="link" on:click=move |_| store.connection.set(true)>
                                    {chip.loud.then(|| Icon::Warning.view())} {chip.label}
                                </button>
                                <button
                                    type="button" class="icon-button" aria-label=back.clone() title=back
                                    on:click=move |_| tab.edit_endpoint(|e| reset(e, chip.setting))
                                >
                                    {Icon::Close.view()}
                                </button>
                            </span>
                        }
                    }).collect_view()}
                </div>
            }
        })
    }
}
