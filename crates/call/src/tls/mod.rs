//! TLS of connections: whom to trust, how a handshake goes, whom it met, and why it failed.
//!
//! rustls with ring does the cryptography. Each connection makes a full handshake with a verifier of its own, so that
//! what is told of the peer is always what this peer showed, also when it was not believed.

mod certificate;
mod explain;
mod files;
mod handshake;
mod trust;
mod verify;

pub use certificate::info as certificate_info;
pub(crate) use files::signing_key;
pub(crate) use handshake::{Met, secure};
pub(crate) use trust::{Tls, Trust};
