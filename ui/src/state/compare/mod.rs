//! Comparisons: what is about to be run, the list of past runs, and what a report says in words. Knows no screen and
//! measures nothing: every number comes from the report.
//!
//! - `draft`: a comparison as it is typed
//! - `runs`: past runs by day
//! - `report`: cards, table and summary of a report

mod draft;
mod report;
mod runs;

pub use draft::{Draft, Field, MAX_CALLS, MAX_DEADLINE_MS, MAX_IN_FLIGHT, MAX_MESSAGES, PATHS};
pub use report::{COLUMNS, Card, Cell, Line, cards, export, file_name, summary, table, title};
pub use runs::{Day, clock, days};

/// The method's name without package and service.
pub fn short_name(method: &str) -> &str {
    method.rsplit('/').next().unwrap_or(method)
}

#[cfg(test)]
mod tests;
