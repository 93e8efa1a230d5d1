//! How calls spread over instances, the service config, and the instances as they are now.

use crate::{
    components::{
        field::{CheckField, ChoiceField, Sort, TextField},
        instances::Instances,
    },
    state::connection::{service_config_problem, typed},
    store::Tab,
};
use leptos::prelude::*;
use wirelab_model::BalancingPolicy;

const POLICIES: [BalancingPolicy; 4] = [
    BalancingPolicy::PickFirst,
    BalancingPolicy::RoundRobin,
    BalancingPolicy::LeastRequest,
    BalancingPolicy::Weighted,
];

/// Balancing and the service config.
#[component]
pub fn BalancingPart(tab: Tab) -> impl IntoView {
    let endpoint = tab.endpoint;
    let policy = move || {
        let chosen = endpoint.with(|e| e.balancing.policy);
        chosen.and_then(|chosen| POLICIES.iter().position(|p| *p == chosen)).map_or(0, |at| at + 1)
    };
    let mut names = vec!["automatic: service config, else pick_first"];
    names.extend(POLICIES.map(BalancingPolicy::name));
    let gated = Memo::new(move |_| endpoint.with(|e| e.balancing.health.is_some()));
    let config = Signal::derive(move || endpoint.with(|e| e.service_config.clone()));
    let wrong = Signal::derive(move || {
        config.with(|config| config.as_deref().and_then(service_config_problem))
    });
    view! {
        <section>
            <h4>"Balancing"</h4>
            <ChoiceField
                id="balancing" label="policy" hint="where the next call goes" choices=names
                value=Signal::derive(policy)
                set=Callback::new(move |at: usize| {
                    let policy = at.checked_sub(1).and_then(|at| POLICIES.get(at)).copied();
                    tab.edit_endpoint(|e| e.balancing.policy = policy);
                })
            />
            <CheckField
                id="health-gated" label="Healthy instances only" hint="asked by grpc.health.v1 Watch"
                value=gated
                set=Callback::new(move |on: bool| tab.edit_endpoint(|e| e.balancing.health = on.then(String::new)))
            />
            <Show when=move || gated.get()>
                <TextField
                    id="health-service" label="health of" hint="service name" placeholder="the server as a whole"
                    value=Signal::derive(move || endpoint.with(|e| e.balancing.health.clone().unwrap_or_default()))
                    set=Callback::new(move |text: String| {
                        tab.edit_endpoint(|e| e.balancing.health = Some(text.trim().to_owned()));
                    })
                />
            </Show>
            <CheckField
                id="never-eject" label="Never eject" hint="failing instances otherwise get no calls for a growing time"
                value=Signal::derive(move || endpoint.with(|e| e.balancing.never_eject))
                set=Callback::new(move |on: bool| tab.edit_endpoint(|e| e.balancing.never_eject = on))
            />
            <TextField
                id="service-config" label="service config" hint="JSON" sort=Sort::Lines(3)
                placeholder="{\"methodConfig\": [{\"name\": [{}], \"waitForReady\": true}]}"
                value=Signal::derive(move || config.get().unwrap_or_default())
                set=Callback::new(move |text: String| {
                    tab.edit_endpoint(|e| e.service_config = typed(&text).map(|_| text));
                })
                problem=wrong
            />
        </section>
    }
}

/// The instances behind the address.
#[component]
pub fn InstancesPart(tab: Tab) -> impl IntoView {
    view! {
        <section class="conn-instances">
            <h4>"Instances"</h4>
            <Instances endpoint=Signal::derive(move || tab.server())/>
        </section>
    }
}
