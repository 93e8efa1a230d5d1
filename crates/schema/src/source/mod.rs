//! Loading: from what was asked for to a pool of descriptors and a list of problems.
//!
//! `discover` walks folders, `buf` reads buf's configuration, `resolve` finds imports, `files` drives those three,
//! `parse` reads one text, `set` takes descriptor sets apart, and `link` compiles what either of them gives.

mod buf;
mod discover;
mod files;
mod lenient;
pub mod limits;
mod link;
mod names;
mod parse;
mod pool;
mod resolve;
mod set;

use crate::problem::Problems;
use prost_reflect::{DescriptorPool, FileDescriptor};
use std::{collections::HashSet, path::PathBuf, sync::Arc};
use wirelab_model::{Problem, SourceState};

/// Where a schema comes from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A `.proto` file, or a folder with all `.proto` files below it.
    Files {
        /// The file or folder.
        path: PathBuf,
        /// Folders that imports start from; empty means guess (see the crate's documentation).
        import_roots: Vec<PathBuf>,
    },
    /// A file holding a serialized `google.protobuf.FileDescriptorSet`.
    DescriptorSet {
        /// The file.
        path: PathBuf,
    },
    /// A serialized `google.protobuf.FileDescriptorSet` from elsewhere, such as server reflection.
    Descriptors {
        /// The bytes.
        set: Vec<u8>,
        /// What went wrong while getting it; joins the source's own problems.
        problems: Vec<Problem>,
    },
}

/// One loaded source: what compiled and what did not. Immutable and cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: DescriptorPool,
    /// Names of the files in `pool` that are the source's own, not built in.
    own: HashSet<String>,
    problems: Vec<Problem>,
    service_count: u32,
}

impl Source {
    /// Reads, parses and compiles. Blocks, for seconds where there are thousands of files; never fails: whatever
    /// goes wrong is in [`problems`](Source::problems).
    pub fn load(input: &Input) -> Source {
        let mut problems = Problems::default();
        let units = match input {
            Input::Files { path, import_roots } => files::load(path, import_roots, &mut problems),
            Input::DescriptorSet { path } => set::read(path, &mut problems),
            Input::Descriptors { set, problems: earlier } => {
                problems.extend(earlier.iter().cloned());
                set::decode(set, None, &mut problems)
            }
        };
        let linked = link::link(units, &mut problems);
        let services = linked.pool.services();
        let service_count =
            services.filter(|s| linked.own.contains(s.parent_file().name())).count();
        let inner = Inner {
            service_count: u32::try_from(service_count).unwrap_or(u32::MAX),
            pool: linked.pool,
            own: linked.own,
            problems: problems.into_sorted(),
        };
        tracing::debug!(
            files = inner.own.len(),
            services = inner.service_count,
            problems = inner.problems.len(),
            "source loaded"
        );
        Source { inner: Arc::new(inner) }
    }

    /// What went wrong, the gravest first; at most 1,000 and a note about the rest.
    pub fn problems(&self) -> &[Problem] {
        &self.inner.problems
    }

    /// How many files compiled, built-in ones not counted.
    pub fn files(&self) -> u32 {
        u32::try_from(self.inner.own.len()).unwrap_or(u32::MAX)
    }

    /// How many services those files define.
    pub fn service_count(&self) -> u32 {
        self.inner.service_count
    }

    /// How loading went as a whole; never `Loading`.
    pub fn state(&self) -> SourceState {
        if self.inner.own.is_empty() {
            SourceState::Failed
        } else if self.inner.problems.is_empty() {
            SourceState::Ready
        } else {
            SourceState::Partial
        }
    }

    /// Everything that compiled, with what it imports and the common built-in files. Files of editions are there as
    /// proto2 with their resolved features in the options (see the crate's documentation).
    pub fn pool(&self) -> &DescriptorPool {
        &self.inner.pool
    }

    /// Whether a file is the source's own rather than built in.
    pub(crate) fn owns(&self, file: &FileDescriptor) -> bool {
        self.inner.own.contains(file.name())
    }
}
