//! Transport, version of HTTP, what the call says it is for and by, and pings.

use crate::{
    components::field::{CheckField, ChoiceField, ParsedField, TextField},
    state::{
        connection::{connect_timeout_ms, keepalive_ms, typed},
        span,
        transport::{choose, may_be_straight},
    },
    store::Tab,
};
use leptos::prelude::*;
use wirelab_model::{HttpVersion, Transport};

const VERSIONS: [HttpVersion; 3] = [HttpVersion::Auto, HttpVersion::Http1, HttpVersion::Http2];

/// The part of the panel.
#[component]
pub fn ProtocolPart(tab: Tab) -> impl IntoView {
    let endpoint = tab.endpoint;
    let http = move || VERSIONS.iter().position(|v| *v == endpoint.with(|e| e.http)).unwrap_or(0);
    let impossible = move || {
        endpoint.with(|e| e.transport == Transport::Grpc && e.http == HttpVersion::Http1).then(|| {
            view! { <p class="msg" role="alert">"gRPC itself needs HTTP/2: choose gRPC-Web or Connect, or leave HTTP as it is"</p> }
        })
    };
    view! {
        <section>
            <h4>"Protocol"</h4>
            <div class="f">
                <label for="connection-transport">"transport"<small>"what carries the calls"</small></label>
                <TransportSelect tab/>
            </div>
            <CheckField
                id="bridged" label="through a bridge" hint="speaks gRPC to the server, which then need not know the transport"
                value=Signal::derive(move || endpoint.with(wirelab_model::Endpoint::through_bridge))
                set=Callback::new(move |on: bool| tab.edit_endpoint(|e| e.bridged = on))
                disabled=Signal::derive(move || endpoint.with(|e| !may_be_straight(e.transport)))
            />
            <ChoiceField
                id="http-version" label="HTTP" hint="the version below it"
                choices=vec!["automatic", "HTTP/1.1", "HTTP/2"]
                value=Signal::derive(http)
                set=Callback::new(move |at: usize| {
                    let version = VERSIONS.get(at).copied().unwrap_or_default();
                    tab.edit_endpoint(|e| e.http = version);
                })
            />
            {impossible}
            <TextField
                id="authority" label="authority" hint="sent as :authority" placeholder="the address's own"
                value=Signal::derive(move || endpoint.with(|e| e.authority.clone().unwrap_or_default()))
                set=Callback::new(move |text: String| tab.edit_endpoint(|e| e.authority = typed(&text)))
            />
            <TextField
                id="user-agent" label="user-agent" hint="" placeholder="Wirelab's own"
                value=Signal::derive(move || endpoint.with(|e| e.user_agent.clone().unwrap_or_default()))
                set=Callback::new(move |text: String| tab.edit_endpoint(|e| e.user_agent = typed(&text)))
            />
            <ParsedField
                id="keepalive" label="keepalive" hint="time between HTTP/2 pings" placeholder="no pings; for example 30s"
                value=Signal::derive(move || endpoint.with(|e| e.keepalive_ms.map(span::text).unwrap_or_default()))
                take=Callback::new(move |text: String| match keepalive_ms(&text) {
                    Ok(ms) => {
                        tab.edit_endpoint(|e| e.keepalive_ms = ms);
                        None
                    }
                    Err(why) => Some(why),
                })
            />
            <ParsedField
                id="connect-timeout" label="time out" hint="of connecting" placeholder="10s"
                value=Signal::derive(move || endpoint.with(|e| e.connect_timeout_ms.map(span::text).unwrap_or_default()))
                take=Callback::new(move |text: String| match connect_timeout_ms(&text) {
                    Ok(ms) => {
                        tab.edit_endpoint(|e| e.connect_timeout_ms = ms);
                        None
                    }
                    Err(why) => Some(why),
                })
            />
        </section>
    }
}

/// Every transport by name.
#[component]
fn TransportSelect(tab: Tab) -> impl IntoView {
    view! {
        <select
            id="connection-transport" class="in" data-testid="connection-transport"
            on:change=move |event| {
                let name = event_target_value(&event);
                if let Some(to) = Transport::ALL.into_iter().find(|t| t.name() == name) {
                    tab.edit_endpoint(|e| choose(e, to));
                }
            }
        >
            {Transport::ALL.map(|t| view! {
                <option value=t.name() selected=move || tab.endpoint.with(|e| e.transport == t)>{t.name()}</option>
            })}
        </select>
    }
}
