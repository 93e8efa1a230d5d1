//! Editions of the Protobuf language (<https://protobuf.dev/editions/overview/>), which neither protox nor
//! prost-reflect knows: `features` says what an edition and the settings in a file come to, `raw` reads descriptors
//! without losing any of their options, `lower` rewrites a file as the proto2 file that means the same, and `read`
//! tells what a lowered file said at first. Knows neither files nor pools.

mod features;
mod lower;
mod options;
mod raw;
mod read;

pub(crate) use features::FieldPresence;
pub(crate) use lower::{Failure, lower};
pub(crate) use read::{edition, presence, written};

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
