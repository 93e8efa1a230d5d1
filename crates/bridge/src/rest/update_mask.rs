//! The mask of a PATCH that brings none: the paths of what its JSON holds (<https://google.aip.dev/134>).

use prost_reflect::{FieldDescriptor, MessageDescriptor};

/// Names of messages whose JSON is no object of their fields: they are set as a whole.
const WHOLE: &str = "google.protobuf.";

/// The number of `paths` in `google.protobuf.FieldMask`.
pub(super) const PATHS: u32 = 1;

/// The field `update_mask` of a request, if it has one.
pub(super) fn field(request: &MessageDescriptor) -> Option<FieldDescriptor> {
    let field = request.get_field_by_name("update_mask")?;
    let kind = field.kind();
    let is_mask = kind.as_message()?.full_name() == "google.protobuf.FieldMask" && !field.is_list();
    is_mask.then_some(field)
}

/// The paths that a JSON text of a message holds, in its order: down to what is no message, and lists, maps and
/// well-known types as a whole. The text was converted before, so that it is JSON of this type.
pub(super) fn paths(json: &[u8], message: &MessageDescriptor) -> Vec<String> {
    let mut walk = Walk { json, at: 0, paths: Vec::new() };
    walk.object(&mut String::new(), message);
    walk.paths
}

struct Walk<'a> {
    json: &'a [u8],
    at: usize,
    paths: Vec<String>,
}

impl Walk<'_> {
    /// The members of an object; none when this is none. Its depth was limited when it was converted.
    fn object(&mut self, prefix: &mut String, message: &MessageDescriptor) -> Option<()> {
        self.space();
        self.take(b'{')?;
        loop {
            self.space();
            if self.take(b'}').is_some() {
                return Some(());
            }
            let name = self.text()?;
            self.space();
            self.take(b':')?;
            self.member(prefix, message, &name)?;
            self.space();
            let _ = self.take(b',');
        }
    }

    fn member(
        &mut self,
        prefix: &mut String,
        message: &MessageDescriptor,
        name: &str,
    ) -> Option<()> {
        let found =
            message.get_field_by_name(name).or_else(|| message.get_field_by_json_name(name));
        let Some(field) = found else { return self.skip() };
        let length = prefix.len();
        if !prefix.is_empty() {
            prefix.push('.');
        }
        prefix.push_str(field.name());
        let kind = field.kind();
        let inner = kind.as_message().filter(|inner| {
            !field.is_list() && !field.is_map() && !inner.full_name().starts_with(WHOLE)
        });
        self.space();
        let done = match inner.filter(|_| self.json.get(self.at) == Some(&b'{')) {
            Some(inner) => {
                let before = self.paths.len();
                let done = self.object(prefix, inner);
                if self.paths.len() == before {
                    self.paths.push(prefix.clone());
                }
                done
            }
            None => {
                self.paths.push(prefix.clone());
                self.skip()
            }
        };
        prefix.truncate(length);
        done
    }

    fn space(&mut self) {
        while self.json.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.json.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// A text with its escapes undone.
    fn text(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_text()?;
        serde_json::from_slice(&self.json[start..self.at]).ok()
    }

    fn skip_text(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            match self.json.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.take(b'"')
    }

    /// Any value.
    fn skip(&mut self) -> Option<()> {
        self.space();
        let mut depth = 0_usize;
        loop {
            match self.json.get(self.at)? {
                b'"' => self.skip_text()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::DescriptorPool;

    #[test]
    fn what_a_text_holds() {
        let pool = DescriptorPool::decode(wirelab_demo::DESCRIPTORS).unwrap();
        let message = pool.get_message_by_name("everything.v1.EverythingMessage").unwrap();
        let table: &[(&str, &[&str])] = &[
            ("{}", &[]),
            (r#"{"far": ""}"#, &["far"]),
            (
                r#"{"scalars": {"int32Value": 0, "string_value": "}"}, "far": "\"{"}"#,
                &["scalars.int32_value", "scalars.string_value", "far"],
            ),
            (r#"{"scalars": {}}"#, &["scalars"]),
            (r#"{"scalars": null, "hollow": {}}"#, &["scalars", "hollow"]),
            (
                r#"{"lists": {"int32s": [1, [2], {"a": 3}], "messages": []}}"#,
                &["lists.int32s", "lists.messages"],
            ),
            (r#"{"maps": {"byInt32": {"1": "x"}}}"#, &["maps.by_int32"]),
            (
                r#"{"wellKnown": {"struct": {"a": 1}, "timestamp": "x", "any": {"@type": "x"}}}"#,
                &["well_known.struct", "well_known.timestamp", "well_known.any"],
            ),
            (
                r#"{"tree": {"next": {"next": {"label": ""}}, "label": ""}}"#,
                &["tree.next.next.label", "tree.label"],
            ),
            (
                r#" { "\u0066ar" : 1 , "unknown" : [{}] , "names":{"customName":"x"}}"#,
                &["far", "names.renamed"],
            ),
        ];
        for (json, wanted) in table {
            assert_eq!(paths(json.as_bytes(), &message), *wanted, "{json}");
        }
    }
}
