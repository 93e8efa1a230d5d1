//! The figures all together and face by face, for whoever draws them.

use super::figures::{BOUNDS, CODES, Cell, quantile};
use super::{Observe, OpenStream};
use crate::face::Face;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The most open streams that a [`Snapshot`] lists.
pub const LISTED_STREAMS: usize = 1_000;

/// What passed through a bridge since it began.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Since it began.
    pub uptime: Duration,
    /// By all faces together.
    pub total: FaceFigures,
    /// By each face, in the same order always.
    pub faces: Vec<FaceFigures>,
    /// How many streams are open.
    pub open_streams: u64,
    /// The oldest of them, at most [`LISTED_STREAMS`].
    pub streams: Vec<OpenStream>,
}

/// What passed by one face, or by all.
#[derive(Clone, Debug, Default)]
pub struct FaceFigures {
    /// `grpc`, `grpc-web`, `connect`, `websocket` or `rest`; empty for all.
    pub face: &'static str,
    /// Answers to clients, refusals included.
    pub requests: u64,
    /// Requests that did not become a call.
    pub refused: u64,
    /// Calls that ended, by the number of their gRPC status, ascending; 17 stands for what gRPC does not define.
    pub codes: Vec<(u32, u64)>,
    /// Unary calls that ended: those that have a latency. Streams take as long as their clients want.
    pub timed: u64,
    /// From a request to the end of its unary call, by a straight line within a bucket of the histogram.
    pub p50: Option<Duration>,
    /// As above.
    pub p99: Option<Duration>,
    /// Calls under way.
    pub open: u64,
    /// Bytes of request messages, as Protobuf.
    pub request_bytes: u64,
    /// Bytes of response messages, as Protobuf.
    pub response_bytes: u64,
    /// Messages that slow clients missed.
    pub dropped: u64,
    /// Messages that wait for clients.
    pub queued: u64,
}

/// Sums of the cells of many methods.
#[derive(Clone, Default)]
struct Sum {
    figures: FaceFigures,
    codes: [u64; CODES],
    latency: [u64; BOUNDS.len() + 1],
}

impl Sum {
    fn add(&mut self, cell: &Cell) {
        let add = |sums: &mut [u64], cells: &[AtomicU64]| {
            sums.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += cell.load(Relaxed));
        };
        add(&mut self.codes, &cell.codes);
        if !cell.streams.load(Relaxed) {
            add(&mut self.latency, &cell.latency);
        }
        let figures = &mut self.figures;
        figures.open += u64::try_from(cell.open.load(Relaxed)).unwrap_or_default();
        figures.request_bytes += cell.request_bytes.load(Relaxed);
        figures.response_bytes += cell.response_bytes.load(Relaxed);
        figures.dropped += cell.dropped.load(Relaxed);
        figures.queued += u64::try_from(cell.queued.load(Relaxed)).unwrap_or_default();
    }

    fn told(self) -> FaceFigures {
        let counted = (0..).zip(self.codes).filter(|(_, count)| *count > 0);
        FaceFigures {
            codes: counted.collect(),
            timed: self.latency.iter().sum(),
            p50: quantile(&self.latency, 0.5),
            p99: quantile(&self.latency, 0.99),
            ..self.figures
        }
    }
}

impl Observe {
    /// The figures as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let mut total = Sum::default();
        let mut faces = Face::ALL.map(|face| {
            let figures = FaceFigures { face: face.name(), ..FaceFigures::default() };
            Sum { figures, ..Sum::default() }
        });
        for (face, _, count) in self.figures.answers.all() {
            total.figures.requests += count;
            faces[face as usize].figures.requests += count;
        }
        for (face, _, count) in self.figures.refusals.all() {
            total.figures.refused += count;
            faces[face as usize].figures.refused += count;
        }
        for method in self.figures.methods() {
            for (face, cell) in method.counted() {
                total.add(cell);
                faces[face as usize].add(cell);
            }
        }
        Snapshot {
            uptime: self.since.elapsed(),
            total: total.told(),
            faces: faces.into_iter().map(Sum::told).collect(),
            open_streams: self.streams.count(),
            streams: self.streams.list(LISTED_STREAMS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::ObserveOptions;
    use http::StatusCode;

    #[test]
    fn faces_add_up_to_the_whole() {
        let observe = Observe::new(&ObserveOptions::default());
        let figures = &observe.figures;
        for (method, face, code, http) in [
            ("a.B/C", Face::Rest, 0, 200),
            ("a.B/C", Face::Rest, 5, 404),
            ("a.B/D", Face::Rest, 0, 200),
            ("a.B/D", Face::Socket, 14, 101),
        ] {
            let method = figures.method(method, || true);
            method.by(face).ended(code, Duration::from_millis(2));
            method.by(face).request_bytes.fetch_add(7, Relaxed);
            // As calls of streams do when they begin.
            method.by(face).streams.store(face == Face::Socket, Relaxed);
            figures.answers.count(face, StatusCode::from_u16(http).unwrap());
        }
        figures.refusals.count(Face::Rest, StatusCode::NOT_FOUND);
        let Snapshot { total, faces, .. } = observe.snapshot();
        let told = |of: &FaceFigures| {
            (of.requests, of.refused, of.codes.clone(), of.timed, of.request_bytes)
        };
        assert_eq!(told(&total), (4, 1, vec![(0, 2), (5, 1), (14, 1)], 3, 28));
        for (face, wanted) in [
            ("rest", (3, 1, vec![(0, 2), (5, 1)], 3, 21)),
            ("websocket", (1, 0, vec![(14, 1)], 0, 7)),
            ("grpc", (0, 0, vec![], 0, 0)),
        ] {
            let found = faces.iter().find(|one| one.face == face).unwrap();
            assert_eq!(told(found), wanted, "{face}");
            assert_eq!(found.p50.is_some(), found.timed > 0, "{face}");
        }
        assert_eq!(faces.len(), Face::ALL.len());
    }
}
