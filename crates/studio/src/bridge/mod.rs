//! The bridge that the studio runs beside itself: started, stopped, watched, and given every schema that is loaded.
//!
//! - `ending`: calls that end when their bridge is stopped
//! - `figures`: what a bridge counts, as screens are told it
//! - `listen`: a bridge behind a port
//! - `private`: bridges for the studio's own calls
//! - `bindings`: what the loaded schemas bind, and requests as bindings send them

mod bindings;
mod ending;
mod figures;
mod listen;
mod private;

pub use private::{ByEndpoint, MAX_PRIVATE_BRIDGES, PRIVATE_BRIDGE_IDLE};

use crate::{Inner, Studio};
use futures_util::StreamExt;
use listen::Listening;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::MissedTickBehavior;
use wirelab_bridge::{CorsOptions, Options, Origins, Profile};
use wirelab_model::*;

/// [`StudioEvent::Bridge`] comes at most this often.
pub const BRIDGE_EVERY: Duration = Duration::from_millis(400);
/// So many more come after the last thing that was counted: rates fall to nothing on the screens too.
pub const BRIDGE_ECHOES: u32 = 8;

/// The bridge, whether it runs or not.
#[derive(Default)]
pub struct Bridges {
    public: Mutex<Public>,
    private: private::Private,
    bound: bindings::Bound,
    /// Held while starting and stopping: one after the other.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Public {
    settings: Option<BridgeSettings>,
    phase: BridgePhase,
    running: Option<Arc<Listening>>,
    stale: Option<Problem>,
}

impl Bridges {
    fn public(&self) -> MutexGuard<'_, Public> {
        self.public.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The public bridge when it runs in front of this endpoint and does as the specifications say.
    fn public_before(&self, endpoint: &Endpoint) -> Option<Arc<Listening>> {
        let public = self.public();
        let settings = public.settings.as_ref()?;
        let same = upstream(settings) == *endpoint && settings.profile == BridgeProfile::Wirelab;
        public.running.clone().filter(|running| same && running.serves())
    }

    /// `host:port` of the bridge, or of where it would be.
    pub(crate) fn host(&self) -> String {
        let public = self.public();
        match (&public.running, &public.settings) {
            (Some(running), _) => running.reachable.to_string(),
            // The system has not chosen one yet.
            (None, Some(settings)) => match settings.listen.strip_suffix(":0") {
                Some(host) => format!("{host}:PORT"),
                None => settings.listen.clone(),
            },
            (None, None) => DEFAULT_BRIDGE_LISTEN.to_owned(),
        }
    }
}

impl Studio {
    pub(crate) fn bridge_state(&self) -> BridgeState {
        self.0.bridge_state()
    }

    pub(crate) async fn begin_bridge(
        &self,
        settings: BridgeSettings,
    ) -> Result<BridgeState, Problem> {
        let inner = &self.0;
        // What is wrong with the settings is said before the bridge that runs is ended.
        let options = options(&settings)?;
        let _changing = inner.bridges.changing.lock().await;
        inner.end_bridge(BridgePhase::Starting).await;
        inner.bridges.public().settings = Some(settings.clone());
        inner.tell_bridge();
        let schema = inner.sources.schema();
        let started = Listening::start(
            &settings.listen,
            schema,
            Arc::new(inner.client.clone()),
            options,
            inner.closing.child_token(),
            None,
        );
        match started.await {
            Ok(running) => {
                let running = Arc::new(running);
                {
                    let mut public = inner.bridges.public();
                    public.phase = BridgePhase::Running { address: running.address.to_string() };
                    public.running = Some(running.clone());
                }
                inner.tasks.spawn(follow(inner.clone(), running));
            }
            Err(problem) => inner.bridges.public().phase = BridgePhase::Failed(problem),
        }
        inner.tell_bridge();
        Ok(inner.bridge_state())
    }

    pub(crate) async fn halt_bridge(&self) -> BridgeState {
        let _changing = self.0.bridges.changing.lock().await;
        self.0.end_bridge(BridgePhase::Stopped).await;
        self.0.tell_bridge();
        self.0.bridge_state()
    }
}

impl Inner {
    fn bridge_state(&self) -> BridgeState {
        let (settings, phase, running, stale) = {
            let public = self.bridges.public();
            let settings = public.settings.clone();
            (settings, public.phase.clone(), public.running.clone(), public.stale.clone())
        };
        let upstream = || self.default_endpoint.behind_bridge();
        let settings = settings
            .unwrap_or_else(|| BridgeSettings { upstream: upstream(), ..Default::default() });
        let (metrics, streams) =
            running.map(|running| figures::told(running.bridge.snapshot())).unwrap_or_default();
        BridgeState { phase, settings, metrics, streams, stale }
    }

    fn tell_bridge(&self) {
        self.bus.send(StudioEvent::Bridge(Box::new(self.bridge_state())));
    }

    async fn end_bridge(&self, phase: BridgePhase) {
        let running = {
            let mut public = self.bridges.public();
            (public.phase, public.stale) = (phase, None);
            public.running.take()
        };
        if let Some(running) = running {
            running.stop().await;
        }
    }
}

/// Tells screens what moves in a bridge and gives it the schemas that are loaded meanwhile.
async fn follow(inner: Arc<Inner>, running: Arc<Listening>) {
    let mut events = inner.bus.subscribe();
    let mut tick = tokio::time::interval(BRIDGE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let counted = || {
        let (metrics, streams) = figures::told(running.bridge.snapshot());
        (metrics.total, metrics.faces, streams)
    };
    let (mut last, mut echoes) = (counted(), 0);
    loop {
        tokio::select! {
            () = running.stopped() => return,
            _ = tick.tick() => {
                // The age of an open stream moves, whatever else does.
                let now = counted();
                if now != last {
                    (last, echoes) = (now, BRIDGE_ECHOES);
                    inner.tell_bridge();
                } else if echoes > 0 {
                    echoes -= 1;
                    inner.tell_bridge();
                }
            }
            event = events.next() => match event {
                None => return,
                Some(StudioEvent::Catalog { .. } | StudioEvent::Lagged) => {
                    let reloaded = running.bridge.reload(inner.sources.schema());
                    let stale = reloaded.err().and_then(|problems| problems.into_iter().next());
                    let mut public = inner.bridges.public();
                    let changed = public.stale != stale;
                    public.stale = stale;
                    drop(public);
                    if changed {
                        inner.tell_bridge();
                    }
                }
                Some(_) => {}
            },
        }
    }
}

/// The server behind a bridge, called by gRPC whatever way it is called otherwise.
fn upstream(settings: &BridgeSettings) -> Endpoint {
    let endpoint = Endpoint { bridged: true, ..settings.upstream.clone() };
    endpoint.behind_bridge()
}

fn options(settings: &BridgeSettings) -> Result<Options, Problem> {
    let origins = Origins::parse(&settings.allowed_origins)?;
    let cors = CorsOptions { origins, ..CorsOptions::default() };
    let profile = match settings.profile {
        BridgeProfile::Wirelab => Profile::Wirelab,
        BridgeProfile::Envoy => Profile::Envoy,
        BridgeProfile::GrpcGateway => Profile::GrpcGateway,
        BridgeProfile::Vanguard => Profile::Vanguard,
    };
    Ok(Options { endpoint: upstream(settings), profile, cors, ..Options::default() })
}
