//! What the bridge itself says to the server behind it, whatever its clients say: fixed metadata, and credentials that
//! come from variables and files or are fetched, and are renewed before they end.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use wirelab_call::Client;
use wirelab_model::{Auth, Metadatum, Problem, ProblemKind, Status, StatusCode, TlsOptions};

/// How often credentials are looked at: whether their file holds others, and whether what was fetched ends soon.
pub const CREDENTIALS_INTERVAL: Duration = Duration::from_secs(10);

type Read = dyn Fn() -> Result<Auth, Problem> + Send + Sync;

/// What the bridge itself says to the server behind it. Clones share what is known; none of it is ever told.
#[derive(Clone, Default)]
pub struct Own(Option<Arc<Inner>>);

struct Inner {
    metadata: Vec<Metadatum>,
    read: Option<Box<Read>>,
    /// What the credentials came to last.
    current: RwLock<Option<Metadatum>>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Own(…)" } else { "Own" })
    }
}

impl Own {
    /// Metadata for every call, and where credentials come from, which is asked again and again.
    pub fn new(metadata: Vec<Metadatum>, read: Option<Box<Read>>) -> Own {
        let nothing = metadata.is_empty() && read.is_none();
        Own((!nothing).then(|| Arc::new(Inner { metadata, read, current: RwLock::default() })))
    }

    /// Whether the credentials are there, where there are to be some.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.as_ref().is_none_or(|inner| inner.read.is_none() || inner.current().is_some())
    }

    /// Puts it in the place of what a client says by the same keys.
    ///
    /// # Errors
    /// UNAVAILABLE as long as the credentials are not there.
    pub(crate) fn add(&self, metadata: &mut Vec<Metadatum>) -> Result<(), Status> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let own = inner.all()?;
        metadata.retain(|one| !own.iter().any(|own| own.key == one.key));
        metadata.extend(own);
        Ok(())
    }

    /// The same for calls of the bridge itself: what there is of it.
    pub(crate) fn beside(&self, metadata: &[Metadatum]) -> Vec<Metadatum> {
        let mut all = metadata.to_vec();
        // Without credentials the server says what it wants.
        let _ = self.add(&mut all);
        all
    }

    /// Reads credentials anew; whether they are others than before.
    ///
    /// # Errors
    /// Why there are none; what was there before is still used.
    pub(crate) async fn renew(&self, client: &Client, tls: &TlsOptions) -> Result<bool, Problem> {
        let Some(inner) = self.0.clone().filter(|inner| inner.read.is_some()) else {
            return Ok(false);
        };
        let reading = inner.clone();
        let failed = |_| Problem::new(ProblemKind::Internal, "the credentials could not be read");
        let read = tokio::task::spawn_blocking(move || reading.read.as_ref().map(|read| read()));
        let Some(auth) = read.await.map_err(failed)?.transpose()? else { return Ok(false) };
        // Nobody is there to sign in.
        let datum = client.authorize(&auth, tls, |_| {}).await?;
        let mut current = inner.current.write().unwrap_or_else(PoisonError::into_inner);
        let other = current.as_ref() != Some(&datum);
        *current = Some(datum);
        Ok(other)
    }
}

impl Inner {
    fn current(&self) -> Option<Metadatum> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn all(&self) -> Result<Vec<Metadatum>, Status> {
        let mut all = self.metadata.clone();
        if self.read.is_some() {
            all.push(self.current().ok_or_else(|| {
                let message =
                    "the bridge has no credentials for the server behind it yet: try again later";
                Status::new(StatusCode::Unavailable, message)
            })?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::Secret;

    #[tokio::test]
    async fn it_goes_before_what_clients_say_and_is_told_to_nobody() {
        let token = Arc::new(RwLock::new(Err(Problem::new(ProblemKind::NotFound, "no file"))));
        let file = token.clone();
        let read = move || -> Result<Auth, Problem> {
            Ok(Auth::Bearer { token: Secret(file.read().unwrap().clone()?) })
        };
        let own = Own::new(vec![Metadatum::text("x-tenant", "acme")], Some(Box::new(read)));
        let of_client = || {
            vec![
                Metadatum::text("authorization", "Bearer client"),
                Metadatum::text("x-tenant", "evil"),
                Metadatum::text("x-other", "1"),
            ]
        };
        let client = Client::new();
        let tls = TlsOptions::default();
        assert!(own.renew(&client, &tls).await.is_err() && !own.is_ready());
        assert_eq!(own.add(&mut of_client()).unwrap_err().code, StatusCode::Unavailable as u32);
        for secret in ["hunter2", "hunter3"] {
            *token.write().unwrap() = Ok(secret.to_owned());
            assert_eq!(own.renew(&client, &tls).await, Ok(true));
            assert_eq!(own.renew(&client, &tls).await, Ok(false));
            let mut metadata = of_client();
            own.add(&mut metadata).unwrap();
            let wanted = [
                Metadatum::text("x-other", "1"),
                Metadatum::text("x-tenant", "acme"),
                Metadatum::text("authorization", format!("Bearer {secret}")),
            ];
            assert_eq!(metadata, wanted);
        }
        // What breaks leaves what was there.
        *token.write().unwrap() = Err(Problem::new(ProblemKind::NotFound, "no file"));
        assert!(own.renew(&client, &tls).await.is_err() && own.is_ready());
        assert!(!format!("{own:?}").contains("hunter"));
        assert!(Own::new(Vec::new(), None).is_ready());
    }
}
