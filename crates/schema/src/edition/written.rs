//! What a definition said before it was lowered, kept in its options.

use super::{features::FeatureSet, raw::visibility};
use prost::Message;

/// Where options hold a [`Written`]: the last field number there is, which nobody who registers extensions of
/// options has been given. Nothing outside of this crate sees it.
pub(super) const WRITTEN: u32 = 536_870_911;

/// What a definition said before it was lowered.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Written {
    /// Of a file: its edition.
    #[prost(int32, optional, tag = "1")]
    pub(super) edition: Option<i32>,
    /// The definition's own settings.
    #[prost(message, optional, tag = "2")]
    pub(crate) features: Option<FeatureSet>,
    /// Of a message or enum: `google.protobuf.SymbolVisibility`.
    #[prost(int32, optional, tag = "3")]
    pub(super) visibility: Option<i32>,
}

impl Written {
    /// The keyword in front of a message or enum, with a blank behind it.
    pub(crate) fn keyword(&self) -> &'static str {
        match self.visibility {
            Some(visibility::LOCAL) => "local ",
            Some(visibility::EXPORT) => "export ",
            _ => "",
        }
    }
}
