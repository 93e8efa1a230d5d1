//! The health of servers: asked once, or watched for the screens.

use crate::Studio;
use futures_util::{Stream, StreamExt};
use std::sync::{Mutex, PoisonError};
use tokio_util::sync::CancellationToken;
use wirelab_model::{Health, HealthQuery, HealthUpdate, StudioEvent};

/// The one watch whose news the screens are told.
#[derive(Default)]
pub struct Watch(Mutex<CancellationToken>);

impl Watch {
    /// Ends the watch that was, and gives what ends the next one.
    fn replace(&self, next: CancellationToken) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, next).cancel();
    }
}

impl Studio {
    /// Asks a server for the health of a service, waiting at most five seconds.
    pub async fn check_health(&self, query: &HealthQuery) -> Health {
        self.0.client.health(query).await
    }

    /// What a server says of its health, now and whenever it changes; never ends.
    pub fn health_changes(
        &self,
        query: HealthQuery,
    ) -> impl Stream<Item = Health> + Send + 'static {
        self.0.client.watch_health(query)
    }

    /// Tells the screens of this server from now on, and of no other.
    pub(crate) fn watch_one(&self, query: Option<HealthQuery>) {
        let token = self.0.closing.child_token();
        self.0.health.replace(token.clone());
        let Some(query) = query else { return };
        let (bus, changes) = (self.0.bus.clone(), self.health_changes(query.clone()));
        self.0.tasks.spawn(async move {
            let tell = changes.for_each(|health| {
                // One that was replaced just now has nothing more to say.
                if !token.is_cancelled() {
                    let update = HealthUpdate { query: query.clone(), health };
                    bus.send(StudioEvent::Health(Box::new(update)));
                }
                std::future::ready(())
            });
            token.run_until_cancelled(tell).await;
        });
    }
}
