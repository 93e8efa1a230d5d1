//! Drives one call and tells its events.

use crate::client::Client;
use crate::exchange::{Attempt, exchange};
use crate::explain::{self, Failure};
use crate::invoke::Requests;
use crate::plan::Plan;
use crate::pool::Lease;
use crate::queue::Teller;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use wirelab_model::{CallEventKind, CallSpec, StatusCode};

/// Makes the call and ends it with exactly one `Finished`, unless nobody reads any more.
pub(crate) async fn call(
    client: Client,
    spec: CallSpec,
    requests: Requests,
    cancel: CancellationToken,
    mut teller: Teller,
) {
    let finish = |teller: &Teller, status: Failure, wire| {
        teller.tell(CallEventKind::Finished { status: *status, wire });
    };
    let plan = match Plan::new(&spec, client.types.as_ref()) {
        Ok(plan) => plan,
        Err(problem) => return finish(&teller, explain::refused(problem), None),
    };
    // Reading certificates is no part of any call.
    let trust = match plan.target.tls() {
        true => match client.inner.tls.trust(&spec.endpoint.tls_options).await {
            Ok(trust) => Some(trust),
            Err(failure) => return finish(&teller, failure, None),
        },
        false => None,
    };
    let started = teller.start();
    let mut lease = None;
    let status = {
        let attempt = async {
            let pool = &client.inner.pool;
            let leased = pool.lease(&plan.target, plan.http, trust.as_ref(), &teller).await?;
            let authority = plan.target.to_string();
            let attempt = Attempt { plan: &plan, started, authority: &authority };
            exchange(&attempt, lease.insert(leased), requests, &teller).await
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => explain::cancelled(),
            deadline = over(plan.deadline) => explain::deadline(deadline, teller.progress()),
            done = attempt => {
                late(done.unwrap_or_else(|failure| failure), &plan, started, &teller)
            }
        }
    };
    finish(&teller, status, lease.as_ref().map(Lease::wire));
}

/// Waits until the time is over, and says how long it was; for ever where there is no deadline.
async fn over(deadline: Option<Duration>) -> Duration {
    match deadline {
        // Far deadlines are none: the timer saturates.
        Some(deadline) => tokio::time::sleep(deadline).await,
        None => std::future::pending().await,
    }
    deadline.unwrap_or_default()
}

/// A server may notice that the time is over just before this side does, and many then say CANCELLED.
fn late(status: Failure, plan: &Plan, started: Instant, teller: &Teller) -> Failure {
    match plan.deadline {
        Some(deadline)
            if status.code == StatusCode::Cancelled as u32 && started.elapsed() >= deadline =>
        {
            explain::deadline(deadline, teller.progress())
        }
        _ => status,
    }
}
