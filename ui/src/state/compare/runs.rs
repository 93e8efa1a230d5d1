//! Past runs by day.

use crate::state::when::{self, Now};
use wirelab_model::BenchRow;

const DAY_MS: i64 = 86_400_000;

/// Runs of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// `Today`, `Yesterday`, `3 Nov 2026`.
    pub name: String,
    /// Newest first.
    pub runs: Vec<BenchRow>,
}

/// The runs whose method has every word typed, by day, newest first.
pub fn days(runs: &[BenchRow], search: &str, now: Now) -> Vec<Day> {
    let words: Vec<String> = search.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let day = |ms: i64| ms.saturating_add(i64::from(now.offset_min) * 60_000).div_euclid(DAY_MS);
    let today = day(now.unix_ms);
    let mut sorted: Vec<&BenchRow> = runs
        .iter()
        .filter(|run| {
            let method = run.method.to_lowercase();
            words.iter().all(|word| method.contains(word))
        })
        .collect();
    sorted.sort_by_key(|run| std::cmp::Reverse((run.started_unix_ms, run.id)));
    let mut days: Vec<Day> = Vec::new();
    for run in sorted {
        let name = match today - day(run.started_unix_ms) {
            0 => "Today".to_owned(),
            1 => "Yesterday".to_owned(),
            _ => {
                let long = when::long(run.started_unix_ms, now);
                long.split(',').next().unwrap_or_default().to_owned()
            }
        };
        match days.last_mut().filter(|day| day.name == name) {
            Some(day) => day.runs.push(run.clone()),
            None => days.push(Day { name, runs: vec![run.clone()] }),
        }
    }
    days
}

/// `09:31`.
pub fn clock(unix_ms: i64, now: Now) -> String {
    let long = when::long(unix_ms, now);
    long.split(", ").nth(1).and_then(|time| time.get(..5)).unwrap_or_default().to_owned()
}
