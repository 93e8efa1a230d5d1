//! What the command line asks for.

use crate::contenders::{Direction, PEERS};
use crate::corpus::SHAPES;
use std::path::PathBuf;
use std::time::Duration;

pub enum Task {
    /// `cargo test` runs benches so.
    Check,
    Compare,
    WriteCorpus(PathBuf),
    Alone(Direction, String),
}

pub struct Arguments {
    pub task: Task,
    fast: bool,
    /// Names of directions, shapes and peers.
    chosen: Vec<String>,
}

impl Arguments {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut parsed = Arguments { task: Task::Check, fast: false, chosen: Vec::new() };
        while let Some(argument) = arguments.next() {
            let mut next = |what: &str| {
                arguments.next().ok_or_else(|| format!("{argument} is followed by {what}"))
            };
            match argument.as_str() {
                "--bench" if matches!(parsed.task, Task::Check) => parsed.task = Task::Compare,
                "--bench" => {}
                "--fast" => parsed.fast = true,
                "--write-corpus" => parsed.task = Task::WriteCorpus(next("a directory")?.into()),
                "--alone" => {
                    let name = next("a direction and a shape")?;
                    let direction = Direction::ALL.into_iter().find(|one| one.name() == name);
                    let direction =
                        direction.ok_or_else(|| format!("{name:?} is not a direction"))?;
                    parsed.task = Task::Alone(direction, next("a direction and a shape")?);
                }
                name if names().any(|known| known == name) => parsed.chosen.push(argument),
                other => {
                    let known: Vec<&str> = names().collect();
                    return Err(format!("{other:?} is none of {}", known.join(", ")));
                }
            }
        }
        Ok(parsed)
    }

    pub fn budget(&self, full: Duration) -> Duration {
        if self.fast { full / 10 } else { full }
    }

    pub fn wants(&self, direction: Direction, shape: &str) -> bool {
        let directions = Direction::ALL.map(Direction::name);
        self.allows(&directions, direction.name())
            && self.allows(&SHAPES, shape)
            && (self.chosen.is_empty() || self.chosen.iter().any(|name| name != "plans"))
    }

    pub fn wants_peer(&self, peer: &str) -> bool {
        self.allows(&PEERS, peer)
    }

    pub fn wants_plans(&self) -> bool {
        self.chosen.is_empty() || self.chosen.iter().any(|name| name == "plans")
    }

    /// Whether `name` is chosen, or none of its kind is.
    fn allows(&self, kind: &[&str], name: &str) -> bool {
        let mut of_kind = self.chosen.iter().filter(|one| kind.contains(&one.as_str())).peekable();
        of_kind.peek().is_none() || of_kind.any(|one| one == name)
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    Direction::ALL.map(Direction::name).into_iter().chain(SHAPES).chain(PEERS).chain(["plans"])
}
