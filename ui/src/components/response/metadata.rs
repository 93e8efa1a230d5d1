//! Headers and trailers as they came: order and repeated keys kept.

use crate::{components::icons::Icon, state::response::metadatum, store::use_store};
use leptos::prelude::*;
use wirelab_model::Metadatum;

/// A table of entries.
#[component]
pub fn MetadataTable(
    /// The entries.
    entries: Memo<Option<Vec<Metadatum>>>,
    /// What it is called, for people: `headers`.
    what: &'static str,
    /// Whether more may come.
    #[prop(into)]
    running: Signal<bool>,
) -> impl IntoView {
    let store = use_store();
    let row = move |entry: &Metadatum| {
        let (key, value, binary) = metadatum(entry);
        let note =
            binary.then(|| view! { <span class="chip" title="Shown as base64">"binary"</span> });
        let copied = value.clone();
        view! {
            <tr>
                <th scope="row">{key}</th>
                <td><span>{value}</span>{note}</td>
                <td>
                    <button type="button" class="icon-button" title="Copy the value" aria-label="Copy the value"
                        on:click=move |_| store.copy(copied.clone(), "the value")>
                        {Icon::Copy.view()}
                    </button>
                </td>
            </tr>
        }
    };
    move || match entries.get().unwrap_or_default() {
        entries if entries.is_empty() => {
            let text = match running.get() {
                true => format!("No {what} have come yet"),
                false => format!("The server sent no {what}"),
            };
            view! { <p class="r-empty">{text}</p> }.into_any()
        }
        entries => view! {
            <div class="r-scroll" tabindex="0" role="region" aria-label=what>
                <table class="r-meta">
                    <tbody>{entries.iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any(),
    }
}
