//! A comparison about to be run, as it is typed: its bounds and what is wrong with it.

use wirelab_chart::format;
use wirelab_model::{BenchPath, BenchSpec, CallSpec, Problem, ProblemKind};

/// The most calls of a comparison.
pub const MAX_CALLS: u32 = 1_000_000;
/// The most calls in flight at once.
pub const MAX_IN_FLIGHT: u32 = 1_024;
/// The most messages that one call sends.
pub const MAX_MESSAGES: u32 = 10_000;
/// The longest deadline of a call, milliseconds: a day.
pub const MAX_DEADLINE_MS: u32 = 86_400_000;

/// A number that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// How many calls.
    Calls,
    /// How many at once.
    InFlight,
    /// How many before counting.
    WarmUp,
    /// How many messages each call sends, where the client streams.
    Messages,
    /// Milliseconds after which a call is given up; nothing typed means never.
    Deadline,
}

impl Field {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Field::Calls => "Calls",
            Field::InFlight => "In flight",
            Field::WarmUp => "Warm-up calls",
            Field::Messages => "Messages per call",
            Field::Deadline => "Deadline, ms",
        }
    }

    fn bounds(self) -> (u32, u32) {
        match self {
            Field::Calls => (1, MAX_CALLS),
            Field::InFlight => (1, MAX_IN_FLIGHT),
            Field::WarmUp => (0, MAX_CALLS),
            Field::Messages => (1, MAX_MESSAGES),
            Field::Deadline => (1, MAX_DEADLINE_MS),
        }
    }

    /// Whether nothing needs to be typed.
    pub fn is_optional(self) -> bool {
        self == Field::Deadline
    }

    /// What is wrong with what is typed.
    pub fn wrong(self, typed: &str) -> Option<String> {
        if self.is_optional() && typed.trim().is_empty() {
            return None;
        }
        self.read(typed).err()
    }

    /// Reads what is typed; thousands may be set apart.
    ///
    /// # Errors
    /// A sentence about what can be typed.
    pub fn read(self, typed: &str) -> Result<u32, String> {
        let (least, most) = self.bounds();
        let digits: String = typed.chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
        digits.parse().ok().filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            format!("A whole number from {least} to {}", format::count(u64::from(most)))
        })
    }
}

/// A comparison about to be run, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The call.
    pub call: CallSpec,
    /// JSON text of the message.
    pub message: String,
    /// [`Field::Messages`].
    pub messages: String,
    /// [`Field::Calls`].
    pub calls: String,
    /// [`Field::InFlight`].
    pub in_flight: String,
    /// [`Field::WarmUp`].
    pub warm_up: String,
    /// [`Field::Deadline`].
    pub deadline: String,
    /// The paths to call, in the order of [`PATHS`].
    pub paths: Vec<BenchPath>,
}

/// The paths that can be called, each with a word for it.
pub const PATHS: [(BenchPath, &str); 4] = [
    (BenchPath::GrpcProtobuf, "gRPC"),
    (BenchPath::GrpcWebProtobuf, "gRPC-Web"),
    (BenchPath::RestJson, "REST"),
    (BenchPath::WebSocketJson, "WebSocket"),
];

/// Protobuf over gRPC, JSON over REST and WebSocket.
const USUAL_PATHS: [BenchPath; 3] =
    [BenchPath::GrpcProtobuf, BenchPath::RestJson, BenchPath::WebSocketJson];

impl Draft {
    /// A usual run of this call with this message.
    pub fn new(call: CallSpec, message: String) -> Draft {
        Draft {
            deadline: deadline(&call),
            call,
            message,
            messages: "1".into(),
            calls: "2,000".into(),
            in_flight: "8".into(),
            warm_up: "100".into(),
            paths: USUAL_PATHS.to_vec(),
        }
    }

    /// The same as an earlier run.
    pub fn of(spec: &BenchSpec) -> Draft {
        let count = |n: u32| format::count(u64::from(n));
        Draft {
            deadline: deadline(&spec.call),
            call: spec.call.clone(),
            message: spec.messages.first().cloned().unwrap_or_default(),
            messages: format::count(spec.messages.len() as u64),
            calls: count(spec.calls),
            in_flight: count(spec.in_flight),
            warm_up: count(spec.warm_up),
            // Older runs called gRPC alone.
            paths: match spec.paths.is_empty() {
                true => vec![BenchPath::GrpcProtobuf],
                false => spec.paths.clone(),
            },
        }
    }

    /// Calls a path, or calls it no longer.
    pub fn call_by(&mut self, path: BenchPath, on: bool) {
        let wanted = |one: &BenchPath| if *one == path { on } else { self.paths.contains(one) };
        self.paths = PATHS.into_iter().map(|(path, _)| path).filter(wanted).collect();
    }

    /// What is typed into a field.
    pub fn typed(&self, field: Field) -> &str {
        match field {
            Field::Calls => &self.calls,
            Field::InFlight => &self.in_flight,
            Field::WarmUp => &self.warm_up,
            Field::Messages => &self.messages,
            Field::Deadline => &self.deadline,
        }
    }

    /// Takes what is typed into a field.
    pub fn set(&mut self, field: Field, typed: String) {
        *match field {
            Field::Calls => &mut self.calls,
            Field::InFlight => &mut self.in_flight,
            Field::WarmUp => &mut self.warm_up,
            Field::Messages => &mut self.messages,
            Field::Deadline => &mut self.deadline,
        } = typed;
    }

    /// What to run.
    ///
    /// # Errors
    /// The first thing that is missing or out of bounds.
    pub fn spec(&self) -> Result<BenchSpec, Problem> {
        let wrong = |what: &str, message: String| {
            Problem::new(ProblemKind::Mismatch, message).at(what.to_owned())
        };
        let number = |field: Field| {
            field.read(self.typed(field)).map_err(|message| wrong(field.name(), message))
        };
        if self.call.method.trim().is_empty() {
            return Err(wrong("Method", "Choose the method to call".into()));
        }
        if self.call.endpoint.address.trim().is_empty() {
            return Err(wrong("Server", "There is no server to call".into())
                .help("Type its address, for example localhost:50051"));
        }
        if self.paths.is_empty() {
            return Err(wrong("Paths", "Choose at least one way to call".into()));
        }
        let copies = match self.call.kind.client_streams() {
            true => number(Field::Messages)?,
            false => 1,
        };
        let message = match self.message.trim() {
            "" => "{}".to_owned(),
            _ => self.message.clone(),
        };
        let deadline_ms = match self.deadline.trim() {
            "" => None,
            _ => Some(u64::from(number(Field::Deadline)?)),
        };
        Ok(BenchSpec {
            call: CallSpec { deadline_ms, ..self.call.clone() },
            messages: vec![message; copies as usize],
            calls: number(Field::Calls)?,
            in_flight: number(Field::InFlight)?,
            warm_up: number(Field::WarmUp)?,
            paths: self.paths.clone(),
        })
    }
}

fn deadline(call: &CallSpec) -> String {
    call.deadline_ms.map(format::count).unwrap_or_default()
}
