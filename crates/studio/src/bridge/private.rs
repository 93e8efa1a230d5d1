//! Bridges for the studio's own calls: by REST, by WebSocket, and by what a server need not speak itself.
//!
//! Each stands in front of one endpoint, listens on loopback and wants a token that only this studio has. They start when
//! they are needed; the bridge that people see serves these calls too where it stands in front of the same endpoint.

use super::listen::Listening;
use crate::{Inner, codecs::Codecs};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{StreamExt, stream};
use http::HeaderValue;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use wirelab_bridge::{Options, TOKEN};
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::*;

/// How many private bridges there may be; then the one that was used longest ago goes. Calls under way keep theirs.
pub const MAX_PRIVATE_BRIDGES: usize = 8;
/// A private bridge that was not used for so long goes when the next is wanted.
pub const PRIVATE_BRIDGE_IDLE: Duration = Duration::from_secs(600);

#[derive(Default)]
pub struct Private {
    slots: Mutex<Vec<Slot>>,
    /// Held while one is started: two calls at once share it.
    starting: tokio::sync::Mutex<()>,
}

struct Slot {
    endpoint: Endpoint,
    listening: Arc<Listening>,
    /// What its schema came from.
    codecs: Arc<Codecs>,
    used: Instant,
}

impl Private {
    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, endpoint: &Endpoint, codecs: &Arc<Codecs>) -> Option<Arc<Listening>> {
        let mut slots = self.slots();
        slots.retain(|slot| slot.used.elapsed() < PRIVATE_BRIDGE_IDLE && slot.listening.serves());
        let slot = slots.iter_mut().find(|slot| slot.endpoint == *endpoint)?;
        slot.used = Instant::now();
        if !Arc::ptr_eq(&slot.codecs, codecs) {
            // What cannot be loaded leaves what was; a method that is not there says so itself.
            let _ = slot.listening.bridge.reload(codecs.schema().clone());
            slot.codecs = codecs.clone();
        }
        Some(slot.listening.clone())
    }

    fn put(&self, slot: Slot) {
        let mut slots = self.slots();
        if slots.len() >= MAX_PRIVATE_BRIDGES
            && let Some(oldest) = (0..slots.len()).min_by_key(|at| slots[*at].used)
        {
            slots.remove(oldest);
        }
        slots.push(slot);
    }
}

impl Inner {
    /// Makes a call the way that its endpoint says; what it takes to have a bridge comes before the call's clock starts.
    pub fn make(
        self: &Arc<Inner>,
        mut spec: CallSpec,
        requests: Requests,
        cancel: CancellationToken,
    ) -> Events {
        if !spec.endpoint.through_bridge() {
            spec.endpoint.bridged = false;
            return self.client.invoke(spec, requests, cancel);
        }
        let inner = self.clone();
        let begin = async move {
            match inner.bridge_before(&spec.endpoint).await {
                Ok(bridge) => {
                    let events = inner.through(&bridge, spec, requests, cancel);
                    // The bridge lives as long as the call.
                    events.map(move |event| (event, bridge.clone()).0).boxed()
                }
                Err(problem) => {
                    let code = StatusCode::Unavailable;
                    let message = problem.message.clone();
                    let problem = Some(problem.grpc(code as u32));
                    let status = Status { problem, ..Status::new(code, message) };
                    let kind = CallEventKind::Finished { status, wire: None };
                    stream::iter([CallEvent { at_ns: 0, kind }]).boxed()
                }
            }
        };
        Box::pin(stream::once(begin).flatten())
    }

    fn through(
        &self,
        bridge: &Listening,
        mut spec: CallSpec,
        requests: Requests,
        cancel: CancellationToken,
    ) -> Events {
        if spec.endpoint.transport.needs_bridge() {
            return bridge.client.invoke(spec, requests, cancel);
        }
        spec.endpoint = Endpoint {
            address: bridge.reachable.to_string(),
            transport: spec.endpoint.transport,
            http: spec.endpoint.http,
            ..Endpoint::default()
        };
        let token = bridge.token.as_ref().and_then(|token| token.to_str().ok());
        spec.metadata.extend(token.map(|token| Metadatum::text(TOKEN.as_str(), token)));
        self.client.invoke(spec, requests, cancel)
    }

    /// A bridge in front of the server of an endpoint.
    async fn bridge_before(&self, endpoint: &Endpoint) -> Result<Arc<Listening>, Problem> {
        let endpoint = endpoint.behind_bridge();
        if let Some(public) = self.bridges.public_before(&endpoint) {
            return Ok(public);
        }
        let (codecs, private) = (self.sources.codecs(), &self.bridges.private);
        if let Some(found) = private.take(&endpoint, &codecs) {
            return Ok(found);
        }
        let _starting = private.starting.lock().await;
        if let Some(found) = private.take(&endpoint, &codecs) {
            return Ok(found);
        }
        let listening = Listening::start(
            "127.0.0.1:0",
            codecs.schema().clone(),
            Arc::new(self.client.clone()),
            Options { endpoint: endpoint.clone(), ..Options::default() },
            self.closing.child_token(),
            Some(token()?),
        );
        let listening = Arc::new(listening.await?);
        let slot = Slot { endpoint, listening: listening.clone(), codecs, used: Instant::now() };
        private.put(slot);
        Ok(listening)
    }
}

/// 256 bits that nobody can guess.
fn token() -> Result<HeaderValue, Problem> {
    let fault = |error: &dyn std::fmt::Display| {
        let message = format!("the system gives no random numbers for a token: {error}");
        Problem::new(ProblemKind::Internal, message)
    };
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| fault(&error))?;
    let token = HeaderValue::from_str(&URL_SAFE_NO_PAD.encode(bytes));
    let mut token = token.map_err(|error| fault(&error))?;
    token.set_sensitive(true);
    Ok(token)
}

/// Makes calls as [`Inner::make`] does, for comparisons.
pub struct ByEndpoint(pub Arc<Inner>);

impl Invoke for ByEndpoint {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        self.0.make(spec, requests, cancel)
    }
}
