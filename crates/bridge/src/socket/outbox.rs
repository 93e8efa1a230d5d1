//! What waits for a client, and what happens when it does not take it.

use super::options::{SlowConsumer, SocketOptions};
use super::wire::Outgoing;
use std::collections::VecDeque;

/// What waits to be sent, in order.
pub(super) struct Outbox {
    policy: SlowConsumer,
    max_messages: usize,
    max_bytes: usize,
    waiting: VecDeque<Waiting>,
    /// Messages among them, and their bytes.
    messages: usize,
    bytes: usize,
}

/// One thing to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// A message of the server.
    Message(Outgoing),
    /// That so many messages were left out.
    Dropped(u64),
    /// Anything else, which is never left out.
    Control(Outgoing),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Waits,
    /// It waits, and so many others do not any longer.
    Instead(u64),
    /// There is no room and the policy closes.
    Full,
}

impl Outbox {
    pub fn new(options: &SocketOptions) -> Outbox {
        Outbox {
            policy: options.slow_consumer,
            max_messages: options.queue_messages.max(1),
            max_bytes: options.queue_bytes,
            waiting: VecDeque::new(),
            messages: 0,
            bytes: 0,
        }
    }

    /// Whether the server is to be asked for its next message; `room` is whether the socket would take one.
    pub fn wants(&self, room: bool) -> bool {
        match self.policy {
            SlowConsumer::Pause => room && self.waiting.is_empty(),
            SlowConsumer::DropOldest | SlowConsumer::Close1013 => true,
        }
    }

    /// How many messages wait.
    pub fn depth(&self) -> usize {
        self.messages
    }

    pub fn control(&mut self, outgoing: Outgoing) {
        self.waiting.push_back(Waiting::Control(outgoing));
    }

    pub fn message(&mut self, message: Outgoing) -> Fate {
        let size = size(&message);
        let full = |outbox: &Outbox| {
            outbox.messages >= outbox.max_messages
                || outbox.messages > 0 && outbox.bytes + size > outbox.max_bytes
        };
        let mut dropped = 0;
        if self.policy == SlowConsumer::Close1013 && full(self) {
            return Fate::Full;
        }
        while self.policy == SlowConsumer::DropOldest && full(self) && self.drop_oldest() {
            dropped += 1;
        }
        self.messages += 1;
        self.bytes += size;
        self.waiting.push_back(Waiting::Message(message));
        if dropped == 0 { Fate::Waits } else { Fate::Instead(dropped) }
    }

    /// Replaces the oldest message by word that it is missing, joined to such word right before it.
    fn drop_oldest(&mut self) -> bool {
        let is_message = |waiting: &Waiting| matches!(waiting, Waiting::Message(_));
        let Some(at) = self.waiting.iter().position(is_message) else { return false };
        if let Some(Waiting::Message(message)) = self.waiting.get(at) {
            self.messages -= 1;
            self.bytes -= size(message);
        }
        if let Some(Waiting::Dropped(count)) =
            at.checked_sub(1).and_then(|at| self.waiting.get_mut(at))
        {
            *count += 1;
            self.waiting.remove(at);
        } else if let Some(waiting) = self.waiting.get_mut(at) {
            *waiting = Waiting::Dropped(1);
        }
        true
    }

    /// The next thing to send.
    pub fn pop(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        if let Waiting::Message(message) = &next {
            self.messages -= 1;
            self.bytes -= size(message);
        }
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(next)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.waiting = VecDeque::new();
        (self.messages, self.bytes) = (0, 0);
    }
}

/// Bytes that a message holds.
pub(super) fn size(message: &Outgoing) -> usize {
    match message {
        Outgoing::Text(payload) | Outgoing::Binary(payload) => payload.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(policy: SlowConsumer, queue_messages: usize, queue_bytes: usize) -> Outbox {
        let slow_consumer = policy;
        Outbox::new(&SocketOptions {
            slow_consumer,
            queue_messages,
            queue_bytes,
            ..Default::default()
        })
    }

    fn told(outbox: &mut Outbox) -> Vec<String> {
        let told = |waiting| match waiting {
            Waiting::Message(Outgoing::Text(text)) => String::from_utf8(text.to_vec()).unwrap(),
            Waiting::Dropped(count) => format!("-{count}"),
            other => format!("{other:?}"),
        };
        std::iter::from_fn(|| outbox.pop()).map(told).collect()
    }

    #[test]
    fn the_oldest_go_and_how_many_is_told_where_they_were() {
        for (messages, bytes, sent, wanted) in [
            (3, 100, "a b c", "a b c"),
            (3, 100, "a b c d", "-1 b c d"),
            (3, 100, "a b c d e f g", "-4 e f g"),
            (9, 4, "aa bb cc", "-1 bb cc"),
            (9, 4, "aa bb ccc", "-2 ccc"),
            // One message may pass the limit.
            (9, 4, "aa bbbbbbbb", "-1 bbbbbbbb"),
            (9, 4, "aa bbbbbbbb c", "-2 c"),
        ] {
            let mut outbox = outbox(SlowConsumer::DropOldest, messages, bytes);
            let mut dropped = 0;
            for text in sent.split(' ') {
                if let Fate::Instead(more) = outbox.message(Outgoing::Text(text.to_owned().into()))
                {
                    dropped += more;
                }
            }
            let told = told(&mut outbox);
            assert_eq!(told.join(" "), wanted, "{sent}");
            let counted = sent.split(' ').count() as u64;
            let kept = told.iter().filter(|text| !text.starts_with('-')).count() as u64;
            assert_eq!(dropped + kept, counted, "{sent}");
            assert_eq!((outbox.depth(), outbox.bytes), (0, 0), "{sent}");
        }
    }

    #[test]
    fn a_full_queue_that_closes_takes_nothing_more() {
        let mut outbox = outbox(SlowConsumer::Close1013, 2, 100);
        let fates = [(); 3].map(|()| outbox.message(Outgoing::Text("a".into())));
        assert_eq!(fates, [Fate::Waits, Fate::Waits, Fate::Full]);
    }

    #[test]
    fn pausing_asks_for_nothing_while_something_waits() {
        let mut outbox = outbox(SlowConsumer::Pause, 2, 100);
        assert!(outbox.wants(true) && !outbox.wants(false));
        outbox.message(Outgoing::Text("a".into()));
        assert!(!outbox.wants(true));
    }
}
