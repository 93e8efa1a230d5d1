//! The shop: stock in memory, reservations, orders that move.

mod inventory;
mod order;
mod stock;
mod track;

pub use inventory::Inventory;
pub use order::Orders;

use prost_types::Timestamp;
use std::time::{Duration, SystemTime};

fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A duration of a request: none when unset, an explanation when negative or out of range.
fn duration(given: Option<prost_types::Duration>) -> Result<Option<Duration>, &'static str> {
    given.map(|given| Duration::try_from(given).map_err(|_| "must not be negative")).transpose()
}
