//! The generated form: where a field's value is in the message ([`Path`]), how fields are named and begun
//! ([`shape`]), and what is wrong with what was typed ([`validate`]).
//!
//! A form has no state of its own beside the message's JSON: what is typed into a field is in the JSON at once, as a
//! string when it is not what the type wants, so that nothing is lost and both editors show the same.

mod path;
mod scalar;
pub mod shape;
mod validate;
pub mod wellknown;

pub use path::{Path, Seg};
pub use scalar::value_of;
pub use validate::{Issue, validate};
