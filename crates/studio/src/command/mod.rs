//! grpcurl's command lines: read as requests, and requests written as such lines.
//!
//! `words` reads what a shell would, `flags` is the table of grpcurl's flags, `parse` and `format` go both ways, and
//! `origin` finds what a line has to name so that grpcurl knows the schema.

pub mod flags;
mod format;
mod origin;
mod parse;
mod quote;
mod words;

use crate::{Studio, layout};
pub use origin::locate;
pub(crate) use quote::quote;
use std::path::Path;
use wirelab_model::*;

impl Studio {
    /// Reads a line; what loaded sources and files on disk tell about it is added.
    pub(crate) fn parsed(&self, text: &str) -> Result<ParsedCommand, Problem> {
        let mut parsed = parse::parse(text)?;
        for source in &mut parsed.sources {
            if let SourceSpec::Files { path, import_roots } = source {
                let roots: Vec<&Path> = import_roots.iter().map(Path::new).collect();
                *path = locate(Path::new(path), &roots).to_string_lossy().into_owned();
            }
        }
        let request = &mut parsed.request;
        if let Some(types) = self.0.sources.codecs().method(&request.spec.method) {
            request.spec.kind = types.kind;
            if request.messages.is_empty() && !types.kind.client_streams() {
                request.messages.push("{}".to_owned());
            }
        }
        Ok(parsed)
    }

    /// Writes the line for a request.
    pub(crate) fn formatted(&self, start: &StartCall) -> Result<FormattedCommand, Problem> {
        let origin = origin::of(&self.0.sources.catalog(), &start.spec.method);
        format::format(start, &origin)
    }
}

#[cfg(test)]
mod tests;
