//! Where a value is in a message, reading and changing it.

use crate::state::json::Json;
use std::{fmt, sync::Arc};
use wirelab_model::FieldShape;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seg {
    /// A member of an object, by either of the names that ProtoJSON reads.
    Field {
        /// As JSON writes it.
        json: Arc<str>,
        /// As the `.proto` file has it.
        name: Arc<str>,
    },
    /// An element of an array.
    Item(usize),
    /// The value of an object's member by its place; for maps, whose keys are being typed.
    Entry(usize),
}

/// The way from the message to a value in it. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path(Arc<[Seg]>);

impl Path {
    /// The message itself.
    pub fn root() -> Self {
        Path::default()
    }

    fn then(&self, seg: Seg) -> Self {
        Path(self.0.iter().cloned().chain([seg]).collect())
    }

    /// A field of the message here.
    #[must_use]
    pub fn field(&self, field: &FieldShape) -> Self {
        self.member(&field.json_name, &field.name)
    }

    /// A member of the object here.
    #[must_use]
    pub fn member(&self, json: &str, name: &str) -> Self {
        self.then(Seg::Field { json: json.into(), name: name.into() })
    }

    /// An element of the array here.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        self.then(Seg::Item(index))
    }

    /// The value of a map's entry here.
    #[must_use]
    pub fn entry(&self, index: usize) -> Self {
        self.then(Seg::Entry(index))
    }

    /// How many steps.
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// The value there.
    pub fn get<'a>(&self, root: &'a Json) -> Option<&'a Json> {
        self.0.iter().try_fold(root, |value, seg| match (seg, value) {
            (Seg::Field { json, name }, Json::Object(members)) => {
                members.get(place(members, json, name)?).map(|(_, value)| value)
            }
            (Seg::Item(i), Json::Array(items)) => items.get(*i),
            (Seg::Entry(i), Json::Object(members)) => members.get(*i).map(|(_, value)| value),
            _ => None,
        })
    }

    /// The message with `value` there; objects and arrays on the way are made.
    #[must_use]
    pub fn set(&self, root: &Json, value: Json) -> Json {
        let mut root = root.clone();
        *slot(&mut root, &self.0) = value;
        root
    }

    /// The message without the value there. Containers on the way are neither made nor taken away.
    #[must_use]
    pub fn remove(&self, root: &Json) -> Json {
        let mut root = root.clone();
        if let Some((last, way)) = self.0.split_last() {
            let parent = Path(way.into());
            if parent.get(&root).is_some() {
                match (last, slot(&mut root, way)) {
                    (Seg::Field { json, name }, Json::Object(members)) => {
                        members.retain(|(key, _)| **key != **json && **key != **name);
                    }
                    (Seg::Item(i), Json::Array(items)) if *i < items.len() => {
                        items.remove(*i);
                    }
                    (Seg::Entry(i), Json::Object(members)) if *i < members.len() => {
                        members.remove(*i);
                    }
                    _ => {}
                }
            }
        }
        root
    }

    /// The message with one more element in the array there.
    #[must_use]
    pub fn push(&self, root: &Json, value: Json) -> Json {
        let mut items = match self.get(root) {
            Some(Json::Array(items)) => items.clone(),
            _ => Vec::new(),
        };
        items.push(value);
        self.set(root, Json::Array(items))
    }

    /// The message with one more entry in the map there.
    #[must_use]
    pub fn push_entry(&self, root: &Json, key: String, value: Json) -> Json {
        let mut members = match self.get(root) {
            Some(Json::Object(members)) => members.clone(),
            _ => Vec::new(),
        };
        members.push((key, value));
        self.set(root, Json::Object(members))
    }

    /// The message with another key for the `index`th entry of the map there.
    #[must_use]
    pub fn rename(&self, root: &Json, index: usize, key: String) -> Json {
        match self.get(root) {
            Some(Json::Object(members)) if index < members.len() => {
                let mut members = members.clone();
                members[index].0 = key;
                self.set(root, Json::Object(members))
            }
            _ => root.clone(),
        }
    }

    /// The message with two elements of the array there exchanged.
    #[must_use]
    pub fn swap(&self, root: &Json, a: usize, b: usize) -> Json {
        match self.get(root) {
            Some(Json::Array(items)) if a < items.len() && b < items.len() => {
                let mut items = items.clone();
                items.swap(a, b);
                self.set(root, Json::Array(items))
            }
            _ => root.clone(),
        }
    }

    /// As the studio's problems name it: `items[2].unitPrice`.
    pub fn json_text(&self) -> String {
        self.text(|json, _| json)
    }

    fn text<'a>(&'a self, pick: impl Fn(&'a str, &'a str) -> &'a str) -> String {
        let mut text = String::new();
        for seg in self.0.iter() {
            match seg {
                Seg::Field { json, name } => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(pick(json, name));
                }
                Seg::Item(i) | Seg::Entry(i) => text.push_str(&format!("[{i}]")),
            }
        }
        text
    }
}

/// By the names of the `.proto` file: `items[2].unit_price`; an entry of a map by its place.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(|_, name| name))
    }
}

fn place(members: &[(String, Json)], json: &str, name: &str) -> Option<usize> {
    let find = |wanted: &str| members.iter().rposition(|(key, _)| key == wanted);
    find(json).or_else(|| find(name))
}

fn slot<'a>(value: &'a mut Json, way: &[Seg]) -> &'a mut Json {
    let Some((seg, rest)) = way.split_first() else { return value };
    let next = match seg {
        Seg::Field { json, name } => {
            let members = members(value);
            let at = place(members, json, name).unwrap_or_else(|| {
                members.push((json.to_string(), Json::Null));
                members.len() - 1
            });
            &mut members[at].1
        }
        Seg::Item(i) => {
            if !matches!(value, Json::Array(_)) {
                *value = Json::Array(Vec::new());
            }
            let Json::Array(items) = value else { return value };
            while items.len() <= *i {
                items.push(Json::Null);
            }
            &mut items[*i]
        }
        Seg::Entry(i) => {
            let members = members(value);
            while members.len() <= *i {
                members.push((String::new(), Json::Null));
            }
            &mut members[*i].1
        }
    };
    slot(next, rest)
}

fn members(value: &mut Json) -> &mut Vec<(String, Json)> {
    if !matches!(value, Json::Object(_)) {
        *value = Json::object();
    }
    match value {
        Json::Object(members) => members,
        _ => unreachable!("just made an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::json::{compact, parse};

    fn at(text: &str) -> Path {
        text.split('.').fold(Path::root(), |path, part| match part.parse::<usize>() {
            Ok(i) => path.item(i),
            Err(_) if part.starts_with('#') => path.entry(part[1..].parse().unwrap()),
            Err(_) => path.member(part, &part.to_lowercase()),
        })
    }

    #[test]
    fn changes_what_it_names() {
        let set = |p: &Path, j: &Json| p.set(j, Json::Bool(true));
        let remove = |p: &Path, j: &Json| p.remove(j);
        let push = |p: &Path, j: &Json| p.push(j, Json::Null);
        let entry = |p: &Path, j: &Json| p.push_entry(j, String::new(), Json::Null);
        let rename = |p: &Path, j: &Json| p.rename(j, 0, "z".into());
        let swap = |p: &Path, j: &Json| p.swap(j, 0, 1);
        type Change<'a> = &'a dyn Fn(&Path, &Json) -> Json;
        let cases: [(Change<'_>, &str, &str, &str); 15] = [
            (&set, "{}", "a", r#"{"a":true}"#),
            (&set, r#"{"b":1,"a":2,"c":3}"#, "a", r#"{"b":1,"a":true,"c":3}"#),
            (&set, r#"{"unitprice":2}"#, "unitPrice", r#"{"unitprice":true}"#),
            (&set, r#"{"a":null}"#, "a.b", r#"{"a":{"b":true}}"#),
            (&set, "{}", "a.1", r#"{"a":[null,true]}"#),
            (&set, r#"{"m":{"x":1,"x":2}}"#, "m.#0", r#"{"m":{"x":true,"x":2}}"#),
            (&remove, r#"{"a":1,"b":2,"a":3}"#, "a", r#"{"b":2}"#),
            (&remove, "{}", "a.b", "{}"),
            (&remove, r#"{"a":[1,2,3]}"#, "a.1", r#"{"a":[1,3]}"#),
            (&remove, r#"{"m":{"x":1,"y":2}}"#, "m.#1", r#"{"m":{"x":1}}"#),
            (&push, "{}", "a", r#"{"a":[null]}"#),
            (&entry, r#"{"m":{"x":1}}"#, "m", r#"{"m":{"x":1,"":null}}"#),
            (&rename, r#"{"m":{"x":1}}"#, "m", r#"{"m":{"z":1}}"#),
            (&swap, r#"{"a":[1,2]}"#, "a", r#"{"a":[2,1]}"#),
            (&swap, r#"{"a":[1]}"#, "a", r#"{"a":[1]}"#),
        ];
        for (change, before, path, after) in cases {
            assert_eq!(
                compact(&change(&at(path), &parse(before).unwrap())),
                after,
                "{before} {path}"
            );
        }
    }

    #[test]
    fn names_itself() {
        let path =
            Path::root().member("byItem", "by_item").item(2).member("unitPrice", "unit_price");
        assert_eq!(path.to_string(), "by_item[2].unit_price");
        assert_eq!(path.json_text(), "byItem[2].unitPrice");
        assert_eq!(Path::root().to_string(), "");
    }
}
