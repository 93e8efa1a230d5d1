//! Defaults: where data lives and what is called first.

use std::path::PathBuf;
use wirelab_model::{Endpoint, Problem, ProblemKind};

/// The absolute data folder; the platform's own when none is named.
pub fn folder(named: Option<PathBuf>) -> Result<PathBuf, Problem> {
    match named {
        Some(folder) => std::path::absolute(&folder).map_err(|error| {
            Problem::new(ProblemKind::Io, format!("this is no data folder: {error}"))
                .at(folder.display().to_string())
                .help("name another folder with --data-dir")
        }),
        None => directories::ProjectDirs::from("", "", "wirelab")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or_else(|| {
                Problem::new(ProblemKind::Io, "there is no home folder to keep data in")
                    .help("name a data folder with --data-dir")
            }),
    }
}

/// The port that gRPC examples use.
pub fn default_endpoint() -> Endpoint {
    Endpoint { address: "localhost:50051".into(), ..Endpoint::default() }
}
