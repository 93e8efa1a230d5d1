//! The two commands: texts from the screens to the studio and back, unread.

use futures_util::StreamExt;
use std::sync::Mutex;
use std::time::Duration;
use tauri::State;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use wirelab_model::{Problem, ProblemKind};
use wirelab_studio::Studio;

/// The studio and the screen that listens to it.
pub struct Bridge {
    studio: Studio,
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl Bridge {
    /// Nobody listens yet.
    pub fn new(studio: Studio) -> Self {
        Bridge { studio, listener: Mutex::new(None) }
    }

    /// Ends calls and writes what is not written, for as long as `at_most`.
    pub async fn close(&self, at_most: Duration) {
        if tokio::time::timeout(at_most, self.studio.close()).await.is_err() {
            eprintln!(
                "error: closing the studio took too long; the last calls may be missing in history"
            );
        }
    }
}

/// Answers a studio method: JSON text in, JSON text or a `Problem` as JSON text out.
#[tauri::command]
pub async fn studio(
    bridge: State<'_, Bridge>,
    method: String,
    body: String,
) -> Result<String, String> {
    let reply = bridge.studio.dispatch(&method, body.as_bytes()).await.map_err(|p| text(&p))?;
    String::from_utf8(reply).map_err(|error| {
        text(&Problem::new(
            ProblemKind::Internal,
            format!("The studio's answer is no text: {error}"),
        ))
    })
}

/// Sends every event of the studio to `channel` as JSON text. A page loaded again takes the place of the one before.
#[tauri::command]
pub async fn events(bridge: State<'_, Bridge>, channel: Channel<String>) -> Result<(), String> {
    let mut events = Box::pin(bridge.studio.events());
    let forward = tauri::async_runtime::spawn(async move {
        while let Some(event) = events.next().await {
            let Ok(event) = serde_json::to_string(&event) else { continue };
            if channel.send(event).is_err() {
                break;
            }
        }
    });
    let before = bridge.listener.lock().ok().and_then(|mut listener| listener.replace(forward));
    if let Some(before) = before {
        before.abort();
    }
    Ok(())
}

fn text(problem: &Problem) -> String {
    serde_json::to_string(problem).unwrap_or_else(|_| problem.to_string())
}
