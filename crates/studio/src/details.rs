//! Reads the details of a status (<https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>).

use crate::{codecs::Codecs, json};
use wirelab_model::{Blob, StatusDetail};

/// More fields than any status that fits into trailers has.
const MAX_FIELDS: usize = 4_096;

/// Each detail of a serialized `google.rpc.Status`; what cannot be read is left out.
pub fn read(status: &Blob, codecs: &Codecs) -> Vec<StatusDetail> {
    let Some(codec) = codecs.message("google.rpc.Status") else { return Vec::new() };
    let mut details: Vec<(String, StatusDetail)> = Vec::new();
    for span in codec.spans(status, MAX_FIELDS) {
        let Some((entry, field)) = span.path.split_once('.') else {
            // `details[2]` itself: a detail may be empty of fields.
            if span.path.starts_with("details[") {
                details.push((span.path, StatusDetail::default()));
            }
            continue;
        };
        let value = status.0.get(span.value as usize..span.end as usize).unwrap_or_default();
        if let Some((_, detail)) = details.iter_mut().find(|(path, _)| path == entry) {
            match field {
                "typeUrl" | "type_url" => {
                    let url = String::from_utf8_lossy(value);
                    detail.type_name = url.rsplit('/').next().unwrap_or_default().to_owned();
                }
                "value" => detail.wire = Blob::from(value.to_vec()),
                _ => {}
            }
        }
    }
    let mut details: Vec<StatusDetail> = details.into_iter().map(|(_, detail)| detail).collect();
    for detail in &mut details {
        let codec = codecs.message(&detail.type_name);
        let text = codec.and_then(|codec| json::pretty(&codec, &detail.wire).ok());
        detail.json = text.unwrap_or_default();
    }
    details
}
