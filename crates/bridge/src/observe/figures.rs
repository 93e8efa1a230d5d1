//! Counters and histograms of every method, by face and code. Counting takes no lock once a method has been seen.

use crate::face::Face;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// The most methods that are counted apart; the others, and those of no schema, are one: [`OTHER`].
pub const MAX_COUNTED_METHODS: usize = 10_000;
/// What stands for a method that is not counted apart.
pub const OTHER: &str = "other";

/// Upper bounds of the latency histogram, microseconds; a last bucket takes the rest.
pub(super) const BOUNDS: [u64; 19] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
];
/// Codes of gRPC (0 to 16), and one for all others.
pub(super) const CODES: usize = 18;
/// HTTP statuses that are counted apart.
const STATUSES: usize = 600;

/// What is read again while the bridge runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    Schema,
    Rules,
    Admission,
    Keys,
    Certificates,
    Credentials,
}

impl Reload {
    /// All, in the order of their numbers, by their names.
    const ALL: [(Reload, &'static str); 6] = [
        (Reload::Schema, "schema"),
        (Reload::Rules, "rules"),
        (Reload::Admission, "admission"),
        (Reload::Keys, "keys"),
        (Reload::Certificates, "certificates"),
        (Reload::Credentials, "credentials"),
    ];
}

/// What is counted.
#[derive(Debug)]
pub(crate) struct Figures {
    methods: RwLock<HashMap<Arc<str>, Arc<Method>>>,
    other: Arc<Method>,
    /// Answers to clients.
    pub answers: Statuses,
    /// Those to requests that became no call.
    pub refusals: Statuses,
    pub connections: AtomicI64,
    /// By what was read again, and whether it was taken.
    reloads: [[AtomicU64; 2]; Reload::ALL.len()],
}

/// What is counted of one method.
#[derive(Debug)]
pub(crate) struct Method {
    pub path: Arc<str>,
    faces: [OnceLock<Box<Cell>>; Face::ALL.len()],
}

/// What is counted of one method by one face.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    pub codes: [AtomicU64; CODES],
    pub latency: [AtomicU64; BOUNDS.len() + 1],
    pub latency_micros: AtomicU64,
    pub request_messages: AtomicU64,
    pub request_bytes: AtomicU64,
    pub response_messages: AtomicU64,
    pub response_bytes: AtomicU64,
    /// Whether a side streams, so that a call takes as long as its client wants.
    pub streams: AtomicBool,
    pub open: AtomicI64,
    pub queued: AtomicI64,
    pub dropped: AtomicU64,
}

/// Counts by face and HTTP status.
#[derive(Debug)]
pub(crate) struct Statuses([Box<[AtomicU64]>; Face::ALL.len()]);

impl Default for Statuses {
    fn default() -> Statuses {
        let zeros = || (0..STATUSES).map(|_| AtomicU64::default()).collect();
        Statuses(std::array::from_fn(|_| zeros()))
    }
}

impl Statuses {
    pub fn count(&self, face: Face, status: http::StatusCode) {
        if let Some(count) = self.0[face as usize].get(usize::from(status.as_u16())) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// What is not zero.
    pub fn all(&self) -> impl Iterator<Item = (Face, usize, u64)> {
        Face::ALL.into_iter().flat_map(|face| {
            let counts = self.0[face as usize].iter().enumerate();
            counts.filter_map(move |(status, count)| match count.load(Relaxed) {
                0 => None,
                count => Some((face, status, count)),
            })
        })
    }
}

impl Method {
    fn new(path: &str) -> Arc<Method> {
        Arc::new(Method { path: path.into(), faces: Default::default() })
    }

    pub fn by(&self, face: Face) -> &Cell {
        self.faces[face as usize].get_or_init(Box::default)
    }

    /// What has been counted, by face.
    pub fn counted(&self) -> impl Iterator<Item = (Face, &Cell)> {
        Face::ALL.into_iter().filter_map(|face| Some((face, &**self.faces[face as usize].get()?)))
    }
}

impl Cell {
    /// A call that ended with `code`.
    pub fn ended(&self, code: u32, took: Duration) {
        let code = usize::try_from(code).unwrap_or(CODES).min(CODES - 1);
        self.codes[code].fetch_add(1, Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency[BOUNDS.partition_point(|bound| *bound < micros)].fetch_add(1, Relaxed);
        self.latency_micros.fetch_add(micros, Relaxed);
    }
}

impl Default for Figures {
    fn default() -> Figures {
        Figures {
            methods: RwLock::default(),
            other: Method::new(OTHER),
            answers: Statuses::default(),
            refusals: Statuses::default(),
            connections: AtomicI64::default(),
            reloads: Default::default(),
        }
    }
}

impl Figures {
    /// A method to count, by `pkg.Service/Method`; `known` says whether it is in the schema: what clients make up is not
    /// counted apart.
    pub fn method(&self, path: &str, known: impl FnOnce() -> bool) -> Arc<Method> {
        if let Some(method) = self.methods.read().unwrap_or_else(PoisonError::into_inner).get(path)
        {
            return method.clone();
        }
        if !known() {
            return self.other.clone();
        }
        let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
        if methods.len() >= MAX_COUNTED_METHODS {
            return self.other.clone();
        }
        methods.entry(path.into()).or_insert_with_key(|path| Method::new(path)).clone()
    }

    /// Something was read again, and taken or refused.
    pub fn reloaded(&self, what: Reload, taken: bool) {
        self.reloads[what as usize][usize::from(taken)].fetch_add(1, Relaxed);
    }

    /// By what was read again: how often it was refused, and taken.
    pub fn reloads(&self) -> impl Iterator<Item = (&'static str, [u64; 2])> {
        let counts =
            self.reloads.iter().map(|counts| counts.each_ref().map(|one| one.load(Relaxed)));
        Reload::ALL.into_iter().map(|(_, name)| name).zip(counts)
    }

    /// Every method that was called, by name.
    pub fn methods(&self) -> Vec<Arc<Method>> {
        let methods = self.methods.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Arc<Method>> = methods.values().cloned().collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all.push(self.other.clone());
        all
    }
}

/// Where the given part of the counted values ends, by a straight line within its bucket; none when there are none.
pub(super) fn quantile(buckets: &[u64], part: f64) -> Option<Duration> {
    let all: u64 = buckets.iter().sum();
    let mut before = 0;
    let wanted = (all as f64) * part;
    for (index, count) in buckets.iter().enumerate() {
        let after = before + count;
        if *count > 0 && after as f64 >= wanted {
            let low = if index == 0 { 0 } else { BOUNDS[index - 1] } as f64;
            let high = BOUNDS.get(index).copied().unwrap_or(BOUNDS[BOUNDS.len() - 1]) as f64;
            let within = ((wanted - before as f64) / *count as f64).clamp(0.0, 1.0);
            return Some(Duration::from_micros((low + (high - low) * within) as u64));
        }
        before = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_is_one() {
        let figures = Figures::default();
        for number in 0..100 {
            let made_up = figures.method(&format!("a.B/{number}"), || false);
            made_up.by(Face::Grpc).ended(5, Duration::ZERO);
        }
        figures.method("a.B/C", || true).by(Face::Rest).ended(99, Duration::from_secs(1_000));
        let methods = figures.methods();
        let paths: Vec<&str> = methods.iter().map(|method| &*method.path).collect();
        assert_eq!(paths, ["a.B/C", OTHER]);
        assert_eq!(methods[1].by(Face::Grpc).codes[5].load(Relaxed), 100);
        assert_eq!(methods[0].by(Face::Rest).codes[CODES - 1].load(Relaxed), 1);
        assert_eq!(methods[0].by(Face::Rest).latency[BOUNDS.len()].load(Relaxed), 1);
    }

    #[test]
    fn quantiles() {
        let mut buckets = [0; BOUNDS.len() + 1];
        assert_eq!(quantile(&buckets, 0.5), None);
        buckets[0] = 50;
        buckets[3] = 50;
        for (part, micros) in [(0.25, 50), (0.5, 100), (0.75, 750), (1.0, 1_000)] {
            assert_eq!(quantile(&buckets, part), Some(Duration::from_micros(micros)), "{part}");
        }
        let mut last = [0; BOUNDS.len() + 1];
        last[BOUNDS.len()] = 1;
        assert_eq!(quantile(&last, 0.99), Some(Duration::from_secs(300)));
    }
}
