//! Protobuf schemas: `.proto` files, folders of them, descriptor sets and what reflection returns, as an immutable
//! [`Schema`] with documentation, form trees, example values and descriptions.
//!
//! Owns reading, import resolution, compilation and everything said *about* types. Broken input is normal: a
//! [`Source`] always loads, yields what compiled and lists a [`Problem`](wirelab_model::Problem) for each thing
//! that did not. Knows nothing of networks, messages' values or screens; all of it blocks and none of it is async.
//!
//! ```no_run
//! # use wirelab_schema::{Input, Schema, Source};
//! let source = Source::load(&Input::Files { path: "proto".into(), import_roots: vec![] });
//! for problem in source.problems() {
//!     eprintln!("{problem}");
//! }
//! let schema = Schema::new([("proto".to_owned(), source)]);
//! let types = schema.form("shop.v1.Shop/GetItem");
//! let json = schema.example("shop.v1.Shop/GetItem");
//! let text = schema.describe("shop.v1.Item");
//! ```
//!
//! Editions 2023 and 2024 are known in all three kinds of input. prost-reflect knows none, so a file of an edition
//! stands in [`Source::pool`] as the proto2 file that means the same. The `google.protobuf.FeatureSet` that holds for a
//! definition, nothing left unset, is in the options of every file, message, field, oneof and enum of such a file, under
//! the numbers of `google/protobuf/descriptor.proto` (50, 12, 21, 1 and 7); ask it, not the file's syntax, for implicit
//! presence, open enums and strings that need not be UTF-8. Files of proto2 and proto3 carry none.
//!
//! How imports are found, when no import root is named, in this order: the modules of `buf.yaml` and
//! `buf.work.yaml` above, at and below the opened path; the folders from the importing file up to the opened one;
//! any place in the opened folder whose path ends in the import, the nearest first; the folders above the opened
//! one, and in them the usual ones such as `proto` and `third_party`; at last the files that are built in
//! (`google/protobuf`, `google/api`, `google/rpc`, `google/type`, `google/longrunning`). So a copy of the user's
//! own wins over the built-in one. With import roots named, only those, the opened folder and the built-in files
//! count, and anything else found nearby is a suggestion in the problem's help.

mod builtin;
mod catalog;
mod describe;
mod docs;
mod edition;
mod example;
mod form;
mod lex;
mod options;
mod problem;
mod schema;
mod source;

pub use edition::is_closed;
pub use schema::Schema;
pub use source::{Input, Source, limits};
