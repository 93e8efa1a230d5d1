//! Messages as JSON, for the protocols that carry it.

use crate::explain::{self, Failure};
use bytes::Bytes;
use std::sync::Arc;
use wirelab_model::{Problem, ProblemKind, StatusCode};
use wirelab_transcode::{Codec, Error, Options};

/// Finds the codecs of a method's request and response by `pkg.Service/Method`.
pub type Types = Arc<dyn Fn(&str) -> Option<(Codec, Codec)> + Send + Sync>;

/// The types of one method.
pub(crate) struct JsonTypes {
    request: Codec,
    response: Codec,
}

impl JsonTypes {
    /// Those of `method`.
    ///
    /// # Errors
    /// When they are not known.
    pub fn of(method: &str, types: Option<&Types>) -> Result<JsonTypes, Problem> {
        let found = types.and_then(|types| types(method));
        let Some((request, response)) = found else {
            let message = format!("`{method}` cannot be called with JSON: its types are not known");
            return Err(Problem::new(ProblemKind::Mismatch, message)
                .at("transport")
                .help("load its .proto file, or choose the transport Connect with Protobuf"));
        };
        // A server may be newer than the schema.
        Ok(JsonTypes { request, response: response.ignoring_unknown(true) })
    }

    /// The JSON of a request's wire bytes.
    pub fn request(&self, wire: &[u8]) -> Result<Bytes, Failure> {
        let mut json = Vec::new();
        self.request.wire_to_json(wire, &mut json, &Options::default()).map_err(|error| {
            let name = self.request.message().full_name();
            let message =
                format!("the request cannot be written as JSON of `{name}`: {}", shown(&error));
            let problem = Problem::new(ProblemKind::Mismatch, message);
            explain::refused(problem.help("choose the transport Connect with Protobuf"))
        })?;
        Ok(json.into())
    }

    /// The wire bytes of a response's JSON.
    pub fn response(&self, json: &[u8]) -> Result<Bytes, Failure> {
        let mut wire = Vec::new();
        self.response.json_to_wire(json, &mut wire).map_err(|error| {
            let name = self.response.message().full_name();
            let message = format!("the response is not JSON of `{name}`: {}", shown(&error));
            let help = "check that schema and server are of one version, or choose the transport Connect with Protobuf";
            let problem = Problem::new(ProblemKind::Mismatch, message).help(help);
            explain::failure(StatusCode::Internal, problem)
        })?;
        Ok(wire.into())
    }
}

fn shown(error: &Error) -> String {
    match error.path() {
        Some(path) => format!("{} at `{path}`", error.message()),
        None => error.message().to_owned(),
    }
}
