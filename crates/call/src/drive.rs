//! Who drives a call: whoever reads its events, without a task of its own.
//!
//! A call begins when it is made and goes on each time its events are read, in the reader's task: with a task of its
//! own, each step would cost a switch between the two. A reader that stays away must not hold up deadlines,
//! cancellation, requests, or what was begun and is not connected yet. So each call that could go on is on a list,
//! and when its reader has not come for a moment, a stand-in drives it that one step.

use crate::queue::{Queue, Teller, Told};
use futures_util::Stream;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;
use wirelab_model::CallEvent;

/// A call that could go on is driven by the stand-in when nobody has read its events for this long, or up to twice
/// that. Until then the events of a reader that is busy elsewhere come later, and so do their times.
pub const STAND_IN_AFTER: Duration = Duration::from_millis(10);

type Course = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call under way.
struct Call {
    seat: Mutex<Seat>,
    standby: Arc<Standby>,
    runtime: Handle,
}

/// Where the one sits who drives a call.
struct Seat {
    /// None while somebody drives, and when the call is over or left.
    course: Option<Course>,
    /// Whether it could go on since it was last driven.
    woken: bool,
    /// Whether it has been so for a while.
    late: bool,
    /// Whether the stand-in knows of it.
    listed: bool,
    /// The reader, when it waits.
    reader: Option<Waker>,
    /// Nobody will read any more.
    left: bool,
}

impl Call {
    fn seat(&self) -> MutexGuard<'_, Seat> {
        // What a panic elsewhere left behind is whole: nothing is called while it is locked.
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on as far as possible if there is anything to do. Does nothing while somebody else is at it.
    fn go_on(&self, waker: &Waker) {
        let mut seat = self.seat();
        if !seat.woken {
            return;
        }
        let Some(mut course) = seat.course.take() else { return };
        (seat.woken, seat.late) = (false, false);
        drop(seat);
        // Its timers and connections are of this runtime, wherever the reader is.
        let _entered = self.runtime.enter();
        // The seat is free meanwhile: what is called here may wake the call, or even drop its reader.
        if course.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
            return;
        }
        let mut seat = self.seat();
        if !seat.left {
            seat.course = Some(course);
        }
    }

    /// Has the reader woken when there is more to do.
    fn wait(&self, reader: &Waker) {
        let mut seat = self.seat();
        if seat.woken && seat.course.is_some() {
            // Not at once, so that a call that always has more to do lets others run.
            drop(seat);
            reader.wake_by_ref();
            return;
        }
        seat.reader = Some(reader.clone());
    }

    /// Goes on in the reader's place if it has been late at the last look too. False when there is no need to look
    /// again.
    fn stand_in(self: &Arc<Self>) -> bool {
        let mut seat = self.seat();
        if seat.woken && !seat.late && !seat.left {
            seat.late = true;
            return true;
        }
        seat.listed = false;
        let due = seat.woken;
        drop(seat);
        if due {
            self.go_on(&Waker::from(self.clone()));
            // It may have come meanwhile, and found nothing.
            let reader = self.seat().reader.take();
            if let Some(reader) = reader {
                reader.wake();
            }
        }
        false
    }
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut seat = self.seat();
        seat.woken = true;
        let reader = seat.reader.take();
        let known = std::mem::replace(&mut seat.listed, true);
        drop(seat);
        if !known {
            self.standby.list(self.clone());
        }
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// Drives the calls of a client whose readers stay away.
#[derive(Default)]
pub(crate) struct Standby {
    /// How many bytes of a call's messages may wait unread; none leaves it as it is.
    pub limit: Option<usize>,
    rota: Mutex<Rota>,
}

#[derive(Default)]
struct Rota {
    /// Calls that could go on, and those that went on since; no more than are under way or ended a moment ago.
    calls: Vec<Arc<Call>>,
    /// Whether somebody looks after them.
    watched: bool,
}

impl Standby {
    /// For calls of which so many bytes of messages may wait unread.
    pub fn limited(limit: usize) -> Standby {
        Standby { limit: Some(limit), ..Standby::default() }
    }

    fn rota(&self) -> MutexGuard<'_, Rota> {
        self.rota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(self: &Arc<Self>, call: Arc<Call>) {
        let runtime = call.runtime.clone();
        let mut rota = self.rota();
        rota.calls.push(call);
        let watched = std::mem::replace(&mut rota.watched, true);
        drop(rota);
        if !watched {
            runtime.spawn(Watch { standby: self.clone(), done: false }.run());
        }
    }
}

/// The one who looks after the calls on the list, until it is empty.
struct Watch {
    standby: Arc<Standby>,
    done: bool,
}

impl Watch {
    async fn run(mut self) {
        while !self.done {
            sleep(STAND_IN_AFTER).await;
            let mut calls = std::mem::take(&mut self.standby.rota().calls);
            calls.retain(Call::stand_in);
            let mut rota = self.standby.rota();
            rota.calls.append(&mut calls);
            rota.watched = !rota.calls.is_empty();
            self.done = !rota.watched;
        }
    }
}

impl Drop for Watch {
    /// When the runtime ends before the list does, the next call is for another to look after.
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut rota = self.standby.rota();
        rota.watched = false;
        let calls = std::mem::take(&mut rota.calls);
        drop(rota);
        for call in calls {
            call.seat().listed = false;
        }
    }
}

/// The reader's end of a call. Dropping it ends the call where it is.
pub(crate) struct Listener {
    taken: VecDeque<Told>,
    queue: Arc<Queue>,
    call: Arc<Call>,
    /// Of the call.
    waker: Waker,
}

/// Begins a call, as far as it goes without waiting.
pub(crate) fn begin<F>(standby: &Arc<Standby>, course: impl FnOnce(Teller) -> F) -> Listener
where
    F: Future<Output = ()> + Send + 'static,
{
    let queue = Arc::new(Queue::limited(standby.limit));
    let seat = Seat {
        course: Some(Box::pin(course(Teller::new(queue.clone())))),
        woken: true,
        late: false,
        listed: false,
        reader: None,
        left: false,
    };
    let (standby, runtime) = (standby.clone(), Handle::current());
    let call = Arc::new(Call { seat: Mutex::new(seat), standby, runtime });
    let waker = Waker::from(call.clone());
    call.go_on(&waker);
    Listener { taken: VecDeque::new(), queue, call, waker }
}

impl Listener {
    /// Takes what was told; none when there is nothing yet.
    fn take(&mut self) -> Option<Poll<Option<CallEvent>>> {
        let more = self.queue.take(&mut self.taken);
        match self.taken.pop_front() {
            None if more => None,
            told => Some(Poll::Ready(told.map(CallEvent::from))),
        }
    }
}

impl Stream for Listener {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        let this = &mut *self;
        if let Some(told) = this.taken.pop_front() {
            return Poll::Ready(Some(told.into()));
        }
        if let Some(event) = this.take() {
            return event;
        }
        this.call.go_on(&this.waker);
        if let Some(event) = this.take() {
            return event;
        }
        this.call.wait(cx.waker());
        // The stand-in may have told something just before.
        this.take().unwrap_or(Poll::Pending)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut seat = self.call.seat();
        seat.left = true;
        // What waits for a call may wake it while it is dropped.
        let course = seat.course.take();
        drop(seat);
        drop(course);
    }
}
