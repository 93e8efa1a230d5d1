//! The form of a message, generated from its shape.
//!
//! Every field is a view of one place of the message's JSON ([`Path`]): it reads there by a memo and writes there by
//! [`Ctx::edit`]. Nothing typed is held elsewhere, except by fields that show another notation than JSON's
//! (`held`).
//!
//! - `field`: rows, labels, oneofs; `value`: one value of any type; `input`: the box that is typed into
//! - `list`, `map`: repeated fields and maps
//! - `choice`: enums and booleans; `time`, `mask`, `held`, `any`: well-known types and bytes
//! - `unknown`: keys of the JSON that the message does not have

mod any;
mod choice;
mod field;
mod held;
mod input;
mod list;
mod map;
mod mask;
mod time;
mod unknown;
mod value;

use crate::{
    components::problem::ProblemLine,
    state::{
        form::{Path, validate},
        json::Json,
    },
    store::{FormState, Store, Tab, use_store},
};
use field::MessageFields;
use leptos::prelude::*;
use std::{collections::HashMap, sync::Arc};
use wirelab_model::{Form as Shapes, FormTypes};

/// What every field needs; `Copy`.
#[derive(Clone, Copy)]
pub struct Ctx {
    store: Store,
    tab: Tab,
    types: RwSignal<Arc<FormTypes>>,
    issues: Memo<HashMap<String, String>>,
}

impl Ctx {
    fn new(tab: Tab, shapes: &Shapes) -> Self {
        let types = RwSignal::new(Arc::new(shapes.types.clone()));
        let issues = Memo::new(move |_| {
            types.with(|types| {
                tab.editor.with(|editor| {
                    let found = validate(types, &types.root, editor.value());
                    found.into_iter().rev().map(|issue| (issue.path, issue.message)).collect()
                })
            })
        });
        Ctx { store: use_store(), tab, types, issues }
    }

    /// The types known now, without tracking.
    fn types_now(self) -> Arc<FormTypes> {
        self.types.get_untracked()
    }

    /// The value at `path`, drawn again only when it changes.
    fn value(self, path: &Path) -> Memo<Option<Json>> {
        self.read(path, |value| value.cloned())
    }

    /// Something of the value at `path`.
    fn read<T: PartialEq + Send + Sync + 'static>(
        self,
        path: &Path,
        read: impl Fn(Option<&Json>) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let path = path.clone();
        Memo::new(move |_| self.tab.editor.with(|editor| read(path.get(editor.value()))))
    }

    /// What is wrong at `path`, by its shape or else as the studio says.
    fn issue(self, path: &Path) -> Memo<Option<String>> {
        let (place, json) = (path.to_string(), path.json_text());
        Memo::new(move |_| {
            let own = self.issues.with(|issues| issues.get(&place).cloned());
            own.or_else(|| {
                self.tab.checked.with(|checked| {
                    let problems = &checked.as_ref()?.problems;
                    let here = problems.iter().find(|p| p.path.as_deref() == Some(&json))?;
                    Some(here.message.clone())
                })
            })
        })
    }

    /// Changes the message for the field at `path`.
    fn edit(self, path: &Path, change: impl FnOnce(&Json) -> Json) {
        self.tab.editor.update(|editor| {
            let value = change(editor.value());
            editor.set_value(value, &path.to_string(), js_sys::Date::now());
        });
        self.tab.edited();
    }

    fn set(self, path: &Path, value: Json) {
        self.edit(path, |root| path.set(root, value));
    }

    fn remove(self, path: &Path) {
        self.edit(path, |root| path.remove(root));
    }
}

/// The id of the input of a field, so that its label names it and a problem can lead to it.
pub fn input_id(path: &Path) -> String {
    format!("field-{path}")
}

/// The form of a tab's message.
#[component]
pub fn Form(tab: Tab) -> impl IntoView {
    move || match tab.form.get() {
        FormState::Loading => view! { <p class="form form-none">"Loading the form"</p> }.into_any(),
        FormState::Failed(problem) => view! {
            <div class="form">
                <ProblemLine problem/>
                <p class="form-none">"What you typed is kept in the JSON tab"</p>
            </div>
        }
        .into_any(),
        FormState::Ready(shapes) => {
            let ctx = Ctx::new(tab, &shapes);
            let root = shapes.types.root.clone();
            let whole = ctx.issue(&Path::root());
            view! {
                <div class="form" role="group" aria-label="Message">
                    {move || whole.get().map(|text| view! { <p class="msg" role="alert">{text}</p> })}
                    <MessageFields ctx path=Path::root() name=root/>
                </div>
            }
            .into_any()
        }
    }
}
