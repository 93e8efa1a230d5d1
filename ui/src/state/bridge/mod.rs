//! The Bridge view: what it shows, decided without a screen.
//!
//! - `figures`: what passes through, as it was of late
//! - `bindings`: bindings as rows
//! - `settings`: the settings as typed

mod bindings;
mod figures;
mod settings;

pub use bindings::{Row, answer, first_of, note, parts, rows, service};
pub use figures::{
    FACE_COLUMNS, FaceLine, POINTS, Series, Tile, age, face_name, faces, points, tiles,
};
pub use settings::{Draft, Remembered, exposed};

use wirelab_model::BridgePhase;

/// How the bridge is, in a word or two; the class that colours it.
pub fn word(phase: &BridgePhase) -> (&'static str, &'static str) {
    match phase {
        BridgePhase::Stopped => ("stopped", "off"),
        BridgePhase::Starting => ("starting", "starting"),
        BridgePhase::Running { .. } => ("running", "on"),
        BridgePhase::Failed(_) => ("failed", "bad"),
    }
}

/// What the status bar says; nothing while it is stopped.
pub fn status(phase: &BridgePhase) -> Option<String> {
    match phase {
        BridgePhase::Stopped => None,
        BridgePhase::Starting => Some("Bridge is starting".to_owned()),
        BridgePhase::Running { address } => Some(format!("Bridge on {address}")),
        BridgePhase::Failed(_) => Some("Bridge failed".to_owned()),
    }
}

#[cfg(test)]
mod tests;
