//! Schemas, messages and texts at random: bytes that proptest makes and shrinks are read as choices, so that fewer
//! bytes make a smaller schema and a smaller message.

#![allow(dead_code, reason = "not every test needs all of it")]

use proptest::test_runner::Config;

mod choices;
mod schema;
mod text;
mod wire;

pub use choices::Choices;
pub use schema::{Schema, Syntax};
pub use text::vary;
pub use wire::{Known, wire};

/// How often a property is tried: as `PROPTEST_CASES` says, else `usual`.
pub fn cases(usual: u32) -> Config {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: told.unwrap_or(usual), failure_persistence: None, ..Config::default() }
}
