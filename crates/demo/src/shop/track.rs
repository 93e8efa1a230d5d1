//! Following orders: each subscription plays an order's whole way, a step a tick.

use crate::{
    details,
    proto::shop::order::v1::{Action, State, TrackOrdersRequest, TrackOrdersResponse},
};
use futures_util::{Stream, StreamExt, stream};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime},
};
use tokio::time::{Interval, MissedTickBehavior};
use tonic::Status;

/// How many orders one stream may follow.
const MAX_FOLLOWED: usize = 1_000;
/// How long it takes to deliver after the last step that is told with an `eta`.
const DELIVERY: Duration = Duration::from_secs(15 * 60);

/// An order's way.
const STEPS: [(State, f64); 7] = [
    (State::Accepted, 0.0),
    (State::Picking, 0.25),
    (State::Picking, 0.4),
    (State::Packed, 0.55),
    (State::Shipped, 0.7),
    (State::Shipped, 0.85),
    (State::Delivered, 1.0),
];

type Item = Result<TrackOrdersResponse, Status>;

struct Tracker<S> {
    requests: S,
    /// Until the client has finished sending.
    open: bool,
    /// The next step of each order.
    followed: BTreeMap<String, usize>,
    ready: VecDeque<TrackOrdersResponse>,
    ticks: Interval,
    tick: Duration,
}

/// Answers to a stream of requests.
pub fn answers<S>(requests: S, tick: Duration) -> impl Stream<Item = Item> + Send
where
    S: Stream<Item = Result<TrackOrdersRequest, Status>> + Send + Unpin,
{
    // A tick of zero would make the timer panic.
    let tick = tick.max(Duration::from_micros(1));
    let mut ticks = tokio::time::interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let tracker = Tracker {
        requests,
        open: true,
        followed: BTreeMap::new(),
        ready: VecDeque::new(),
        ticks,
        tick,
    };
    stream::unfold(Some(tracker), |tracker| async move {
        let mut tracker = tracker?;
        match tracker.next().await {
            Some(Ok(answer)) => Some((Ok(answer), Some(tracker))),
            Some(Err(status)) => Some((Err(status), None)),
            None => None,
        }
    })
}

impl<S> Tracker<S>
where
    S: Stream<Item = Result<TrackOrdersRequest, Status>> + Send + Unpin,
{
    async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(answer) = self.ready.pop_front() {
                return Some(Ok(answer));
            }
            if !self.open && self.followed.is_empty() {
                return None;
            }
            tokio::select! {
                request = self.requests.next(), if self.open => match request {
                    None => self.open = false,
                    Some(Err(status)) => return Some(Err(status)),
                    Some(Ok(request)) => {
                        if let Err(status) = self.take(&request) {
                            return Some(Err(status));
                        }
                    }
                },
                _ = self.ticks.tick(), if !self.followed.is_empty() => self.step(),
            }
        }
    }

    fn take(&mut self, request: &TrackOrdersRequest) -> Result<(), Status> {
        let id = &request.order_id;
        if id.is_empty() {
            return Err(details::invalid(&[("order_id", "must not be empty")]));
        }
        match request.action() {
            Action::Unspecified | Action::Subscribe => {
                if self.followed.len() >= MAX_FOLLOWED {
                    return Err(details::full("orders followed by one stream", MAX_FOLLOWED));
                }
                if self.followed.is_empty() {
                    // The first step comes at once, the next a whole tick later.
                    self.ticks.reset();
                }
                self.followed.insert(id.clone(), 0);
                for _ in 0..=self.missed(request) {
                    self.advance(id);
                }
            }
            Action::Unsubscribe => {
                self.followed.remove(id);
            }
            Action::Cancel => {
                self.followed.remove(id);
                self.ready.push_back(TrackOrdersResponse {
                    order_id: id.clone(),
                    state: State::Cancelled.into(),
                    ..TrackOrdersResponse::default()
                });
            }
        }
        Ok(())
    }

    /// How many steps lie between `since` and now.
    fn missed(&self, request: &TrackOrdersRequest) -> usize {
        let passed = request
            .since
            .and_then(|since| SystemTime::try_from(since).ok())
            .and_then(|since| since.elapsed().ok())
            .unwrap_or_default();
        let steps = passed.as_nanos() / self.tick.as_nanos().max(1);
        usize::try_from(steps).unwrap_or(usize::MAX).min(STEPS.len() - 1)
    }

    fn step(&mut self) {
        let ids: Vec<String> = self.followed.keys().cloned().collect();
        for id in ids {
            self.advance(&id);
        }
    }

    /// Tells the next step of an order and forgets the order after its last.
    fn advance(&mut self, id: &str) {
        let Some(next) = self.followed.get_mut(id) else { return };
        if let Some(&(state, progress)) = STEPS.get(*next) {
            let eta = matches!(state, State::Accepted | State::Shipped)
                .then(|| (SystemTime::now() + DELIVERY).into());
            self.ready.push_back(TrackOrdersResponse {
                order_id: id.to_owned(),
                state: state.into(),
                progress,
                eta,
            });
        }
        *next += 1;
        if *next >= STEPS.len() {
            self.followed.remove(id);
        }
    }
}
