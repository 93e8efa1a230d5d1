//! How a stream went: bytes and gaps as its messages came.
//!
//! Owns the running sums behind the stream's charts, bounded however long the stream is. Takes messages in their
//! order only, so that sums are right; says which one it needs next. Knows no screen.

use wirelab_chart::BytesPoint;
use wirelab_model::{Direction, MessageRow};

/// The most points kept for a chart: when there are more, every second one goes.
pub const MAX_POINTS: usize = 512;

/// The most gaps kept; the oldest go first.
pub const MAX_GAPS: usize = 4_096;

/// Messages beyond this many are not fetched for the charts of a recorded call.
pub const MAX_FETCHED: u64 = 100_000;

/// The running sums of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    gaps_of: Direction,
    next: u64,
    moved: BytesPoint,
    points: Vec<BytesPoint>,
    /// Every how many messages a point is kept.
    stride: u64,
    last_at_ns: Option<u64>,
    gaps: Vec<u64>,
}

impl Flow {
    /// Nothing yet; gaps will be those between messages that go `gaps_of`.
    pub fn new(gaps_of: Direction) -> Self {
        Flow {
            gaps_of,
            next: 0,
            moved: BytesPoint::default(),
            points: Vec::new(),
            stride: 1,
            last_at_ns: None,
            gaps: Vec::new(),
        }
    }

    /// Takes the next message; one that is not the next is passed over.
    pub fn push(&mut self, row: &MessageRow) {
        if row.index != self.next {
            return;
        }
        self.next += 1;
        self.moved.at_ns = row.at_ns;
        self.moved.proto_bytes = self.moved.proto_bytes.saturating_add(row.bytes);
        // A message that could not be read as its type has no JSON: it counts as it is.
        self.moved.json_bytes =
            self.moved.json_bytes.saturating_add(row.json_bytes.unwrap_or(row.bytes));
        if row.index.is_multiple_of(self.stride) {
            self.points.push(self.moved);
        }
        if self.points.len() > MAX_POINTS {
            self.stride *= 2;
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
        if row.direction == self.gaps_of {
            if let Some(last) = self.last_at_ns {
                if self.gaps.len() == MAX_GAPS {
                    self.gaps.drain(..MAX_GAPS / 2);
                }
                self.gaps.push(row.at_ns.saturating_sub(last));
            }
            self.last_at_ns = Some(row.at_ns);
        }
    }

    /// The index of the message it needs next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Points of the sums in time, the newest always there.
    pub fn points(&self) -> Vec<BytesPoint> {
        let mut points = self.points.clone();
        if self.next > 0 && points.last() != Some(&self.moved) {
            points.push(self.moved);
        }
        points
    }

    /// Gaps between messages, nanoseconds, in their order.
    pub fn gaps(&self) -> &[u64] {
        &self.gaps
    }

    /// The median gap, nanoseconds.
    pub fn median_gap(&self) -> Option<u64> {
        let mut sorted = self.gaps.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: u64, at_ns: u64, direction: Direction) -> MessageRow {
        MessageRow { index, direction, at_ns, bytes: 2, json_bytes: Some(6), text: String::new() }
    }

    #[test]
    fn sums_in_order() {
        use Direction::{Received, Sent};
        let mut flow = Flow::new(Received);
        for (index, at, direction) in
            [(0, 0, Sent), (1, 10, Received), (5, 99, Received), (2, 30, Received), (2, 31, Sent)]
        {
            flow.push(&row(index, at, direction));
        }
        let expected = [(0, 2, 6), (10, 4, 12), (30, 6, 18)]
            .map(|(at_ns, proto_bytes, json_bytes)| BytesPoint { at_ns, proto_bytes, json_bytes });
        assert_eq!(flow.points(), expected);
        assert_eq!((flow.next(), flow.gaps(), flow.median_gap()), (3, [20].as_slice(), Some(20)));
    }

    #[test]
    fn a_message_without_json_counts_as_it_is() {
        let mut flow = Flow::new(Direction::Sent);
        flow.push(&MessageRow { json_bytes: None, ..row(0, 0, Direction::Sent) });
        assert_eq!(flow.points(), [BytesPoint { at_ns: 0, proto_bytes: 2, json_bytes: 2 }]);
    }

    #[test]
    fn nothing_gives_nothing() {
        let flow = Flow::new(Direction::Sent);
        assert_eq!((flow.points().len(), flow.median_gap()), (0, None));
    }

    #[test]
    fn long_streams_are_bounded() {
        let mut flow = Flow::new(Direction::Received);
        for index in 0..100_000 {
            flow.push(&row(index, index * 1_000, Direction::Received));
        }
        let points = flow.points();
        assert!(points.len() <= MAX_POINTS + 1 && points.len() > MAX_POINTS / 4);
        assert!(points.windows(2).all(|pair| pair[0].at_ns < pair[1].at_ns));
        assert_eq!(points.last().map(|p| p.proto_bytes), Some(200_000));
        assert!(flow.gaps().len() <= MAX_GAPS);
        assert_eq!(flow.median_gap(), Some(1_000));
    }
}
