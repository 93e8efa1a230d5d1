//! What is wrong with a message, as far as its shape tells; the studio's own check has the last word.

use super::{
    scalar,
    shape::{NULL_VALUE, field_of_key, short},
    wellknown::{duration_problem, mask_problem, timestamp_problem},
};
use crate::state::json::Json;
use std::collections::{HashMap, HashSet};
use wirelab_model::{Cardinality, FieldShape, FieldType, FormTypes, MessageShape, WellKnown};

/// How many issues are found at most; more would not be read.
const MAX_ISSUES: usize = 200;

/// Something wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The place, as a [`Path`](super::Path) is displayed.
    pub path: String,
    /// What is wrong, a sentence without its full stop.
    pub message: String,
}

/// What is wrong with a message of type `root`, in the order of the text.
pub fn validate(types: &FormTypes, root: &str, value: &Json) -> Vec<Issue> {
    let mut walk = Walk { types, path: String::new(), issues: Vec::new() };
    walk.message(root, value);
    walk.issues
}

struct Walk<'a> {
    types: &'a FormTypes,
    path: String,
    issues: Vec<Issue>,
}

impl Walk<'_> {
    fn issue(&mut self, message: impl Into<String>) {
        if self.issues.len() < MAX_ISSUES {
            self.issues.push(Issue { path: self.path.clone(), message: message.into() });
        }
    }

    fn below(&mut self, step: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        inside(self);
        self.path.truncate(length);
    }

    fn member(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.below(&format!("{dot}{name}"), inside);
    }

    fn message(&mut self, name: &str, value: &Json) {
        let types = self.types;
        match types.messages.get(name) {
            Some(shape) => match shape.well_known {
                Some(known) => self.well_known(known, value),
                None => self.fields(shape, value, &[]),
            },
            None if !matches!(value, Json::Object(_)) => {
                self.issue(format!("Expected an object, found {}", value.kind()));
            }
            None => {}
        }
    }

    fn fields(&mut self, shape: &MessageShape, value: &Json, besides: &[&str]) {
        let Json::Object(members) = value else {
            return self.issue(format!("Expected an object, found {}", value.kind()));
        };
        let mut seen = HashSet::new();
        let mut chosen: HashMap<&str, &str> = HashMap::new();
        for (key, value) in members {
            if besides.contains(&key.as_str()) {
                continue;
            }
            let Some(field) = field_of_key(shape, key) else {
                self.member(key, |walk| {
                    walk.issue(format!("“{key}” is no field of {}", short(&shape.name)));
                });
                continue;
            };
            let first = seen.insert(field.number);
            let other = field
                .oneof
                .as_deref()
                .filter(|_| *value != Json::Null)
                .and_then(|oneof| chosen.insert(oneof, &field.name));
            self.member(&field.name, |walk| {
                if !first {
                    walk.issue(format!("“{}” is given twice", field.name));
                }
                if let Some(other) = other.filter(|other| *other != field.name) {
                    walk.issue(format!("Only one of {other} and {} can be set", field.name));
                }
                walk.field(field, value);
            });
        }
    }

    fn field(&mut self, field: &FieldShape, value: &Json) {
        if *value == Json::Null && !self.takes_null(&field.ty, field.cardinality) {
            // ProtoJSON reads null as absent.
            return;
        }
        match (field.cardinality, value) {
            (Cardinality::Repeated, Json::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.below(&format!("[{i}]"), |walk| {
                        if *item == Json::Null && !walk.takes_null(&field.ty, Cardinality::Explicit)
                        {
                            walk.issue("A list has no empty places");
                        } else {
                            walk.one(&field.ty, item);
                        }
                    });
                }
            }
            (Cardinality::Repeated, other) => {
                self.issue(format!("Expected a list, found {}", other.kind()));
            }
            (Cardinality::Map(key_type), Json::Object(entries)) => {
                let mut keys = HashSet::new();
                for (i, (key, value)) in entries.iter().enumerate() {
                    self.below(&format!("[{i}]"), |walk| {
                        if let Some(problem) = scalar::key_problem(key_type, key) {
                            walk.issue(problem);
                        } else if !keys.insert(key) {
                            walk.issue(format!("The key “{key}” is given twice"));
                        } else {
                            walk.one(&field.ty, value);
                        }
                    });
                }
            }
            (Cardinality::Map(_), other) => {
                self.issue(format!("Expected an object of entries, found {}", other.kind()));
            }
            (_, value) => self.one(&field.ty, value),
        }
    }

    /// Whether null is a value of the type instead of none.
    fn takes_null(&self, ty: &FieldType, cardinality: Cardinality) -> bool {
        let single = !matches!(cardinality, Cardinality::Repeated | Cardinality::Map(_));
        single
            && match ty {
                FieldType::Enum(name) => name == NULL_VALUE,
                FieldType::Message(name) => {
                    let known = self.types.messages.get(name).and_then(|shape| shape.well_known);
                    known == Some(WellKnown::Value)
                }
                FieldType::Scalar(_) => false,
            }
    }

    fn one(&mut self, ty: &FieldType, value: &Json) {
        match ty {
            FieldType::Scalar(ty) => {
                if let Some(problem) = scalar::problem(*ty, value) {
                    self.issue(problem);
                }
            }
            FieldType::Enum(name) => self.enumeration(name, value),
            FieldType::Message(name) => self.message(name, value),
        }
    }

    fn enumeration(&mut self, name: &str, value: &Json) {
        let types = self.types;
        match value {
            Json::Null if name == NULL_VALUE => {}
            Json::Number(text) if text.parse::<i32>().is_ok() => {
                let number = text.parse::<i32>().ok();
                let closed = types.enums.get(name).filter(|shape| shape.closed);
                if closed.is_some_and(|shape| shape.values.iter().all(|v| Some(v.number) != number))
                {
                    self.issue(format!("{text} is no value of {}, which is closed", short(name)));
                }
            }
            Json::String(text) => {
                let known = types.enums.get(name);
                if known.is_some_and(|shape| shape.values.iter().all(|v| v.name != *text)) {
                    self.issue(match text.as_str() {
                        "" => format!("Expected a value of {}", short(name)),
                        text => format!("“{text}” is no value of {}", short(name)),
                    });
                }
            }
            other => {
                self.issue(format!("Expected a value of {}, found {}", short(name), other.kind()))
            }
        }
    }

    fn well_known(&mut self, known: WellKnown, value: &Json) {
        let text = |check: fn(&str) -> Option<String>, what: &str| match value {
            Json::String(text) => check(text),
            other => Some(format!("Expected {what} as text, found {}", other.kind())),
        };
        let problem = match (known, value) {
            (WellKnown::Timestamp, _) => text(timestamp_problem, "a time"),
            (WellKnown::Duration, _) => text(duration_problem, "a duration"),
            (WellKnown::FieldMask, _) => text(mask_problem, "field paths"),
            (WellKnown::Wrapper(ty), value) => scalar::problem(ty, value),
            (WellKnown::Value, _) | (WellKnown::ListValue, Json::Array(_)) => None,
            (WellKnown::Struct, Json::Object(_)) => None,
            (WellKnown::Empty, Json::Object(members)) => {
                (!members.is_empty()).then(|| "This message has no fields".into())
            }
            (WellKnown::ListValue, other) => {
                Some(format!("Expected a list, found {}", other.kind()))
            }
            (WellKnown::Any, Json::Object(members)) => return self.any(members, value),
            (_, other) => Some(format!("Expected an object, found {}", other.kind())),
        };
        if let Some(problem) = problem {
            self.issue(problem);
        }
    }

    fn any(&mut self, members: &[(String, Json)], value: &Json) {
        let url = match value.get("@type") {
            Some(Json::String(url)) if url.contains('/') => url,
            None if members.is_empty() => return,
            _ => {
                return self
                    .issue("An Any needs “@type”, for example type.googleapis.com/pkg.Message");
            }
        };
        let types = self.types;
        let name = url.rsplit('/').next().unwrap_or_default();
        match types.messages.get(name) {
            Some(shape) if shape.well_known.is_none() => self.fields(shape, value, &["@type"]),
            Some(shape) => {
                if let (Some(known), Some(inner)) = (shape.well_known, value.get("value")) {
                    self.member("value", |walk| walk.well_known(known, inner));
                }
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::fake::types, state::json::parse};

    fn check(json: &str, expected: &[(&str, &str)]) {
        let types = types();
        let found = validate(&types, &types.root, &parse(json).unwrap());
        let found: Vec<_> = found.iter().map(|i| (i.path.as_str(), i.message.as_str())).collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn good_messages() {
        for json in [
            "{}",
            r#"{"sku":"a","warehouseIds":["7",12],"at":"2026-11-21T09:30:00Z","maxAge":"300s"}"#,
            r#"{"warehouse_ids":null,"by_location":{"country":2,"labels":{"a":"b"},"within":{"within":{}}}}"#,
            r#"{"readMask":"stock.onHand","bySupplier":"x","byLocation":null}"#,
        ] {
            check(json, &[]);
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        check("[]", &[("", "Expected an object, found an array")]);
        check(
            r#"{"maxAge":"5 minutes"}"#,
            &[("max_age", "Expected seconds with an “s” suffix, for example 300s")],
        );
        check(
            r#"{"warehouseIds":["7","x",null],"sku":7}"#,
            &[
                ("warehouse_ids[1]", "Expected a whole number, not “x”"),
                ("warehouse_ids[2]", "A list has no empty places"),
                ("sku", "Expected text, found a number"),
            ],
        );
        check(
            r#"{"byLocation":{"country":"COUNTRY_XX","labels":{"a":"1","a":"2"},"town":1}}"#,
            &[
                ("by_location.country", "“COUNTRY_XX” is no value of Country"),
                ("by_location.labels[1]", "The key “a” is given twice"),
                ("by_location.town", "“town” is no field of Location"),
            ],
        );
        check(
            r#"{"byLocation":{},"bySupplier":"x","sku":"a","sku":"b"}"#,
            &[
                ("by_supplier", "Only one of by_location and by_supplier can be set"),
                ("sku", "“sku” is given twice"),
            ],
        );
        check(r#"{"warehouseIds":7}"#, &[("warehouse_ids", "Expected a list, found a number")]);
        check(r#"{"at":7}"#, &[("at", "Expected a time as text, found a number")]);
    }

    #[test]
    fn any_is_checked_as_what_it_holds() {
        let mut types = types();
        let any = "google.protobuf.Any";
        let shape = MessageShape {
            name: any.into(),
            well_known: Some(WellKnown::Any),
            ..MessageShape::default()
        };
        types.messages.insert(any.into(), shape);
        for (json, expected) in [
            ("{}", None),
            (r#"{"@type":"x/shop.inventory.v1.Location","country":1}"#, None),
            (
                r#"{"@type":"x/shop.inventory.v1.Location","land":1}"#,
                Some("“land” is no field of Location"),
            ),
            (
                r#"{"@type":"x/google.protobuf.Duration","value":"1"}"#,
                Some("Expected seconds with an “s” suffix, for example 300s"),
            ),
            (r#"{"@type":"x/unknown.Type","whatever":1}"#, None),
            (
                r#"{"country":1}"#,
                Some("An Any needs “@type”, for example type.googleapis.com/pkg.Message"),
            ),
        ] {
            let found = validate(&types, any, &parse(json).unwrap());
            assert_eq!(found.first().map(|i| i.message.as_str()), expected, "{json}");
        }
    }

    #[test]
    fn closed_enums_take_known_numbers_only() {
        let mut types = types();
        let json =
            |number: i32| parse(&format!(r#"{{"byLocation":{{"country":{number}}}}}"#)).unwrap();
        let said = |types: &FormTypes, number| {
            validate(types, &types.root, &json(number)).first().map(|issue| issue.message.clone())
        };
        assert_eq!(said(&types, 7), None);
        types.enums.values_mut().for_each(|shape| shape.closed = true);
        assert_eq!(said(&types, 2), None);
        assert_eq!(said(&types, 7).as_deref(), Some("7 is no value of Country, which is closed"));
    }

    #[test]
    fn issues_are_bounded() {
        let types = types();
        let items: Vec<_> = (0..1_000).map(|_| Json::string("x")).collect();
        let value = Json::Object(vec![("warehouseIds".into(), Json::Array(items))]);
        assert_eq!(validate(&types, &types.root, &value).len(), MAX_ISSUES);
    }
}
