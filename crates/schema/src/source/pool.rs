//! A pool that survives whatever is added to it. prost-reflect checks what it is given, but not all of it: some
//! descriptors that no compiler would write make it panic, and servers can send what they like.

use crate::edition::Fault;
use prost_reflect::{DescriptorError, DescriptorPool};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many panics one source may cause: after each the pool is built anew.
const MAX_PANICS: usize = 8;

/// Grows by one file at a time.
#[derive(Default)]
pub(super) struct Pool {
    inner: DescriptorPool,
    panics: usize,
}

/// Why a file was not added.
pub(super) enum Failure {
    /// It is not valid.
    Invalid(DescriptorError),
    /// It says what its edition does not allow.
    Faults(Vec<Fault>),
    /// It is so far from valid that checking it failed.
    Panic,
}

impl Pool {
    /// Adds one file by `add`, or leaves the pool as it was.
    pub(super) fn add(
        &mut self,
        add: impl FnOnce(&mut DescriptorPool) -> Result<(), DescriptorError>,
    ) -> Result<(), Failure> {
        if self.panics >= MAX_PANICS {
            return Err(Failure::Panic);
        }
        let good = self.inner.files().len();
        match catch_unwind(AssertUnwindSafe(|| add(&mut self.inner))) {
            Ok(result) => result.map_err(Failure::Invalid),
            Err(_) => {
                self.panics += 1;
                self.rebuild(good);
                Err(Failure::Panic)
            }
        }
    }

    /// Builds the pool anew from its first `good` files.
    fn rebuild(&mut self, good: usize) {
        let old = std::mem::take(&mut self.inner);
        for file in old.files().take(good) {
            // It was valid before, on the same files.
            let _ = self.inner.decode_file_descriptor_proto(file.encode_to_vec().as_slice());
        }
    }

    /// What was added.
    pub(super) fn get(&self) -> &DescriptorPool {
        &self.inner
    }

    /// What was added.
    pub(super) fn into_inner(self) -> DescriptorPool {
        self.inner
    }
}
