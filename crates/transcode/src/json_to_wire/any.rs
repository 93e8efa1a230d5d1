//! `google.protobuf.Any`: an object of `@type` and the fields of that type, in whatever order
//! (<https://protobuf.dev/programming-guides/json/#any>).

use super::object::Inside;
use super::{Reader, Step, Stop};
use crate::plan::{Form, MessagePlan};
use crate::raw::Short;

const TYPE_URL: u8 = 1 << 3 | 2;
const VALUE: u8 = 2 << 3 | 2;

/// Where an object begins, and where the value of its `@type` does (0 when it has none).
pub(super) struct TypeAt {
    object: usize,
    value: usize,
}

/// A member of an `Any` with a well-known type.
enum Member {
    Type,
    Value,
    Unknown,
}

impl<'a> Reader<'a> {
    pub(super) fn any(&mut self, at: usize, depth: u32) -> Step {
        if self.byte(at) != b'{' {
            return self.mismatch(at, "an object");
        }
        let Some(inner) = depth.checked_sub(1) else { return self.too_deep(at) };
        let first = self.space(at + 1);
        if self.byte(first) == b'}' {
            return Ok(first + 1);
        }
        let type_at = self.find_type(at, first, depth)?;
        let plan = self.put_type(type_at).map_err(|stop| self.within_name("@type", stop))?;
        let before = self.out.len();
        self.out.push(VALUE);
        let width = &self.plans.hints.any;
        let open = self.open(Short::NONE, width);
        let begin = self.out.len();
        let end = if plan.form == Form::Object {
            self.members(first, plan, inner, Inside::Any)?
        } else {
            self.type_and_value(first, plan, inner)?
        };
        if self.out.len() == begin {
            self.out.truncate(before);
        } else {
            self.close(&open, width);
        }
        Ok(end)
    }

    /// Where the value of an object's `@type` is, given where the object and its first name are.
    fn find_type(&mut self, object: usize, first: usize, depth: u32) -> Step {
        if self.is_type_name(first) {
            return self.skip_name(first);
        }
        // What is skipped here is looked through once, for all the objects in it.
        if object >= self.scratch.typed_to {
            self.noting_types = true;
            let end = self.skip(object, depth);
            self.noting_types = false;
            self.scratch.typed_to = end?;
        }
        let types = &self.scratch.types;
        match types.binary_search_by_key(&object, |found| found.object) {
            Ok(index) if types[index].value != 0 => Ok(types[index].value),
            _ => {
                let message = "google.protobuf.Any lacks \"@type\", the URL of the type it holds";
                self.fail(object, message.to_owned())
            }
        }
    }

    /// A place to note where an object's `@type` is, while these are looked for.
    #[inline]
    pub(super) fn type_slot(&mut self, object: usize) -> Option<usize> {
        if !self.noting_types {
            return None;
        }
        self.scratch.types.push(TypeAt { object, value: 0 });
        Some(self.scratch.types.len() - 1)
    }

    /// Notes the `@type` of an object, the first one if there are several: reading it stops at the second.
    pub(super) fn note_type(&mut self, slot: usize, value: usize) {
        let noted = &mut self.scratch.types[slot];
        if noted.value == 0 {
            noted.value = value;
        }
    }

    /// Whether the name at `at` is `@type`.
    pub(super) fn is_type_name(&mut self, at: usize) -> bool {
        const NAME: &[u8] = b"\"@type\"";
        let rest = self.json.get(at..).unwrap_or_default();
        if rest.starts_with(NAME) {
            return true;
        }
        let escaped = rest.iter().take(NAME.len()).any(|byte| *byte == b'\\');
        escaped && matches!(self.with_text(at, |name| name == b"@type"), Ok((_, true)))
    }

    /// Appends the type's URL, the string at `at`, and finds the plan of the type.
    fn put_type(&mut self, at: usize) -> Result<&'a MessagePlan, Stop> {
        let plans = self.plans;
        if self.byte(at) != b'"' {
            self.mismatch(at, "a string with the URL of a type")?;
        }
        let (_, found) = self.with_text(at, |url| {
            let slash = url.iter().rposition(|byte| *byte == b'/')?;
            let name = std::str::from_utf8(&url[slash + 1..]).ok()?;
            (slash > 0).then(|| plans.find(name))
        })?;
        match found {
            Some(Some(id)) => {
                self.out.push(TYPE_URL);
                self.string(at)?;
                Ok(plans.message(id))
            }
            found => {
                let url = self.name_at(at)?;
                let message = match found {
                    Some(_) => {
                        let name = url.rsplit('/').next().unwrap_or(&url);
                        format!("the schema has no message type {name:?}")
                    }
                    None => format!(
                        "{url:?} is not the URL of a type, such as \
                         \"type.googleapis.com/google.protobuf.Duration\""
                    ),
                };
                self.fail(at, message)?;
                Err(Stop)
            }
        }
    }

    /// Appends the fields of a well-known type: its JSON form is in `value`, beside `@type`.
    fn type_and_value(&mut self, mut at: usize, plan: &MessagePlan, depth: u32) -> Step {
        let (mut typed, mut valued) = (false, false);
        loop {
            let name_at = at;
            at = self.skip_name(at)?;
            let (_, member) = self.with_text(name_at, |name| match name {
                b"@type" => Member::Type,
                b"value" => Member::Value,
                _ => Member::Unknown,
            })?;
            at = match member {
                Member::Type if typed => return self.duplicate(name_at, "@type"),
                Member::Value if valued => return self.duplicate(name_at, "value"),
                Member::Type => {
                    typed = true;
                    self.skip_string(at)?
                }
                Member::Value => {
                    valued = true;
                    self.known(at, plan, depth).map_err(|stop| self.within_name("value", stop))?
                }
                Member::Unknown if self.ignore_unknown => self.skip(at, depth)?,
                Member::Unknown => {
                    let name = self.name_at(name_at)?;
                    let message = format!("an Any with {} has no member", plan.name);
                    return self.no_member(name_at, &message, &name);
                }
            };
            let (after, more) = self.next(at, b'}')?;
            at = after;
            if !more {
                break;
            }
        }
        if !valued {
            let message = format!("an Any with {} lacks its \"value\"", plan.name);
            return self.fail(at - 1, message);
        }
        Ok(at)
    }
}
