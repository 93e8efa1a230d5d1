//! The times of a socket: pings and what they take, and how long it may be silent, idle or open.

use super::options::SocketOptions;
use bytes::Bytes;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long the closing handshake may take once there is nothing else to send (RFC 6455 §7.1.1), and how long a client
/// that takes nothing may delay what is before it.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The times of one socket.
pub(super) struct Clock {
    limits: Limits,
    /// One timer for all, armed for the nearest; it may ring too early, never too late.
    sleep: Pin<Box<Sleep>>,
    opened: Instant,
    /// The last sign that somebody is there.
    alive: Instant,
    /// The last message either way.
    message: Instant,
    started: bool,
    closing: bool,
    next_ping: Option<Instant>,
    /// The ping that is not answered: its number and when it went.
    ping: Option<(u64, Instant)>,
    pings: u64,
}

/// What of the options is about time.
struct Limits {
    ping: Option<Duration>,
    pong: Duration,
    start: Duration,
    idle: Option<Duration>,
    total: Option<Duration>,
}

/// What it is time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// To send a ping.
    Ping,
    /// To give up: no pong came, nor anything else.
    Silent,
    /// To give up: nothing began the call.
    NotStarted,
    /// To end the call: no message went either way.
    Idle,
    /// To end the call: it had its time.
    Total,
    /// To give up: the client does not close.
    Closing,
}

impl Clock {
    pub fn new(options: &SocketOptions) -> Clock {
        let now = Instant::now();
        let limits = Limits {
            ping: options.ping_interval,
            pong: options.pong_timeout,
            start: options.start_timeout,
            idle: options.idle_timeout,
            total: options.max_duration,
        };
        Clock {
            next_ping: limits.ping.map(|interval| now + interval),
            limits,
            sleep: Box::pin(sleep_until(now)),
            opened: now,
            alive: now,
            message: now,
            started: false,
            closing: false,
            ping: None,
            pings: 0,
        }
    }

    /// Something came or could be sent.
    pub fn alive(&mut self) {
        self.alive = Instant::now();
    }

    /// A message came or went.
    pub fn message(&mut self) {
        self.message = Instant::now();
    }

    /// The call began.
    pub fn started(&mut self) {
        self.started = true;
        self.message();
    }

    /// Nothing but closing is left.
    pub fn closing(&mut self) {
        self.closing = true;
        self.alive();
    }

    /// What the next ping carries.
    pub fn ping(&mut self) -> Bytes {
        let now = Instant::now();
        self.pings += 1;
        self.ping = Some((self.pings, now));
        self.next_ping = self.limits.ping.map(|interval| now + interval);
        Bytes::copy_from_slice(&self.pings.to_be_bytes())
    }

    /// The next ping waits for a whole interval: what is to be sent is stuck, and a ping would be stuck behind it.
    pub fn skip_ping(&mut self) {
        self.next_ping = self.limits.ping.map(|interval| Instant::now() + interval);
    }

    /// What the ping took that this is the pong of; pongs of no ping are let pass (RFC 6455 §5.5.3).
    pub fn pong(&mut self, payload: &[u8]) -> Option<Duration> {
        let (number, sent) = self.ping.filter(|(number, _)| number.to_be_bytes() == *payload)?;
        self.ping = None;
        debug_assert!(number <= self.pings);
        Some(sent.elapsed())
    }

    /// The nearest alarm. While nothing is read, no pong can come.
    fn next(&self, reading: bool) -> Option<(Instant, Alarm)> {
        if self.closing {
            return Some((self.alive + CLOSE_TIMEOUT, Alarm::Closing));
        }
        let silent = self.ping.filter(|_| reading).map(|(_, sent)| self.alive.max(sent));
        let alarms = [
            self.limits.total.map(|total| (self.opened + total, Alarm::Total)),
            self.limits.idle.map(|idle| (self.message + idle, Alarm::Idle)),
            silent.map(|since| (since + self.limits.pong, Alarm::Silent)),
            (!self.started).then(|| (self.opened + self.limits.start, Alarm::NotStarted)),
            self.next_ping.filter(|_| self.ping.is_none()).map(|at| (at, Alarm::Ping)),
        ];
        alarms.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Ready when it is time for something. Each alarm but [`Alarm::Ping`] ends the socket or its call.
    pub fn poll(&mut self, reading: bool, cx: &mut Context<'_>) -> Poll<Alarm> {
        loop {
            let Some((at, alarm)) = self.next(reading) else { return Poll::Pending };
            if at <= Instant::now() {
                return Poll::Ready(alarm);
            }
            if at < self.sleep.deadline() || self.sleep.is_elapsed() {
                self.sleep.as_mut().reset(at);
            }
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
