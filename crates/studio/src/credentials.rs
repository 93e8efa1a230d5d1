//! Credentials of calls: sent, kept in memory for replays, and never recorded.

use crate::{Inner, Studio};
use futures_util::{StreamExt, stream};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;
use wirelab_call::{Events, Requests};
use wirelab_model::*;

/// How many calls have their credentials kept for replays; the oldest go first.
const KEPT: usize = 256;

/// Credentials of calls of this process.
#[derive(Default)]
pub struct Kept(Mutex<VecDeque<(CallId, Auth)>>);

impl Kept {
    pub fn put(&self, call: CallId, auth: Auth) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((call, auth));
    }

    /// The credentials that a recorded call was made with; none when it was made without.
    pub fn of(&self, record: &CallRecord) -> Result<Option<Auth>, Problem> {
        let Some(name) = &record.auth else { return Ok(None) };
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(call, _)| *call == record.id);
        found.map(|(_, auth)| Some(auth.clone())).ok_or_else(|| {
            let message = format!(
                "call {} was made with credentials ({name}), which are not kept",
                record.id
            );
            Problem::new(ProblemKind::Forbidden, message)
                .help("open it as a request and give its credentials again")
        })
    }
}

/// Credentials of a call that is about to begin.
pub struct Credentials {
    auth: Auth,
    /// What they come to, where nobody need be asked for it.
    made: Option<Metadatum>,
}

impl Studio {
    /// The metadata that credentials come to, for what is not a call: reflection. Nothing of it is recorded;
    /// [`StudioEvent::SignIn`] says when somebody must sign in.
    ///
    /// # Errors
    /// Names the field that will not do, such as `auth.key`, or the authorization server and what it said.
    pub async fn authorize(&self, auth: &Auth, endpoint: &Endpoint) -> Result<Metadatum, Problem> {
        self.0.authorize(auth, endpoint, None).await
    }
}

impl Inner {
    async fn authorize(
        &self,
        auth: &Auth,
        endpoint: &Endpoint,
        call: Option<CallId>,
    ) -> Result<Metadatum, Problem> {
        let bus = self.bus.clone();
        let sign_in = move |url| bus.send(StudioEvent::SignIn { call, url });
        self.client.authorize(auth, &endpoint.tls_options, sign_in).await
    }

    /// Finds out what is wrong with credentials as far as nobody need be asked.
    pub async fn credentials(
        &self,
        auth: Option<Auth>,
        spec: &CallSpec,
    ) -> Result<Option<Credentials>, Problem> {
        let Some(auth) = auth else { return Ok(None) };
        let key = auth.metadata_key();
        if spec.metadata.iter().any(|datum| datum.key.eq_ignore_ascii_case(&key)) {
            let message = format!("the metadata and the credentials both hold `{key}`");
            return Err(Problem::new(ProblemKind::Mismatch, message)
                .at("auth")
                .help("remove one of them"));
        }
        let made = match auth {
            Auth::OAuth2(_) => None,
            _ => Some(self.authorize(&auth, &spec.endpoint, None).await?),
        };
        Ok(Some(Credentials { auth, made }))
    }

    /// Makes a call with its credentials. What it takes to get them comes before the call's clock starts, and ends with
    /// the call's token.
    pub fn invoke(
        self: &Arc<Inner>,
        id: CallId,
        mut spec: CallSpec,
        credentials: Option<Credentials>,
        requests: Requests,
        cancel: CancellationToken,
    ) -> Events {
        let auth = match credentials {
            None => return self.make(spec, requests, cancel),
            Some(Credentials { made: Some(datum), .. }) => {
                spec.metadata.push(datum);
                return self.make(spec, requests, cancel);
            }
            Some(Credentials { made: None, auth }) => auth,
        };
        let (inner, used) = (self.clone(), auth.clone());
        let begin = async move {
            let made = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(cancelled()),
                made = inner.authorize(&auth, &spec.endpoint, Some(id)) => made.map_err(refused),
            };
            match made {
                Ok(datum) => {
                    spec.metadata.push(datum);
                    inner.make(spec, requests, cancel)
                }
                Err(status) => {
                    let kind = CallEventKind::Finished { status, wire: None };
                    Box::pin(stream::iter([CallEvent { at_ns: 0, kind }]))
                }
            }
        };
        let client = self.client.clone();
        Box::pin(stream::once(begin).flatten().then(move |event| {
            let refused = matches!(&event.kind, CallEventKind::Finished { status, .. }
                if status.code == StatusCode::Unauthenticated as u32);
            // The next call gets another token.
            let stale = refused.then(|| (client.clone(), used.clone()));
            async move {
                if let Some((client, used)) = stale {
                    client.forget(&used).await;
                }
                event
            }
        }))
    }
}

fn cancelled() -> Status {
    let message = "the call was cancelled before it had its credentials";
    let code = StatusCode::Cancelled;
    let problem = Problem::new(ProblemKind::Cancelled, message).grpc(code as u32);
    Status { problem: Some(problem), ..Status::new(code, message) }
}

fn refused(problem: Problem) -> Status {
    let code = StatusCode::Unauthenticated;
    let message = problem.message.clone();
    Status { problem: Some(problem.grpc(code as u32)), ..Status::new(code, message) }
}
