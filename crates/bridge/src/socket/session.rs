//! One socket, from its upgrade to its end: a loop that moves what can be moved, in one task.
//!
//! Nothing is read from the client while a request of its waits for the server, and nothing from the server while the
//! client does not take what is there (unless the policy for slow clients says otherwise). So a slow side slows the other
//! by TCP and HTTP/2, and what a socket holds is bounded by the queues between.

use super::clock::{Alarm, Clock};
use super::framing::Said;
use super::options::SocketOptions;
use super::outbox::Fate;
use super::resume::{self, Streams};
use super::side::Side;
use super::stats::SocketStats;
use super::wire::{Broken, Incoming, Outgoing, Wire};
use crate::serve::Place;
use crate::upstream::{End, Upstream};
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wirelab_model::{Status, StatusCode};

/// Rounds after which other tasks get their turn.
const ROUNDS: usize = 64;
/// Messages taken from the server before the client is looked after again.
const STEPS: usize = 64;

/// What sessions share.
pub(super) struct Common {
    pub options: SocketOptions,
    pub streams: Streams,
    pub stats: SocketStats,
}

/// One socket.
pub(super) struct Session<'a, Io> {
    wire: Wire<Io>,
    /// What the connection takes, where it is counted.
    place: Option<Place>,
    side: Side,
    clock: Clock,
    common: &'a Common,
    upstream: &'a Upstream,
    /// `pkg.Service/Method`.
    method: String,
    /// Whether streams of the method may be resumed.
    resumable: bool,
    /// What the client said and was not done yet; nothing more is read meanwhile.
    said: VecDeque<Said>,
    /// What a lost socket was sent and this one is sent again.
    again: VecDeque<Outgoing>,
    /// The stream that is to go on here, and after which of its messages.
    claim: Option<(oneshot::Receiver<Side>, u64)>,
    /// The pong that is owed: the last ping counts (RFC 6455 §5.5.3).
    pong: Option<Bytes>,
    state: State,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    /// As the counts have it.
    waiting: usize,
}

/// How far closing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Our close frame is sent; theirs is waited for.
    Closing,
    /// Both are sent, or nothing can be read any longer.
    Closed,
}

/// How a socket ended.
enum Ended {
    /// As it should.
    Done,
    /// Nobody is there.
    Lost,
    /// Its stream goes on at another.
    Claimed(oneshot::Sender<Side>),
}

/// What a session is made of.
pub(super) struct Parts<Io> {
    pub wire: Wire<Io>,
    pub place: Option<Place>,
    pub side: Side,
    pub method: String,
    pub resumable: bool,
    /// What the URL already said.
    pub said: VecDeque<Said>,
    pub shutdown: CancellationToken,
}

impl<'a, Io: AsyncRead + AsyncWrite + Unpin + Send + 'a> Session<'a, Io> {
    /// In place: it is large, and whoever runs it holds it all the time.
    pub fn new(parts: Parts<Io>, common: &'a Common, upstream: &'a Upstream) -> Box<Self> {
        let Parts { wire, place, side, method, resumable, said, shutdown } = parts;
        Box::new(Session {
            wire,
            place,
            side,
            clock: Clock::new(&common.options),
            common,
            upstream,
            method,
            resumable,
            said,
            again: VecDeque::new(),
            claim: None,
            pong: None,
            state: State::Open,
            shutdown: Box::pin(shutdown.cancelled_owned()),
            waiting: 0,
        })
    }

    /// Serves the socket until it is closed; then keeps what can be resumed.
    pub async fn run(mut self: Box<Self>) {
        self.common.stats.opened();
        let ended = poll_fn(|cx| self.poll(cx)).await;
        self.common.stats.closed(self.waiting);
        self.side.waiting(self.waiting, 0);
        match ended {
            Ended::Done => {}
            Ended::Lost => (*self).keep().await,
            Ended::Claimed(claim) => (*self).leave(claim).await,
        }
    }

    /// Keeps what can be resumed of a lost socket.
    fn keep(self) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let Session { side, common, shutdown, .. } = self;
        Box::pin(async move {
            tokio::select! {
                () = resume::keep(side, &common.options.resume, &common.stats) => {}
                () = shutdown => {}
            }
        })
    }

    /// Gives the stream to another socket, and closes this one.
    fn leave(self, claim: oneshot::Sender<Side>) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let Session { mut wire, place, side, .. } = self;
        let _ = claim.send(side);
        wire.send(Outgoing::Close(4010, "the stream goes on at another socket".into()));
        Box::pin(async move {
            let shut = poll_fn(|cx| wire.poll_shutdown(cx));
            let _ = tokio::time::timeout(super::clock::CLOSE_TIMEOUT, shut).await;
            drop(place);
        })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        for _ in 0..ROUNDS {
            let written = self.wire.written();
            let mut moved = self.fill();
            let flushed = match self.wire.poll_flush(cx) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return Poll::Ready(Ended::Lost),
                Poll::Pending => false,
            };
            if self.wire.written() > written {
                self.clock.alive();
            }
            if self.state == State::Closed && flushed {
                return self.poll_over(cx);
            }
            if let Some(resumable) = &mut self.side.resumable
                && let Poll::Ready(Some(claim)) = resumable.poll_claim(cx)
            {
                return Poll::Ready(Ended::Claimed(claim));
            }
            if self.side.closing.is_none() && self.shutdown.as_mut().poll(cx).is_ready() {
                let status =
                    Status::new(StatusCode::Unavailable, "the bridge shuts down; connect again");
                self.side.end(&ended(status), Some(1001));
                moved = true;
            }
            moved |= self.poll_claim(cx);
            moved |= self.poll_call(cx);
            moved |= self.poll_said(cx);
            match self.poll_read(cx) {
                Ok(read) => moved |= read,
                Err(ended) => return Poll::Ready(ended),
            }
            let reading = self.said.is_empty() && self.claim.is_none();
            if let Poll::Ready(alarm) = self.clock.poll(reading, cx) {
                if !self.alarm(alarm, flushed) {
                    let silent = alarm == Alarm::Silent;
                    return Poll::Ready(if silent { Ended::Lost } else { Ended::Done });
                }
                moved = true;
            }
            if !moved {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Hands to the socket what it has room for.
    fn fill(&mut self) -> bool {
        let mut moved = false;
        if self.state != State::Open {
            return moved;
        }
        while self.wire.has_room() {
            let pong = self.pong.take().map(Outgoing::Pong);
            let next = pong.or_else(|| self.again.pop_front()).or_else(|| self.side.next());
            if let Some(outgoing) = next {
                if matches!(outgoing, Outgoing::Text(_) | Outgoing::Binary(_)) {
                    self.clock.message();
                }
                self.wire.send(outgoing);
            } else if let Some((code, reason)) = self.side.closing.clone() {
                self.wire.send(Outgoing::Close(code, reason));
                self.state = State::Closing;
                self.clock.closing();
                moved = true;
                break;
            } else {
                break;
            }
            moved = true;
        }
        let waiting = self.side.outbox.depth();
        self.common.stats.waiting(self.waiting, waiting);
        self.side.waiting(self.waiting, waiting);
        self.waiting = waiting;
        moved
    }

    /// Both sides have closed: the connection ends, ours first (RFC 6455 §7.1.1).
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if self.wire.poll_shutdown(cx).is_ready() && self.wire.poll_drain(cx).is_ready() {
            return Poll::Ready(Ended::Done);
        }
        self.clock.poll(true, cx).map(|_| Ended::Done)
    }

    /// Takes over the stream that this socket is to go on with, once whoever has it gives it.
    fn poll_claim(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((claim, after)) = &mut self.claim else { return false };
        let Poll::Ready(side) = Pin::new(claim).poll(cx) else { return false };
        let after = *after;
        self.claim = None;
        match side {
            Ok(side) => {
                self.common.stats.resumed();
                match side.again(after) {
                    Ok(again) => {
                        self.side = side;
                        self.again.extend(self.side.framing.resumed(self.side.taken()));
                        self.again.extend(again);
                    }
                    Err(status) => self.side.end(&ended(status), None),
                }
            }
            Err(_) => self.side.end(&ended(gone()), None),
        }
        true
    }

    /// Takes what the server sends as far as the client's queue allows.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        for _ in 0..STEPS {
            let room = self.wire.has_room() && self.again.is_empty();
            let Poll::Ready(step) = self.side.poll_step(room, cx) else { break };
            moved = true;
            match self.side.step(step) {
                Some(Fate::Instead(dropped)) => {
                    self.common.stats.dropped(dropped);
                    self.side.dropped(dropped);
                }
                Some(Fate::Full) => {
                    self.common.stats.slow();
                    let message = "the client takes messages too slowly: take them faster, or try again later";
                    self.give_up(Status::new(StatusCode::ResourceExhausted, message), Some(1013));
                }
                Some(Fate::Waits) | None => {}
            }
            self.fill();
        }
        moved
    }

    /// Does what the client said, as far as the server takes it.
    fn poll_said(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.claim.is_none() && self.side.closing.is_none() {
            let Some(said) = self.said.front() else { break };
            let done = match said {
                Said::Start(_) | Said::Resume { .. } if self.side.has_begun() => {
                    let message = "@start and @resume may only come first";
                    Err(Status::new(StatusCode::InvalidArgument, message))
                }
                Said::Start(start) => {
                    let start = start.clone();
                    if start.resumable && self.resumable {
                        let resume = &self.common.options.resume;
                        self.side.resumable = self.common.streams.add(&self.method, resume);
                    }
                    if let Some(resumable) = &self.side.resumable {
                        let window = self.common.options.resume.window;
                        let told = self.side.framing.stream(&resumable.id, window);
                        told.into_iter().for_each(|told| self.side.outbox.control(told));
                    }
                    self.side.prepare(start);
                    self.begin();
                    Ok(())
                }
                Said::Resume { stream, after } => {
                    match self.common.streams.claim(stream, &self.method) {
                        Some(claim) => {
                            self.claim = Some((claim, *after));
                            self.clock.started();
                            Ok(())
                        }
                        None => Err(gone()),
                    }
                }
                Said::Request(request) => {
                    let request = request.clone();
                    self.begin();
                    match self.side.poll_request(&request, cx) {
                        Poll::Ready(done) => done,
                        Poll::Pending => return moved,
                    }
                }
                Said::HalfClose => {
                    self.begin();
                    self.side.half_close();
                    Ok(())
                }
                Said::Cancel => {
                    Err(Status::new(StatusCode::Cancelled, "the client cancelled the call"))
                }
            };
            self.said.pop_front();
            moved = true;
            if let Err(status) = done {
                self.side.end(&ended(status), None);
            }
        }
        moved
    }

    fn begin(&mut self) {
        if self.side.begin(self.upstream) {
            self.clock.started();
        }
    }

    /// Takes one thing from the client, unless what it said before still waits.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        let over = self.side.closing.is_some();
        let waits = !self.said.is_empty() || self.claim.is_some();
        if self.state == State::Closed || !over && waits {
            return Ok(false);
        }
        let Poll::Ready(read) = self.wire.poll_next(cx) else { return Ok(false) };
        self.clock.alive();
        match read {
            Ok(Incoming::Message(_)) if over => {}
            Ok(Incoming::Message(message)) => {
                self.clock.message();
                if let Err(status) = self.side.framing.read(message, &mut self.said) {
                    self.said.clear();
                    self.side.end(&ended(status), None);
                }
            }
            Ok(Incoming::Ping(payload)) => self.pong = Some(payload),
            Ok(Incoming::Pong(payload)) => {
                if let Some(round_trip) = self.clock.pong(&payload) {
                    self.common.stats.answered(round_trip);
                }
            }
            Ok(Incoming::Close(code)) => self.close(code, String::new()),
            Err(Broken::Fault(fault)) if fault.is_size() && self.state == State::Open => {
                let status = Status::new(StatusCode::ResourceExhausted, fault.what);
                self.give_up(status, Some(fault.close));
                self.fill();
                self.close(fault.close, fault.what.into());
            }
            Err(Broken::Fault(fault)) => self.close(fault.close, fault.what.into()),
            Err(Broken::Lost) => return Err(Ended::Lost),
        }
        Ok(true)
    }

    /// Ends the call and says so ahead of all that waits: the client is slow or gone, or should be.
    fn give_up(&mut self, status: Status, code: Option<u16>) {
        self.said.clear();
        self.again.clear();
        self.side.outbox.clear();
        self.side.end(&ended(status), code);
        self.clock.closing();
    }

    /// Nothing more will come from the client: the call ends, with a close frame unless one was sent.
    fn close(&mut self, code: u16, reason: String) {
        // What was closed on purpose is not resumed.
        self.side.end(&ended(Status::new(StatusCode::Cancelled, "the client closed")), None);
        self.side.resumable = None;
        if self.state == State::Open {
            self.wire.send(Outgoing::Close(code, reason));
        }
        self.state = State::Closed;
        self.clock.closing();
    }

    /// Does what it is time for; `false` gives the socket up.
    fn alarm(&mut self, alarm: Alarm, flushed: bool) -> bool {
        let options = &self.common.options;
        let late = |what: &str, after: Option<Duration>| {
            let after = after.unwrap_or_default();
            Status::new(StatusCode::DeadlineExceeded, format!("{what} for {after:?}"))
        };
        match alarm {
            Alarm::Ping if flushed && self.state == State::Open => {
                let payload = self.clock.ping();
                self.wire.send(Outgoing::Ping(payload));
                self.common.stats.pinged();
            }
            Alarm::Ping => self.clock.skip_ping(),
            Alarm::Silent => {
                self.common.stats.silent();
                return false;
            }
            Alarm::Closing => return false,
            Alarm::NotStarted => {
                let status = late("nothing came that begins the call", Some(options.start_timeout));
                self.give_up(status, None);
            }
            Alarm::Idle => {
                self.give_up(late("no message went either way", options.idle_timeout), None);
            }
            Alarm::Total => {
                self.give_up(late("the socket was open", options.max_duration), None);
            }
        }
        true
    }
}

fn ended(status: Status) -> End {
    End { status, trailers: Vec::new() }
}

fn gone() -> Status {
    let message = "the stream cannot be resumed: it is over, of another method or server, or its time has passed; begin again";
    Status::new(StatusCode::NotFound, message)
}
