//! The attempts of a call that was tried again, as a timeline.
//!
//! Owns places, lengths and wording. Every time is measured by the engine.

use super::response::tone;
use wirelab_chart::format;
use wirelab_model::{CallRecord, CallState, Status};

/// One attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// From 1.
    pub number: u32,
    /// The instance it went to; empty where none could be picked.
    pub instance: String,
    /// `UNAVAILABLE`, or `open`.
    pub status: String,
    /// The class that colours it.
    pub class: &'static str,
    /// When it began, percent of the call.
    pub left: f64,
    /// How long it took, percent of the call.
    pub width: f64,
    /// How long the next was then held back, percent of the call.
    pub backoff: f64,
    /// `12.1 ms`: how long it took.
    pub took: String,
    /// `then waited 82 ms`; empty for the last.
    pub waited: String,
    /// What went wrong in it, for a title.
    pub title: String,
}

/// The shortest part that is still seen, percent.
const MIN_WIDTH: f64 = 1.0;

/// Every attempt with the one that the record is about last; empty for a call that was made once.
pub fn lines(record: &CallRecord) -> Vec<Line> {
    if record.attempts.is_empty() {
        return Vec::new();
    }
    let ended = |a: &wirelab_model::Attempt| a.ended_at_ns.saturating_add(a.backoff_ns);
    let whole = record.attempts.iter().map(ended).fold(record.timings.total_ns, u64::max).max(1);
    let percent = |ns: u64| ns as f64 / whole as f64 * 100.0;
    let mut began = 0_u64;
    let mut lines: Vec<Line> = Vec::with_capacity(record.attempts.len() + 1);
    for attempt in &record.attempts {
        let took = attempt.ended_at_ns.saturating_sub(began);
        let width = percent(took).max(MIN_WIDTH);
        lines.push(Line {
            number: attempt.number,
            instance: attempt.instance.clone().unwrap_or_default(),
            status: attempt.status.name(),
            class: tone(Some(attempt.status.code)).class(),
            left: percent(began).min(100.0 - width),
            width,
            backoff: percent(attempt.backoff_ns),
            took: format::ns(took),
            waited: match attempt.backoff_ns {
                0 => String::new(),
                ns => format!("then waited {}", format::ns(ns)),
            },
            title: said(&attempt.status),
        });
        began = ended(attempt);
    }
    let took = record.timings.total_ns.saturating_sub(began);
    let width = percent(took).max(MIN_WIDTH);
    let (status, class) = match (record.state, &record.status) {
        (CallState::Running, _) => ("open".to_owned(), "open"),
        (_, Some(status)) => (status.name(), tone(Some(status.code)).class()),
        (_, None) => ("interrupted".to_owned(), "dim"),
    };
    lines.push(Line {
        number: record.attempts.last().map_or(1, |last| last.number.saturating_add(1)),
        instance: record.peer.clone().unwrap_or_default(),
        status,
        class,
        left: percent(began).min(100.0 - width),
        width,
        backoff: 0.0,
        took: format::ns(took),
        waited: String::new(),
        title: record.status.as_ref().map(said).unwrap_or_default(),
    });
    lines
}

fn said(status: &Status) -> String {
    match &status.problem {
        Some(problem) => problem.to_string(),
        None => status.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{Attempt, StatusCode, Timings};

    fn attempt(number: u32, ended: u64, backoff_ns: u64) -> Attempt {
        Attempt {
            number,
            instance: Some(format!("10.0.0.{number}:1")),
            ended_at_ns: ended,
            status: Status::new(StatusCode::Unavailable, "down"),
            backoff_ns,
        }
    }

    #[test]
    fn attempts_follow_each_other_with_their_waits() {
        let record = CallRecord {
            state: CallState::Finished,
            attempts: vec![attempt(1, 10_000_000, 20_000_000), attempt(2, 50_000_000, 0)],
            peer: Some("10.0.0.3:1".into()),
            status: Some(Status::default()),
            timings: Timings { total_ns: 100_000_000, ..Timings::default() },
            ..CallRecord::default()
        };
        let of = lines(&record);
        let drawn: Vec<_> =
            of.iter().map(|l| (l.number, l.left, l.width, l.backoff, l.class)).collect();
        assert_eq!(
            drawn,
            [
                (1, 0.0, 10.0, 20.0, "bad"),
                (2, 30.0, 20.0, 0.0, "bad"),
                (3, 50.0, 50.0, 0.0, "good")
            ]
        );
        assert_eq!([&of[0].took, &of[0].waited], ["10 ms", "then waited 20 ms"]);
        assert_eq!([&of[2].instance, &of[2].status], ["10.0.0.3:1", "OK"]);
        assert_eq!(of[0].title, "down");
    }

    #[test]
    fn one_attempt_needs_no_timeline_and_odd_times_stay_in_it() {
        assert_eq!(lines(&CallRecord::default()), []);
        let odd = CallRecord {
            attempts: vec![attempt(1, u64::MAX, u64::MAX), attempt(2, 3, 1)],
            ..CallRecord::default()
        };
        for line in lines(&odd) {
            assert!(line.left >= 0.0 && line.left + line.width <= 100.1, "{line:?}");
        }
        assert_eq!(lines(&odd)[2].status, "open");
    }
}
