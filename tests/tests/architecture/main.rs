//! What ARCHITECTURE.md promises: who uses whom, how long a file may be, where colours are written.

mod colours;
mod dependencies;
mod lengths;
mod sources;
