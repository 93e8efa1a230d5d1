//! Headers and trailers as they came: order and repeated keys kept.

use crate::{
    components::icons::Icon,
    state::{metadata::Decoded, notation::Notation, response::metadatum},
    store::use_store,
};
use leptos::prelude::*;
use wirelab_model::{MetadataValue, Metadatum};

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
    let copy = move |text: String, label: &'static str, what: &'static str| {
        let title = format!("Copy {what}");
        view! {
            <button type="button" class="icon-button" title=title.clone() aria-label=title
                on:click=move |_| store.copy(text.clone(), what)>
                {if label.is_empty() { Icon::Copy.view().into_any() } else { label.into_any() }}
            </button>
        }
    };
    let row = move |entry: &Metadatum| {
        let (key, value, _) = metadatum(entry);
        let (shown, copies) = match (&entry.value, Decoded::of_entry(entry)) {
            (MetadataValue::Binary(bytes), Some(decoded)) => {
                let hex = Notation::Hex.write(bytes).unwrap_or_default();
                let text = Notation::Text.write(bytes);
                let shown = view! { <Binary decoded/> }.into_any();
                let text = text.map(|text| copy(text, "txt", "the bytes as text"));
                let copies = view! {
                    {text} {copy(hex, "hex", "the bytes as hex")} {copy(value, "b64", "the bytes as base64")}
                };
                (shown, copies.into_any())
            }
            _ => {
                let shown = view! { <span>{value.clone()}</span> }.into_any();
                (shown, copy(value, "", "the value").into_any())
            }
        };
        view! {
            <tr>
                <th scope="row">{key}</th>
                <td>{shown}</td>
                <td class="r-copies">{copies}</td>
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

/// Bytes as text where they are text, and in hexadecimal.
#[component]
fn Binary(decoded: Decoded) -> impl IntoView {
    view! {
        <span class="r-binary">
            {decoded.text.map(|text| view! { <span>{format!("“{text}”")}</span> })}
            <span class="dim">{decoded.hex}</span>
            <span class="chip" title="The value of a -bin key, decoded from base64">{format!("{} B", decoded.length)}</span>
        </span>
    }
}
