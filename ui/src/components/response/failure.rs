//! Why a call failed: what happened, what to do next, and the details the server sent.

use super::call_view::CallView;
use crate::{
    components::icons::Icon,
    state::{highlight::Document, response::Failure},
};
use leptos::prelude::*;
use wirelab_model::StatusDetail;

/// The failure of a call; nothing while it is under way and when it went well.
#[component]
pub fn FailureBox(call: CallView) -> impl IntoView {
    let failure = call.memo(|response| response.failure());
    move || failure.get().flatten().map(|failure| view! { <Said call failure/> })
}

#[component]
fn Said(call: CallView, failure: Failure) -> impl IntoView {
    let help = failure.help.map(|help| view! { <p class="problem-help">{help}</p> });
    view! {
        <div class="r-failure problem" role="alert" data-testid="problem">
            {Icon::Warning.view()}
            <div>
                <p class="problem-message"><b>{failure.name}</b> " " {failure.sentence}</p>
                {help}
                <Details call/>
            </div>
        </div>
    }
}

#[component]
fn Details(call: CallView) -> impl IntoView {
    let blob = call.memo(|response| {
        let details = response.record().status.as_ref().map(|status| status.details.clone());
        details.filter(|details| !details.is_empty())
    });
    let decoded = RwSignal::new(None);
    Effect::new(move |_| {
        decoded.set(None);
        let Some(blob) = blob.get().flatten() else { return };
        leptos::task::spawn_local(async move {
            let reply = call.store.client().status_details(blob).await;
            decoded.try_set(Some(reply));
        });
    });
    move || {
        let size = blob.get().flatten()?.len();
        Some(match decoded.get() {
            None => ().into_any(),
            Some(Ok(details)) if details.is_empty() => view! {
                <p class="problem-help">
                    {format!("The server sent {size} bytes of details that could not be read as a google.rpc.Status")}
                </p>
            }
            .into_any(),
            Some(Ok(details)) => details.into_iter().map(|d| view! { <Detail detail=d/> }).collect_view().into_any(),
            Some(Err(problem)) => view! {
                <p class="problem-help">
                    {format!("The {size} bytes of details could not be read: {}", problem.message)}
                </p>
            }
            .into_any(),
        })
    }
}

#[component]
fn Detail(detail: StatusDetail) -> impl IntoView {
    let body = match detail.json.is_empty() {
        true => view! {
            <p class="problem-help">
                {format!("{} bytes of a type that no source defines; add the .proto file that does", detail.wire.len())}
            </p>
        }
        .into_any(),
        false => {
            let document = Document::new(detail.json);
            let line = |index| {
                let (pieces, _) = document.pieces(index, &[]);
                let spans = pieces.into_iter().map(|p| view! { <span class=p.kind.class()>{p.text}</span> });
                view! { {spans.collect_view()} "\n" }
            };
            view! { <pre>{(0..document.len()).map(line).collect_view()}</pre> }.into_any()
        }
    };
    view! {
        <details open>
            <summary class="mono">{detail.type_name}</summary>
            {body}
        </details>
    }
}
