//! The desktop window: the commands `studio(method, body)` and `events(channel)`, and the dialog plugin's `open`.

use super::{Backend, Picked, Reply, Signal, Sink};
use js_sys::{Function, Object, Promise, Reflect};
use std::{cell::RefCell, collections::BTreeMap};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use wirelab_model::{Problem, ProblemKind, StudioEvent};

/// The window's own studio.
pub struct Tauri;

impl Tauri {
    /// Whether the page runs in the desktop window.
    pub fn detect() -> Option<Self> {
        internals().map(|_| Tauri)
    }
}

impl Backend for Tauri {
    fn request(&self, method: &'static str, body: String) -> Reply {
        Box::pin(async move {
            let reply = invoke("studio", &[("method", method.into()), ("body", body.into())]).await;
            match reply {
                Ok(text) => Ok(text.as_string().unwrap_or_default()),
                Err(error) => Err(problem(&error)),
            }
        })
    }

    fn can_pick(&self) -> bool {
        true
    }

    fn pick(&self, folder: bool) -> Picked {
        Box::pin(async move {
            let options = Object::new();
            Reflect::set(&options, &"directory".into(), &folder.into()).ok()?;
            invoke("plugin:dialog|open", &[("options", options.into())]).await.ok()?.as_string()
        })
    }

    fn listen(&self, sink: Sink) {
        wasm_bindgen_futures::spawn_local(async move {
            let sink = std::rc::Rc::new(sink);
            let inner = sink.clone();
            let channel = match channel(move |text| {
                if let Ok(event) = serde_json::from_str::<StudioEvent>(&text) {
                    inner(Signal::Event(event));
                }
            }) {
                Ok(channel) => channel,
                Err(error) => return sink(Signal::Down(problem(&error))),
            };
            match invoke("events", &[("channel", channel)]).await {
                Ok(_) => sink(Signal::Up),
                Err(error) => sink(Signal::Down(problem(&error))),
            }
        });
    }
}

fn internals() -> Option<JsValue> {
    let window = web_sys::window()?;
    let value = Reflect::get(&window, &"__TAURI_INTERNALS__".into()).ok()?;
    value.is_object().then_some(value)
}

fn function(name: &str) -> Result<(JsValue, Function), JsValue> {
    let internals = internals().ok_or_else(|| JsValue::from_str("the window has no Tauri"))?;
    let function = Reflect::get(&internals, &name.into())?.dyn_into::<Function>()?;
    Ok((internals, function))
}

async fn invoke(command: &str, arguments: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let (internals, function) = function("invoke")?;
    let object = Object::new();
    for (name, value) in arguments {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    let promise = function.call2(&internals, &command.into(), &object)?.dyn_into::<Promise>()?;
    JsFuture::from(promise).await
}

/// Registers `sink` for a `tauri::ipc::Channel<String>` and returns what to pass for it. Messages carry an index
/// and may overtake each other; they are put in order here.
fn channel(sink: impl Fn(String) + 'static) -> Result<JsValue, JsValue> {
    let state = RefCell::new((0u32, BTreeMap::<u32, String>::new()));
    let callback = Closure::<dyn Fn(JsValue)>::new(move |raw: JsValue| {
        let field = |name: &str| Reflect::get(&raw, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let Some(text) = field("message").as_string() else { return };
        let mut ready = Vec::new();
        {
            let mut state = state.borrow_mut();
            let (next, waiting) = &mut *state;
            let index = field("index").as_f64().map_or(*next, |i| i as u32);
            waiting.insert(index, text);
            while let Some(text) = waiting.remove(next) {
                ready.push(text);
                *next += 1;
            }
        }
        ready.into_iter().for_each(&sink);
    });
    let (internals, transform) = function("transformCallback")?;
    let id = transform.call2(&internals, callback.as_ref(), &JsValue::FALSE)?;
    // The channel lives as long as the page.
    callback.forget();
    let id = id.as_f64().ok_or_else(|| JsValue::from_str("Tauri gave the channel no number"))?;
    Ok(format!("__CHANNEL__:{id}").into())
}

fn problem(error: &JsValue) -> Problem {
    let text = error.as_string().unwrap_or_else(|| format!("{error:?}"));
    serde_json::from_str(&text).unwrap_or_else(|_| {
        Problem::new(ProblemKind::Internal, format!("The window's studio does not answer: {text}"))
            .help("Close the window and start Wirelab again")
    })
}
