//! What servers said of themselves, kept as long as the studio is open: a server given again need not be asked again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use wirelab_call::{Client, Reflected};
use wirelab_model::{Endpoint, Metadatum, Problem};

/// How many servers' descriptors are kept; then those not asked for the longest are let go.
const KEPT: usize = 16;
/// How many bytes of descriptors are kept together.
const KEPT_BYTES: usize = 128 << 20;

/// The descriptors of servers, the last asked for first.
#[derive(Default)]
pub struct Reflections(Mutex<VecDeque<Kept>>);

struct Kept {
    endpoint: Endpoint,
    metadata: Vec<Metadatum>,
    reflected: Arc<Reflected>,
}

impl Reflections {
    /// What the server says, or said before unless `again`. Only what came whole is kept.
    ///
    /// # Errors
    /// As [`Client::reflect`].
    pub async fn get(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        metadata: &[Metadatum],
        again: bool,
    ) -> Result<Arc<Reflected>, Problem> {
        let same = |kept: &Kept| kept.endpoint == *endpoint && kept.metadata == metadata;
        if !again {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = all.iter().position(same).and_then(|index| all.remove(index)) {
                let reflected = kept.reflected.clone();
                all.push_front(kept);
                return Ok(reflected);
            }
        }
        let reflected = Arc::new(client.reflect(endpoint, metadata).await?);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| !same(kept));
        if reflected.problems.is_empty() {
            all.push_front(Kept {
                endpoint: endpoint.clone(),
                metadata: metadata.to_vec(),
                reflected: reflected.clone(),
            });
        }
        let mut bytes = 0;
        let fits = |kept: &Kept| {
            bytes += kept.reflected.set.len();
            bytes <= KEPT_BYTES
        };
        let keep = all.iter().map(fits).take_while(|fits| *fits).take(KEPT).count();
        all.truncate(keep);
        Ok(reflected)
    }
}
