//! The event bus: what screens are told without being asked.

use futures_util::{Stream, StreamExt, stream};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use wirelab_model::StudioEvent;

/// How many events may wait for a slow screen; then the oldest are dropped and it is told `Lagged`.
pub const EVENTS: usize = 256;

/// One sender, any number of screens.
#[derive(Clone)]
pub struct Bus(Arc<Mutex<Option<broadcast::Sender<StudioEvent>>>>);

impl Default for Bus {
    fn default() -> Self {
        Bus(Arc::new(Mutex::new(Some(broadcast::channel(EVENTS).0))))
    }
}

impl Bus {
    /// Tells every screen there is.
    pub fn send(&self, event: StudioEvent) {
        if let Some(sender) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // No screen is listening: nothing to tell.
            let _ = sender.send(event);
        }
    }

    /// Events from now on.
    pub fn subscribe(&self) -> impl Stream<Item = StudioEvent> + Send + Unpin + 'static {
        let receiver = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|sender| sender.subscribe());
        stream::iter(receiver).flat_map(BroadcastStream::new).map(|event| match event {
            Ok(event) => event,
            Err(BroadcastStreamRecvError::Lagged(_)) => StudioEvent::Lagged,
        })
    }

    /// Ends the streams of all screens.
    pub fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
