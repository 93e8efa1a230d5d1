//! How a screen reaches the studio.
//!
//! [`Client`] has one typed async method for each of the studio's methods; a [`Backend`] carries them as JSON
//! texts: [`http`](self) for the web edition, Tauri for the desktop window, [`fake`] for tests and
//! for looking at the screens without a studio (`?fake` in a development build).

#[cfg(any(test, debug_assertions))]
pub mod fake;
#[cfg(target_arch = "wasm32")]
mod http;
#[cfg(target_arch = "wasm32")]
mod tauri;

use std::{future::Future, pin::Pin, sync::Arc};
use wirelab_model::{Problem, ProblemKind, StudioEvent};

/// What a request comes back with, as JSON text.
pub type Reply = Pin<Box<dyn Future<Output = Result<String, Problem>>>>;

/// A path that was picked; none when the dialog was closed without one.
pub type Picked = Pin<Box<dyn Future<Output = Option<String>>>>;

/// Takes what the studio says without being asked.
pub type Sink = Box<dyn Fn(Signal) + Send + Sync>;

/// What a backend tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The studio listens; also after a break, when everything shown may be stale.
    Up,
    /// The studio cannot be reached; the backend keeps trying.
    Down(Problem),
    /// The studio says something.
    Event(StudioEvent),
}

/// A way to the studio.
pub trait Backend: Send + Sync + 'static {
    /// Asks `method` with a JSON body.
    fn request(&self, method: &'static str, body: String) -> Reply;
    /// Begins to pass signals to `sink`, for good. Called once.
    fn listen(&self, sink: Sink);
    /// Whether the platform's own dialog can pick a path: a browser keeps paths to itself.
    fn can_pick(&self) -> bool {
        false
    }
    /// Lets the person pick a file, or a folder, in the platform's own dialog.
    fn pick(&self, folder: bool) -> Picked {
        let _ = folder;
        Box::pin(std::future::ready(None))
    }
}

/// The studio's methods, typed. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<dyn Backend>);

macro_rules! client_methods {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $reply:ty;)*) => {
        impl Client {
            $(
                $(#[$doc])*
                pub async fn $name(&self, request: $request) -> Result<$reply, Problem> {
                    self.ask(stringify!($name), &request).await
                }
            )*
        }
    };
}
wirelab_model::studio_methods!(client_methods);

impl Client {
    /// A client over `backend`.
    pub fn new(backend: impl Backend) -> Self {
        Client(Arc::new(backend))
    }

    /// Begins to pass signals to `sink`.
    pub fn listen(&self, sink: Sink) {
        self.0.listen(sink);
    }

    /// Whether [`pick`](Self::pick) opens a dialog.
    pub fn can_pick(&self) -> bool {
        self.0.can_pick()
    }

    /// Lets the person pick a file, or a folder, in the platform's own dialog.
    pub fn pick(&self, folder: bool) -> Picked {
        self.0.pick(folder)
    }

    async fn ask<Q: serde::Serialize, R: serde::de::DeserializeOwned>(
        &self,
        method: &'static str,
        request: &Q,
    ) -> Result<R, Problem> {
        let body = serde_json::to_string(request).map_err(|e| unreadable(method, &e))?;
        let reply = self.0.request(method, body).await?;
        serde_json::from_str(&reply).map_err(|e| unreadable(method, &e))
    }
}

fn unreadable(method: &str, error: &serde_json::Error) -> Problem {
    Problem::new(
        ProblemKind::Internal,
        format!("The studio and this screen disagree about “{method}”: {error}"),
    )
    .help("Reload the page; if that does not help, the two are of different versions")
}

/// The backend for where the page runs.
#[cfg(target_arch = "wasm32")]
pub fn detect() -> Client {
    #[cfg(debug_assertions)]
    if web_sys::window()
        .and_then(|w| w.location().search().ok())
        .is_some_and(|s| s.contains("fake"))
    {
        return Client::new(fake::FakeBackend::default());
    }
    match tauri::Tauri::detect() {
        Some(tauri) => Client::new(tauri),
        None => Client::new(http::Http),
    }
}
