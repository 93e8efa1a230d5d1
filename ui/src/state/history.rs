//! The list of recorded calls: what is typed to filter it, the pages fetched so far.
//!
//! Owns how typed words become a filter, which page to ask for, and what happens to shown rows when calls are added
//! or the filter changes: they stay until newer ones are there, so the list never flickers. Answers to questions
//! that no longer matter are dropped. Knows no screen.

use crate::state::when::{self, Now};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};
use wirelab_model::{
    CallId, HistoryFilter, HistoryPage, HistoryQuery, HistoryRow, Problem, StatusCode,
};

/// Rows are fetched in pages of this many.
pub const PAGE: u64 = 200;

/// How many pages are kept; those farthest from the view go first.
const MAX_PAGES: usize = 50;

/// Typed words read as a filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What to look for.
    pub filter: HistoryFilter,
    /// Words that could not be read, each in a sentence without a full stop. They do not narrow the list.
    pub remarks: Vec<String>,
}

/// Reads typed words: `status:NOT_FOUND`, `method:GetStock`, `since:1h`, `until:2026-11-21`, `failed` and `ok`; every
/// other word is looked for in methods, addresses, statuses and messages. `methods` are the known paths.
pub fn read(text: &str, now: Now, methods: &[String]) -> Reading {
    let mut reading = Reading::default();
    let mut words: Vec<String> = Vec::new();
    let filter = &mut reading.filter;
    for word in text.split_whitespace() {
        match word.split_once(':') {
            // Half-typed: does not narrow the list yet.
            Some(("status" | "method" | "since" | "until", "")) => {}
            Some(("status", value)) => match status(value) {
                Ok(code) => filter.status = code.or(filter.status),
                Err(remark) => reading.remarks.push(remark),
            },
            Some(("method", value)) => match method(value, methods) {
                Some(path) => filter.method = Some(path),
                None => words.push(value.to_owned()),
            },
            Some((key @ ("since" | "until"), value)) => match when::parse(value, now) {
                Some(at) if key == "since" => filter.since_unix_ms = Some(at),
                Some(at) => filter.until_unix_ms = Some(at),
                None => reading.remarks.push(format!(
                    "“{value}” is no time; write {key}:30m, {key}:2d or {key}:2026-11-21"
                )),
            },
            _ if word.eq_ignore_ascii_case("failed") => filter.failed = Some(true),
            _ if word.eq_ignore_ascii_case("ok") => filter.failed = Some(false),
            _ => words.push(word.to_owned()),
        }
    }
    filter.text = words.join(" ");
    reading
}

/// A status by number, name or the beginning of exactly one name; none while it is still ambiguous.
fn status(typed: &str) -> Result<Option<u32>, String> {
    if let Ok(number) = typed.parse() {
        return Ok(Some(number));
    }
    let wanted = typed.to_ascii_uppercase().replace('-', "_");
    let begins: Vec<_> =
        StatusCode::ALL.iter().filter(|code| code.name().starts_with(&wanted)).collect();
    let exact = begins.iter().find(|code| code.name() == wanted);
    match (exact, begins.as_slice()) {
        (Some(code), _) | (None, [code]) => Ok(Some(**code as u32)),
        (None, []) => Err(format!(
            "No status is called “{typed}”; write its name or number, as status:NOT_FOUND"
        )),
        (None, _) => Ok(None),
    }
}

/// A known method by its path, or by its name where only one has it.
fn method(typed: &str, methods: &[String]) -> Option<String> {
    if typed.contains('/') {
        return Some(typed.to_owned());
    }
    let named =
        |path: &&String| path.rsplit('/').next().is_some_and(|n| n.eq_ignore_ascii_case(typed));
    let mut found = methods.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(path), None) => Some(path.clone()),
        _ => None,
    }
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryList {
    text: String,
    reading: Reading,
    /// Counts the times at which all that is shown became stale.
    generation: u64,
    /// The generation that began with the last change of the filter.
    filtered: u64,
    /// Which filter's calls are shown, as `filtered`; none before the first answer.
    shown: Option<u64>,
    total: u64,
    pages: BTreeMap<u64, Vec<HistoryRow>>,
    /// Pages that hold what the studio last told; others are shown, but asked for again when in view.
    fresh: BTreeSet<u64>,
    asked: Option<(u64, HistoryQuery)>,
    problem: Option<Problem>,
}

impl HistoryList {
    /// What is typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes what is typed.
    pub fn set_text(&mut self, text: &str, now: Now, methods: &[String]) {
        self.text = text.to_owned();
        let reading = read(text, now, methods);
        if reading.filter != self.reading.filter {
            self.ask_anew();
            self.filtered = self.generation;
        }
        self.reading = reading;
    }

    /// What is looked for.
    pub fn filter(&self) -> &HistoryFilter {
        &self.reading.filter
    }

    /// What could not be read of what is typed.
    pub fn remarks(&self) -> &[String] {
        &self.reading.remarks
    }

    /// Calls were added or forgotten, or the studio was away: what is shown may be stale.
    pub fn changed(&mut self) {
        self.ask_anew();
    }

    /// How many calls match.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether it is known that no call matches.
    pub fn is_empty(&self) -> bool {
        self.shown.is_some() && self.total == 0
    }

    /// Whether nothing was answered or failed yet.
    pub fn is_loading(&self) -> bool {
        self.shown.is_none() && self.problem.is_none()
    }

    /// Why the list could not be fetched.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// The call at a place of the list, where fetched.
    pub fn row(&self, position: u64) -> Option<&HistoryRow> {
        self.pages.get(&(position / PAGE))?.get((position % PAGE) as usize)
    }

    /// The place of a call, where fetched.
    pub fn position_of(&self, id: CallId) -> Option<u64> {
        self.pages.iter().find_map(|(page, rows)| {
            rows.iter().position(|row| row.id == id).map(|at| page * PAGE + at as u64)
        })
    }

    /// What to ask for so that these places can be drawn, with the generation to answer with; none when they can,
    /// while an answer is awaited, or after a failure until [`retry`](Self::retry).
    pub fn wanted(&mut self, positions: Range<u64>) -> Option<(u64, HistoryQuery)> {
        if self.asked.is_some() || self.problem.is_some() {
            return None;
        }
        let last = match self.shown == Some(self.filtered) {
            true => self.total.saturating_sub(1),
            // Nothing is known of this filter's calls but that the newest come first.
            false => 0,
        };
        let (from, to) = (positions.start.min(last) / PAGE, positions.end.max(1).min(last + 1));
        let page = (from..to.div_ceil(PAGE)).find(|page| !self.fresh.contains(page))?;
        let query = HistoryQuery {
            filter: self.reading.filter.clone(),
            offset: page * PAGE,
            limit: PAGE as u32,
        };
        self.asked = Some((self.generation, query));
        self.asked.clone()
    }

    /// Takes an answer; one to an older filter is dropped.
    pub fn answered(&mut self, generation: u64, page: HistoryPage) {
        self.asked = self.asked.take().filter(|(asked, _)| *asked != generation);
        if generation < self.filtered {
            return;
        }
        if self.shown != Some(self.filtered) {
            self.pages.clear();
            self.fresh.clear();
            self.shown = Some(self.filtered);
        }
        if page.total != self.total {
            // Rows have moved: every other page is stale.
            self.fresh.clear();
            self.total = page.total;
            self.pages.retain(|number, _| number * PAGE < page.total);
        }
        let number = page.offset / PAGE;
        if generation == self.generation {
            self.fresh.insert(number);
        } else if self.fresh.contains(&number) {
            return;
        }
        self.pages.insert(number, page.rows);
        self.forget_far(number);
    }

    /// Takes a failure.
    pub fn failed(&mut self, generation: u64, problem: Problem) {
        if generation == self.generation {
            self.asked = None;
            self.problem = Some(problem);
        }
    }

    /// Lets a list that failed be asked for again.
    pub fn retry(&mut self) {
        self.ask_anew();
    }

    fn ask_anew(&mut self) {
        self.problem = None;
        self.fresh.clear();
        self.generation += 1;
        // An answer on its way may be older than the change: it is shown, but never counts as fresh.
        self.asked = None;
    }

    fn forget_far(&mut self, near: u64) {
        while self.pages.len() > MAX_PAGES {
            let farthest = self.pages.keys().copied().max_by_key(|page| page.abs_diff(near));
            let Some(page) = farthest else { return };
            self.pages.remove(&page);
            self.fresh.remove(&page);
        }
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
