//! Who served a call: the instance, the connection, what TLS agreed on, the peer's chain.

use super::call_view::CallView;
use crate::{
    components::{compare::now, field::Caution},
    state::{
        peer::{Carried, Certificate, Fact, Warning, carried, chain, facts, tls_facts, warnings},
        response::Response,
    },
};
use leptos::prelude::*;
use wirelab_model::TlsInfo;

/// The Peer tab.
#[component]
pub fn Peer(call: CallView) -> impl IntoView {
    let of_call = call.memo(|response| facts(response.record()));
    let tls = call.memo(|response| response.record().tls.clone());
    let request = call.memo(|response| carried(response.record()));
    let waiting = call.memo(|r| r.is_running() && r.record().peer.is_none());
    view! {
        <div class="r-scroll r-peer" tabindex="0" role="region" aria-label="Who served the call" data-testid="peer">
            {move || (waiting.get() == Some(true)).then(|| view! { <p class="dim">"No connection yet"</p> })}
            {move || of_call.get().map(|facts| view! { <Facts facts/> })}
            {move || request.get().flatten().map(|carried| view! { <Request carried/> })}
            {move || match tls.get().flatten() {
                Some(tls) => view! { <Secured tls/> }.into_any(),
                None => view! { <Unprotected call/> }.into_any(),
            }}
        </div>
    }
}

/// Whether the connection of a call is to be warned of, and whether loudly; for the mark on the tab.
pub fn caution(response: &Response, now_unix_ms: i64) -> Option<(bool, String)> {
    let all = warnings(response.record().tls.as_ref()?, now_unix_ms);
    let loud = all.iter().any(|warning| warning.loud);
    let text = all.into_iter().map(|warning| warning.text).collect::<Vec<_>>().join(". ");
    (!text.is_empty()).then_some((loud, text))
}

#[component]
fn Facts(facts: Vec<Fact>) -> impl IntoView {
    let row = |fact: Fact| {
        view! { <dt title=fact.title.clone()>{fact.label}</dt><dd class="mono" title=fact.title>{fact.value}</dd> }
    };
    view! { <dl class="facts">{facts.into_iter().map(row).collect_view()}</dl> }
}

/// The HTTP request that carried the call.
#[component]
fn Request(carried: Carried) -> impl IntoView {
    let Carried { line, headers, body } = carried;
    let header = |(name, value): (String, String)| {
        view! { <dt class="mono">{name}</dt><dd class="mono">{value}</dd> }
    };
    view! {
        <h4>"HTTP request"</h4>
        <div data-testid="http-request">
            <p class="mono r-line">{line}</p>
            <dl class="facts r-headers">{headers.into_iter().map(header).collect_view()}</dl>
            {body.map(|body| view! { <pre class="mono r-sent" tabindex="0" aria-label="Body">{body}</pre> })}
        </div>
    }
}

#[component]
fn Unprotected(call: CallView) -> impl IntoView {
    let plain = call.memo(|response| response.record().peer.is_some());
    move || {
        (plain.get() == Some(true))
            .then(|| view! { <h4>"TLS"</h4><p class="dim">"Off: plaintext"</p> })
    }
}

#[component]
fn Secured(tls: TlsInfo) -> impl IntoView {
    let now = now().unix_ms;
    let certificates = chain(&tls, now);
    let count = certificates.len();
    let warning = |warning: Warning| view! { <Caution text=warning.text loud=warning.loud/> };
    view! {
        <h4>"TLS"</h4>
        {warnings(&tls, now).into_iter().map(warning).collect_view()}
        <Facts facts=tls_facts(&tls)/>
        <h4>"Certificates of the peer" <span class="count">{count}</span></h4>
        {(count == 0).then(|| view! { <p class="dim">"It showed none"</p> })}
        <ol class="chain" data-testid="chain">
            {certificates.into_iter().map(|certificate| view! { <OneCertificate certificate/> }).collect_view()}
        </ol>
    }
}

#[component]
fn OneCertificate(certificate: Certificate) -> impl IntoView {
    let Certificate { subject, issuer, until, left, class, details } = certificate;
    let class = format!("status i-{class}");
    view! {
        <li>
            <details>
                <summary>
                    <b>{subject}</b> <span class="faint">{format!("by {issuer}")}</span>
                    <span class=class title=format!("Valid until {until}")>{left}</span>
                </summary>
                <Facts facts=details/>
            </details>
        </li>
    }
}
