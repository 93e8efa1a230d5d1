//! Command lines: grpcurl's read as requests, and requests written as lines for grpcurl, curl or ourselves.
//!
//! `words` reads what a shell would, `flags` is the table of grpcurl's flags, `parse` and `format` go both ways, `curl` writes
//! what HTTP and JSON are enough for, and `origin` finds what a line has to name so that grpcurl knows the schema.

mod curl;
pub mod flags;
mod format;
mod origin;
mod parse;
mod quote;
mod words;

use crate::{Studio, json, layout};
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
        let unary = self.0.sources.codecs().method(&start.spec.method);
        let unary = unary.is_none_or(|method| method.kind == CallKind::Unary);
        match start.spec.endpoint.transport {
            Transport::Rest => return self.rest_line(start),
            Transport::Connect | Transport::ConnectJson if unary => {
                return curl::connect(start, &self.0.bridges.host());
            }
            _ => {}
        }
        let origin = origin::of(&self.0.sources.catalog(), &start.spec.method);
        format::format(start, &origin)
    }

    /// The first binding of the method that can carry the request, as a line for curl to the bridge that people see.
    fn rest_line(&self, start: &StartCall) -> Result<FormattedCommand, Problem> {
        let StartCall { spec, messages, auth, .. } = start;
        let json = messages.first().cloned().unwrap_or_else(|| "{}".to_owned());
        let mut problem = None;
        for binding in self.all_bindings().bindings {
            if binding.method != spec.method {
                continue;
            }
            let (json, metadata) = (json.clone(), spec.metadata.clone());
            let preview = self.preview(&PreviewBinding { binding, json, metadata })?;
            if let Some(wrong) = preview.problem {
                problem = problem.or(Some(wrong));
                continue;
            }
            let mut line = preview.curl;
            if let Some(auth) = auth {
                line.push_str(&format!(" \\\n  -H {}", format::credentials(auth)));
            }
            return Ok(FormattedCommand { line, left_out: Vec::new() });
        }
        Err(problem.unwrap_or_else(|| json::unknown_method(&spec.method)))
    }
}

#[cfg(test)]
mod tests;
