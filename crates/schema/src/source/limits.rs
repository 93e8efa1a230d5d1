//! The bounds of loading. What passes one is reported as a problem that names it; the rest still loads.

/// The largest `.proto` file that is read: 64 MiB.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// The most bytes of `.proto` text in one source: 1 GiB.
pub const MAX_SOURCE_BYTES: u64 = 1 << 30;
/// The largest descriptor set that is read: 512 MiB.
pub const MAX_SET_BYTES: u64 = 512 << 20;
/// The most `.proto` files in one source.
pub const MAX_FILES: usize = 50_000;
/// The most folder entries that are looked at for one source.
pub const MAX_ENTRIES: usize = 2_000_000;
/// How deep folders are followed.
pub const MAX_FOLDER_DEPTH: usize = 64;
/// How deep braces and brackets of one file, or the parts of one option's name, may nest.
pub const MAX_NESTING: usize = 100;
/// How many folders above the opened one are searched for imports.
pub const MAX_PARENTS: usize = 24;
/// How many folder entries near the opened path are looked at for a suggestion.
pub const MAX_NEARBY_ENTRIES: usize = 20_000;
/// The largest `buf.yaml` or `buf.work.yaml` that is read: 1 MiB.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;
