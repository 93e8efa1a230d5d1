//! Failures with details, as the richer error model of gRPC has them.

use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Who fails, for `google.rpc.ErrorInfo`.
const DOMAIN: &str = "demo.wirelab.dev";

/// A status with a detail of every kind that `google/rpc/error_details.proto` has.
pub fn rich(code: Code, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details
        .set_retry_info(Some(Duration::from_millis(1_500)))
        .set_debug_info(
            vec!["demo::control::fail".to_owned(), "demo::serve::call".to_owned()],
            "asked to fail by the metadata demo-fail",
        )
        .add_quota_failure_violation("project:sample", "10 calls a minute, 11 made")
        .set_error_info("DEMO_FAILURE", DOMAIN, [("asked_by".to_owned(), "demo-fail".to_owned())])
        .add_precondition_failure_violation("TOS", "demo.wirelab.dev", "terms not accepted yet")
        .add_bad_request_violation("sku", "must not be empty")
        .add_bad_request_violation("lines[2].quantity", "must be at least 1")
        .set_request_info("req-0001", "c2FtcGxl")
        .set_resource_info("stock", "KB-204-EU", "warehouse:7", "is being counted")
        .add_help_link(
            "What the status codes of gRPC mean",
            "https://grpc.io/docs/guides/status-codes/",
        )
        .set_localized_message("de-DE", "Auf Wunsch fehlgeschlagen");
    Status::with_error_details(code, message, details)
}

/// `INVALID_ARGUMENT` that names what is wrong with which field.
pub fn invalid(violations: &[(&str, &str)]) -> Status {
    let mut details = ErrorDetails::new();
    for (field, description) in violations {
        details.add_bad_request_violation(*field, *description);
    }
    let text: Vec<_> = violations.iter().map(|(field, why)| format!("{field}: {why}")).collect();
    Status::with_error_details(Code::InvalidArgument, text.join("; "), details)
}

/// `NOT_FOUND` that names the thing.
pub fn not_found(kind: &str, name: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_resource_info(kind, name, "", "does not exist");
    Status::with_error_details(Code::NotFound, format!("no {kind} {name:?}"), details)
}

/// `FAILED_PRECONDITION` that names what is in the way.
pub fn precondition(kind: &str, subject: &str, description: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.add_precondition_failure_violation(kind, subject, description);
    Status::with_error_details(Code::FailedPrecondition, description, details)
}

/// `RESOURCE_EXHAUSTED` because a store of the sample server is full.
pub fn full(what: &str, limit: usize) -> Status {
    let mut details = ErrorDetails::new();
    details.add_quota_failure_violation(what, format!("at most {limit}"));
    Status::with_error_details(
        Code::ResourceExhausted,
        format!("the sample server keeps at most {limit} {what}"),
        details,
    )
}
