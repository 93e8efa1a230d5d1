//! The façade of Wirelab's engine: one handler per studio method, running calls, the event bus.
//!
//! Owns what happens between a screen's wish and the rooms below: which sources are loaded, which calls and
//! comparisons run, what is recorded, and what screens are told. Does not know which shell is asking: a window, a
//! browser and a terminal all speak [`Handlers`] or, as JSON, [`Studio::dispatch`] and [`Studio::events`].
//!
//! What bounds it:
//! - A call's messages are held in memory only until they are written ([`HELD_BYTES`], [`HELD_MESSAGES`]); when the
//!   disk is slower than the server, the call is slowed, nothing is dropped.
//! - Updates of a call come every [`UPDATE_EVERY`] at most, with up to [`UPDATE_ROWS`] rows; a screen that leaves
//!   [`EVENTS`] events unread is told `Lagged` and asks again for what it shows.
//! - Without a usable history file the studio records in a temporary one, with negative ids, and says so in
//!   `Hello.history_problem`.

mod benches;
mod bridge;
mod bus;
mod calls;
mod codecs;
pub mod command;
mod credentials;
mod data;
mod details;
mod dispatch;
mod handlers;
mod health;
mod json;
pub mod layout;
mod live;
mod messages;
mod records;
mod reflected;
mod run;
mod sources;

pub use bridge::{BRIDGE_ECHOES, BRIDGE_EVERY, MAX_PRIVATE_BRIDGES, PRIVATE_BRIDGE_IDLE};
pub use bus::EVENTS;
pub use dispatch::{Handlers, METHODS};
pub use live::{HELD_BYTES, HELD_MESSAGES, SEND_WAIT, SENDING_MESSAGES};
pub use run::{UPDATE_EVERY, UPDATE_ROWS, UPDATE_TEXT};
pub use sources::MAX_SOURCES;

use futures_util::Stream;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wirelab_call::Client;
use wirelab_model::{Endpoint, Problem, SourceSpec, StudioEvent};
use wirelab_transcode::Codec;

/// How long [`Studio::close`] waits for calls to end.
pub const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// How to open a studio.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The data folder; none means the platform's own, such as `~/.local/share/wirelab`.
    pub data_dir: Option<PathBuf>,
    /// Sources to load beside the remembered ones; they are loaded when `open` returns and are not remembered.
    pub sources: Vec<SourceSpec>,
    /// The address that new requests start with; none means `localhost:50051`.
    pub default_endpoint: Option<Endpoint>,
    /// Whether to load the sources that earlier studios on this folder were given, and to remember those that
    /// `add_source` gives.
    pub remember: bool,
}

/// An open studio. Cheap to clone; must be used inside a Tokio runtime.
#[derive(Clone)]
pub struct Studio(Arc<Inner>);

struct Inner {
    data_dir: PathBuf,
    default_endpoint: Endpoint,
    remember: bool,
    client: Client,
    bus: bus::Bus,
    records: records::Records,
    sources: sources::Sources,
    calls: calls::Calls,
    kept: credentials::Kept,
    benches: benches::Benches,
    bridges: bridge::Bridges,
    health: health::Watch,
    /// Everything that runs in the background.
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Studio {
    /// Opens a studio. Sources in `config` are loaded when it returns; remembered ones load in the background.
    ///
    /// # Errors
    /// A data folder that cannot be created or written, each naming it and what to do. A history that is locked,
    /// damaged or newer is none, nor is a source that cannot be loaded.
    pub async fn open(config: Config) -> Result<Studio, Problem> {
        let data_dir = data::folder(config.data_dir)?;
        let records = records::Records::open(&data_dir).await?;
        let client = Client::new();
        let bus = bus::Bus::default();
        let sources = sources::Sources::new(client.clone(), bus.clone());
        let studio = Studio(Arc::new(Inner {
            data_dir,
            default_endpoint: config.default_endpoint.unwrap_or_else(data::default_endpoint),
            remember: config.remember,
            client: client.with_types(sources.types()),
            sources,
            bus,
            records,
            calls: calls::Calls::default(),
            kept: credentials::Kept::default(),
            benches: benches::Benches::default(),
            bridges: bridge::Bridges::default(),
            health: health::Watch::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }));
        studio.load_first(config.sources).await?;
        Ok(studio)
    }

    /// Answers the studio method named `method`; `body` is its request as JSON, empty for `null`. The reply is JSON.
    ///
    /// # Errors
    /// `NotFound` for a method that is not there, `Syntax` or `Mismatch` for a body that is not its request, and
    /// the method's own problems.
    pub async fn dispatch(&self, method: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
        dispatch::dispatch(self, method, body).await
    }

    /// The codec of a message by full name, for converting many on this side of the façade; built-in ones too. It
    /// outlives the studio.
    ///
    /// # Errors
    /// `NotFound` for a name that no loaded source defines as a message.
    pub fn codec(&self, message: &str) -> Result<Codec, Problem> {
        self.0.sources.codecs().message(message).ok_or_else(|| handlers::unknown(message))
    }

    /// What happens from now on. Ends when the studio is closed.
    pub fn events(&self) -> impl Stream<Item = StudioEvent> + Send + Unpin + 'static {
        self.0.bus.subscribe()
    }

    /// Ends running calls and comparisons, writes everything out and lets go of the data folder. Takes at most
    /// [`CLOSE_WAIT`] and the time to write.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(CLOSE_WAIT, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some calls did not end in time");
        }
        self.0.records.close().await;
        self.0.bus.close();
    }

    /// Tells screens how many calls are recorded now.
    async fn tell_history(&self) {
        tell_history(&self.0.bus, &self.0.records).await;
    }
}

async fn tell_history(bus: &bus::Bus, records: &records::Records) {
    match records.shelf().count().await {
        Ok(total) => bus.send(StudioEvent::History { total }),
        Err(problem) => tracing::warn!(%problem, "calls could not be counted"),
    }
}
