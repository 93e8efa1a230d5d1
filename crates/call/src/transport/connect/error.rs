//! Errors as Connect writes them (<https://connectrpc.com/docs/protocol/#error-end-stream>).

use crate::metadata::decode;
use crate::status::{RpcStatus, TYPE_URL};
use prost::Message;
use prost_types::Any;
use serde_json::Value;
use wirelab_model::{Status, StatusCode};

/// The status that an error tells, with `unsaid` where its code is missing or not one of Connect's. None when this
/// is no error of Connect.
pub(super) fn status(error: &Value, unsaid: StatusCode) -> Option<Status> {
    let error = error.as_object()?;
    let code = match error.get("code") {
        Some(code) => self::code(code.as_str()?).unwrap_or(unsaid),
        None if error.contains_key("message") => unsaid,
        None => return None,
    };
    let message = match error.get("message") {
        None | Some(Value::Null) => String::new(),
        Some(message) => message.as_str()?.to_owned(),
    };
    let details: Vec<Any> = match error.get("details") {
        None | Some(Value::Null) => Vec::new(),
        Some(details) => details.as_array()?.iter().filter_map(detail).collect(),
    };
    let mut status = Status::new(code, message);
    if !details.is_empty() {
        let code = code as i32;
        let all = RpcStatus { code, message: status.message.clone(), details };
        status.details = all.encode_to_vec().into();
    }
    Some(status)
}

/// A detail that can be read; what cannot is better left out than the error with it.
fn detail(detail: &Value) -> Option<Any> {
    let name = detail.get("type")?.as_str()?;
    let value = decode(detail.get("value")?.as_str()?.as_bytes())?;
    let type_url = match name.contains('/') {
        true => name.to_owned(),
        false => format!("{TYPE_URL}{name}"),
    };
    Some(Any { type_url, value })
}

/// `not_found` and its likes; `canceled` has one l.
fn code(name: &str) -> Option<StatusCode> {
    match name {
        "canceled" => Some(StatusCode::Cancelled),
        "ok" | "cancelled" => None,
        _ => StatusCode::ALL.into_iter().find(|code| code.name().to_ascii_lowercase() == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes() {
        for known in StatusCode::ALL.into_iter().skip(1) {
            let name = match known {
                StatusCode::Cancelled => "canceled".to_owned(),
                other => other.name().to_ascii_lowercase(),
            };
            assert_eq!(code(&name), Some(known));
        }
        for unknown in ["", "ok", "OK", "NOT_FOUND", "cancelled", "teapot", "5"] {
            assert_eq!(code(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn errors() {
        let unsaid = StatusCode::Unavailable;
        let table = [
            (json!({"code": "not_found"}), Some((5, "", 0))),
            (json!({"code": "not_found", "message": "no ü"}), Some((5, "no ü", 0))),
            (json!({"code": "teapot", "message": "x"}), Some((14, "x", 0))),
            (json!({"message": "x"}), Some((14, "x", 0))),
            (json!({"code": "internal", "message": null, "details": []}), Some((13, "", 0))),
            (
                json!({"code": "internal", "details": [{"type": "a.B", "value": "AQI"}]}),
                Some((13, "", 1)),
            ),
            (
                json!({"code": "internal", "details": [{"type": "a.B", "value": "AQ=="}, 7, {"type": "a.B", "value": "*"}]}),
                Some((13, "", 1)),
            ),
            (json!({"code": "internal", "details": 7}), None),
            (json!({"code": 5}), None),
            (json!({"code": "internal", "message": 7}), None),
            (json!({}), None),
            (json!({"error": "not found"}), None),
            (json!([]), None),
            (json!(null), None),
        ];
        for (error, want) in table {
            let got = status(&error, unsaid).map(|status| {
                let details = RpcStatus::decode(&status.details[..]).unwrap();
                if !status.details.is_empty() {
                    assert_eq!(details.code as u32, status.code);
                }
                (status.code, status.message, details.details.len())
            });
            let want = want.map(|(code, message, details): (u32, &str, usize)| {
                (code, message.to_owned(), details)
            });
            assert_eq!(got, want, "{error}");
        }
        let one = status(
            &json!({"code": "internal", "details": [{"type": "a.B", "value": "AQI"}]}),
            unsaid,
        );
        let details = RpcStatus::decode(&one.unwrap().details[..]).unwrap().details;
        assert_eq!(
            details,
            [Any { type_url: "type.googleapis.com/a.B".into(), value: vec![1, 2] }]
        );
    }
}
