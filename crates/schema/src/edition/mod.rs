//! Editions of the Protobuf language (<https://protobuf.dev/editions/overview/>), which neither protox nor
//! prost-reflect knows: `rewrite` turns text into what protox parses, `raw` and `options` read descriptors without
//! losing any of their options, `interpret` and `features` say what an edition and the settings in a file come to,
//! `check` what is wrong with them, `lower` rewrites a file as the proto2 file that means the same, `written` keeps
//! and `read` tells what it said at first. Knows neither folders nor sources.

mod check;
mod features;
mod interpret;
mod lower;
mod options;
mod raw;
mod read;
mod rewrite;
mod written;

pub(crate) use features::{FeatureSet, FieldPresence};
pub(crate) use lower::{features_without_edition, lower_parsed, lower_set};
pub use read::is_closed;
pub(crate) use read::{edition, presence, written};
pub(crate) use rewrite::{Said, rewrite};

use prost::DecodeError;
use std::fmt;

/// `google.protobuf.Edition`, as far as Wirelab knows what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edition {
    /// `edition = "2023";`
    E2023,
    /// `edition = "2024";`
    E2024,
}

impl Edition {
    const ALL: [Edition; 2] = [Edition::E2023, Edition::E2024];

    /// The number in `FileDescriptorProto.edition`.
    const fn number(self) -> i32 {
        match self {
            Edition::E2023 => 1000,
            Edition::E2024 => 1001,
        }
    }

    /// What stands between the quotes of `edition = "…";`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Edition::E2023 => "2023",
            Edition::E2024 => "2024",
        }
    }

    /// The edition of `edition = "…";`.
    pub(crate) fn from_name(name: &str) -> Result<Edition, Unknown> {
        let found = Edition::ALL.into_iter().find(|edition| edition.name() == name);
        found.ok_or_else(|| Unknown(name.to_owned()))
    }

    fn from_number(number: i32) -> Result<Edition, Unknown> {
        let found = Edition::ALL.into_iter().find(|edition| edition.number() == number);
        found.ok_or_else(|| {
            Unknown(match number {
                0 => "UNKNOWN".to_owned(),
                1002 => "2026".to_owned(),
                9999 => "UNSTABLE".to_owned(),
                number => format!("number {number}"),
            })
        })
    }
}

/// An edition that is not known, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown(pub(crate) String);

impl Unknown {
    /// What to do about it.
    pub(crate) const HELP: &str =
        "Load a version of the file in edition 2023 or 2024, or in proto3 syntax";
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "edition {} is not known, only proto2, proto3 and editions 2023 and 2024 are",
            self.0
        )
    }
}

/// How many faults of one file are kept.
const MAX_FAULTS: usize = 10;

/// Something that an edition does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where, as `google.protobuf.SourceCodeInfo.Location.path`.
    pub(crate) path: Vec<i32>,
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: String,
}

/// Why a file could not be lowered.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Its edition is not known.
    Edition(Unknown),
    /// It is no descriptor.
    Damaged(DecodeError),
    /// It says what its edition does not allow.
    Faults(Vec<Fault>),
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Failure {
        Failure::Damaged(error)
    }
}

impl From<Unknown> for Failure {
    fn from(unknown: Unknown) -> Failure {
        Failure::Edition(unknown)
    }
}

/// Knows the types that a file may use.
pub(crate) trait Names {
    /// The full name that `name` means in the scope `scope`, and whether it is an enum; none when nothing defines it.
    fn resolve(&self, scope: &str, name: &str) -> Option<(String, bool)>;

    /// Whether the enum `full` of another file is closed.
    fn is_closed(&self, full: &str) -> bool;
}
