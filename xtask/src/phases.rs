//! Phases of a run: each is announced, timed and may fail without stopping those that do not need it.

use anyhow::Result;
use std::time::{Duration, Instant};

/// The phases so far.
#[derive(Default)]
pub struct Phases(Vec<Phase>);

struct Phase {
    name: &'static str,
    took: Duration,
    failure: Option<String>,
}

impl Phases {
    /// Runs a phase; what it gives, or none when it failed.
    pub fn run<T>(&mut self, name: &'static str, phase: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n== {name}");
        let begin = Instant::now();
        let result = phase();
        let failure = result.as_ref().err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            eprintln!("error: {failure}");
        }
        self.0.push(Phase { name, took: begin.elapsed(), failure });
        result.ok()
    }

    /// Whether every phase succeeded.
    pub fn succeeded(&self) -> bool {
        self.0.iter().all(|phase| phase.failure.is_none())
    }

    /// Where the time went, a line a phase.
    pub fn table(&self) -> String {
        let width = self.0.iter().map(|phase| phase.name.len()).max().unwrap_or(0).max(5);
        let mut table = String::new();
        for phase in &self.0 {
            let state = if phase.failure.is_none() { "ok" } else { "FAILED" };
            let seconds = phase.took.as_secs_f64();
            table += &format!("{:width$}  {seconds:>8.1} s  {state}\n", phase.name);
        }
        let total: Duration = self.0.iter().map(|phase| phase.took).sum();
        table + &format!("{:width$}  {:>8.1} s\n", "total", total.as_secs_f64())
    }
}

/// Sums of the summary lines that `cargo test` prints, one a test program.
#[derive(Debug, Default, PartialEq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were left out.
    pub ignored: u64,
    /// Test programs.
    pub programs: u64,
}

impl Tally {
    /// Takes a line of output: `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …`.
    pub fn line(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        self.programs += 1;
        let words: Vec<&str> = summary.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1].trim_end_matches(';') {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.failed == 0 { "ok" } else { "FAILED" };
        let Tally { passed, failed, ignored, programs } = self;
        write!(
            f,
            "test result: {word}. {passed} passed; {failed} failed; {ignored} ignored; {programs} test programs"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_phase_is_remembered() {
        let mut phases = Phases::default();
        assert_eq!(phases.run("one", || Ok(1)), Some(1));
        assert!(phases.succeeded());
        assert_eq!(phases.run::<()>("a longer one", || anyhow::bail!("no")), None);
        assert!(!phases.succeeded());
        let table = phases.table();
        assert!(table.lines().next().is_some_and(|line| line.starts_with("one           ")));
        assert!(table.contains("FAILED"), "{table}");
    }

    #[test]
    fn summary_lines_are_summed() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a ... FAILED",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.30s",
        ] {
            tally.line(line);
        }
        assert_eq!(tally, Tally { passed: 6, failed: 1, ignored: 1, programs: 2 });
        assert_eq!(
            tally.to_string(),
            "test result: FAILED. 6 passed; 1 failed; 1 ignored; 2 test programs"
        );
    }
}
