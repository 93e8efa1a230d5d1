//! Holds nothing: see this package's manifest.
