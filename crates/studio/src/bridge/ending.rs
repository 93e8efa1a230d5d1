//! Calls that end when their bridge is stopped, whatever kind they are.

use futures_util::{FutureExt, Stream};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::*;

/// Makes calls by another and ends those under way when the bridge stops.
pub struct Ending {
    pub invoke: Arc<dyn Invoke>,
    pub stop: CancellationToken,
}

impl Invoke for Ending {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let events = self.invoke.invoke(spec, requests, cancel);
        let stop = Box::pin(self.stop.clone().cancelled_owned());
        Box::pin(UntilStopped { events, stop, begun: Instant::now(), over: false })
    }
}

struct UntilStopped {
    events: Events,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    begun: Instant,
    over: bool,
}

impl Stream for UntilStopped {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        if self.over {
            return Poll::Ready(None);
        }
        let event = match self.events.as_mut().poll_next(cx) {
            Poll::Ready(event) => event,
            Poll::Pending if self.stop.poll_unpin(cx).is_pending() => return Poll::Pending,
            Poll::Pending => {
                let at_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
                let status = Status::new(StatusCode::Unavailable, "the bridge was stopped");
                Some(CallEvent { at_ns, kind: CallEventKind::Finished { status, wire: None } })
            }
        };
        if let Some(event) = &event {
            self.over = matches!(event.kind, CallEventKind::Finished { .. });
        }
        Poll::Ready(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use wirelab_call::{requests, scripted::Scripted};

    #[tokio::test]
    async fn calls_end_when_the_bridge_stops() {
        let kind = CallEventKind::Sent { message: vec![0].into(), compressed: None };
        let invoke = Arc::new(Scripted::new(vec![CallEvent { at_ns: 1, kind }]));
        let ending = Ending { invoke, stop: CancellationToken::new() };
        let spec = CallSpec { method: "a.B/C".into(), ..CallSpec::default() };
        let mut events = ending.invoke(spec, requests([b"x".to_vec()]), CancellationToken::new());
        assert!(matches!(events.next().await.unwrap().kind, CallEventKind::Sent { .. }));
        ending.stop.cancel();
        let last = events.next().await.unwrap().kind;
        let CallEventKind::Finished { status, .. } = last else { panic!("{last:?}") };
        assert_eq!(status.code, StatusCode::Unavailable as u32);
        assert!(events.next().await.is_none());
    }
}
