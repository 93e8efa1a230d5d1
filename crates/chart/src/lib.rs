//! Charts of reports and records as SVG text, drawn by plotters.
//!
//! Every chart is a pure function of data and [`Size`] to one `<svg>` element: it fills the width it is given
//! (`viewBox`, no fixed size), takes its colours and font from the screen's tokens (`var(--proto)`,
//! `var(--font-ui)`), and carries its meaning as `<title>`. Data that is empty, a single point, zero,
//! enormous or not a number draws something sensible, never a panic. Knows neither the DOM nor where data
//! comes from; compiles to wasm.
//!
//! Clock labels are UTC of what is given: a screen adds its zone's offset to `started_unix_ms` first.

mod bytes;
mod canvas;
mod cost;
pub mod format;
mod histogram;
mod history;
mod percentile;
mod scale;

pub use bytes::{BytesPoint, bytes_over_time};
pub use cost::cost_breakdown;
pub use histogram::{gap_distribution, latency_distribution};
pub use history::{latency_over_time, payload_by_method};
pub use percentile::latency_by_percentile;

/// The size a chart is laid out for, CSS pixels. Drawn at this width its text is 11 px; at another it scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Clamped to 120..=4096.
    pub width: u32,
    /// Clamped to 60..=4096.
    pub height: u32,
}

impl Size {
    /// A size in CSS pixels.
    pub fn new(width: u32, height: u32) -> Size {
        Size { width, height }
    }
}
