//! Request messages out of a body that streams.

use super::asked::Asked;
use super::split::{Fault, Splitter};
use crate::bind::Bound;
use crate::body::{poll_piece, too_long};
use crate::refusal::Refusal;
use crate::rules::Body as Part;
use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use wirelab_model::{Status, StatusCode};

/// The messages of a body: the elements of its JSON array, the values of its lines, or its pieces as they are.
pub(super) struct Requests {
    asked: Arc<Asked>,
    /// What path and query say.
    url: Bound,
    body: Body,
    splitter: Splitter,
    raw: bool,
    /// How many messages were made.
    made: u64,
    /// Nothing more comes of the body.
    ended: bool,
    /// Nothing more comes of this.
    over: bool,
}

impl Requests {
    /// `lines` says that there is a value a line, which may be an array.
    pub fn new(asked: Arc<Asked>, url: Bound, body: Body, lines: bool) -> Requests {
        let limit = usize::try_from(asked.limit()).unwrap_or(usize::MAX);
        let splitter = Splitter::new(limit, !lines);
        let raw = asked.rule.takes_raw();
        Requests { asked, url, body, splitter, raw, made: 0, ended: false, over: false }
    }

    /// The next message that is there as a whole, or the only one where there is no body to make it of.
    fn ready(&mut self) -> Option<Result<Vec<u8>, Refusal>> {
        let limit = self.asked.limit();
        let next = match self.ended {
            false => self.splitter.next(),
            true => self.splitter.finish(),
        };
        match next {
            Err(fault) => Some(Err(wrong(&fault, limit))),
            Ok(Some(json)) => Some(self.message(&json)),
            Ok(None) if self.ended && self.made == 0 && self.asked.rule.body == Part::None => {
                Some(self.asked.message(&[], Some(&self.url), None))
            }
            Ok(None) if self.ended && self.made == 0 && self.raw => {
                Some(Ok(self.asked.raw_message(&Bytes::new(), true, &self.url)))
            }
            Ok(None) => None,
        }
    }

    fn message(&self, json: &[u8]) -> Result<Vec<u8>, Refusal> {
        let bind = self.made == 0 || !self.asked.behaviour().bind_first_only;
        self.asked.message(json, bind.then_some(&self.url), Some(self.made + 1))
    }

    fn give(&mut self, message: Result<Vec<u8>, Refusal>) -> Poll<Option<Result<Bytes, Status>>> {
        self.made += 1;
        self.over = message.is_err();
        Poll::Ready(Some(message.map(Bytes::from).map_err(|refusal| {
            let status = refusal.status.clone();
            // It is the last thing that this gives.
            let _ = self.asked.refused.set(refusal);
            status
        })))
    }
}

impl Stream for Requests {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.over {
                return Poll::Ready(None);
            }
            if let Some(message) = this.ready() {
                return this.give(message);
            }
            if this.ended {
                this.over = true;
                continue;
            }
            match ready!(poll_piece(&mut this.body, cx)) {
                None => this.ended = true,
                Some(Err(refusal)) => return this.give(Err(refusal)),
                Some(Ok(piece)) if this.raw => {
                    if !piece.is_empty() {
                        let message = this.asked.raw_message(&piece, this.made == 0, &this.url);
                        return this.give(Ok(message));
                    }
                }
                Some(Ok(piece)) => this.splitter.feed(piece),
            }
        }
    }
}

/// What is wrong with a body that has no further message.
fn wrong(fault: &Fault, limit: u64) -> Refusal {
    let message = match fault {
        Fault::TooLong => return too_long(limit),
        Fault::Cut => "the body ends in the middle of a message; send all of it".to_owned(),
        Fault::Unexpected { at, wanted } => {
            format!("byte {at} of the body is something else than {wanted}")
        }
    };
    Refusal::new(StatusCode::InvalidArgument, message)
}
