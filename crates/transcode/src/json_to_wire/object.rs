//! Messages: objects of fields.

use super::scalar::FIELD;
use super::{Reader, Step, Stop};
use crate::plan::{Arity, Field, Form, Kind, MessagePlan, NONE, Op};
use crate::raw::Short;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// When so many guesses are wrong in an object, its members have no order that could be known from the one before. No
/// guess is made from it then for so many objects: one that is wrong costs more than to look at the name.
const MISSES: u32 = 2;
const UNORDERED: u8 = u8::MAX;

/// Where a member's name is, where the bits beyond the first 64 of its object begin, and how deep it may be nested.
struct Member {
    name_at: usize,
    base: usize,
    depth: u32,
}

/// Who else has a say on the names of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Message,
    /// `@type` is a member too.
    Any,
}

impl Reader<'_> {
    /// Appends a singular message field, or an element of a list of them.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn message_field(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        let open = self.open(field.tag, &field.width);
        let end = self.message(at, self.plans.message(field.message), depth)?;
        self.close(&open, &field.width);
        Ok(end)
    }

    /// Appends the fields of a message of any form.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn message(&mut self, at: usize, plan: &MessagePlan, depth: u32) -> Step {
        if plan.form != Form::Object {
            return self.known(at, plan, depth);
        }
        if self.byte(at) != b'{' {
            return self.mismatch(at, "an object");
        }
        let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
        let at = self.space(at + 1);
        if self.byte(at) == b'}' {
            if !plan.required.is_empty() && !self.partial {
                return self.missing(at, plan, plan.required[0]);
            }
            return Ok(at + 1);
        }
        self.members(at, plan, depth, Inside::Message)
    }

    /// Appends the fields of an object, given where its first name is.
    pub(super) fn members(
        &mut self,
        mut at: usize,
        plan: &MessagePlan,
        depth: u32,
        inside: Inside,
    ) -> Step {
        // What has come so far: a bit for each field, and one for each oneof after these. The first 64; the rest
        // begins at `base` in the scratch buffer.
        let mut seen = 0;
        let base = self.scratch.seen.len();
        let beyond = (plan.fields.len() + plan.oneofs.len()).saturating_sub(64);
        if beyond > 0 {
            self.scratch.seen.resize(base + beyond.div_ceil(64), 0);
        }
        let mut hint = &plan.first_json;
        let unordered = plan.unordered.load(Relaxed);
        if unordered > 0 {
            plan.unordered.store(unordered - 1, Relaxed);
        }
        let mut misses = 0;
        let mut typed = false;
        loop {
            let name_at = at;
            let guess = if unordered > 0 {
                self.guess_by_beginning(at, plan)
            } else {
                self.guess(at, plan, hint)
            };
            let field = match guess {
                Some(field) => {
                    at = self.space(at + field.key.len());
                    field
                }
                None => match self.look_up(at, plan, hint)? {
                    (Some(field), value) => {
                        misses += 1;
                        at = value;
                        field
                    }
                    (None, value) => {
                        at = if inside == Inside::Any && self.is_type_name(name_at) {
                            if typed {
                                return self.duplicate(name_at, "@type");
                            }
                            typed = true;
                            self.skip_string(value)?
                        } else {
                            self.unknown(name_at, value, plan, depth)?
                        };
                        match self.next(at, b'}')? {
                            (after, true) => at = after,
                            (after, false) => {
                                at = after;
                                break;
                            }
                        }
                        continue;
                    }
                },
            };
            hint = &field.next_json;
            if seen & field.bit != 0 {
                return self.duplicate(name_at, &field.json_name);
            }
            seen |= field.bit;
            // The most common first, each as it is most often written.
            at = match field.op {
                Op::String
                    if let Some((text, len)) = self.short_text(at)
                        && (len != 0 || !field.is_implicit()) =>
                {
                    self.out.put_between(field.tag, len as u8, text, len);
                    at + len + 2
                }
                Op::Integer if self.byte(at) != b'n' => self
                    .varint_field::<FIELD>(at, field)
                    .map_err(|stop| self.within_field(field, stop))?,
                Op::Enum if let Some((value, end)) = self.guess_value(at, field) => {
                    self.put_number::<FIELD>(field, value);
                    end
                }
                Op::Object if self.byte(at) == b'{' => self
                    .message_field(at, field, depth)
                    .map_err(|stop| self.within_field(field, stop))?,
                Op::List if self.byte(at) == b'[' => {
                    self.list(at, field, depth).map_err(|stop| self.within_field(field, stop))?
                }
                Op::Timestamp if self.byte(at) == b'"' => self
                    .timestamp_field(at, field)
                    .map_err(|stop| self.within_field(field, stop))?,
                Op::Double if self.byte(at) != b'n' => {
                    self.double_field(at, field).map_err(|stop| self.within_field(field, stop))?
                }
                Op::Bool if self.json.block(at) == b"true" => {
                    self.out.put_one(field.tag, 1);
                    at + 4
                }
                Op::Map if self.byte(at) == b'{' => {
                    self.map(at, field, depth).map_err(|stop| self.within_field(field, stop))?
                }
                _ => {
                    let member = Member { name_at, base, depth };
                    self.any_member(at, plan, field, &mut seen, &member)?
                }
            };
            match self.next(at, b'}')? {
                (after, true) => at = after,
                (after, false) => {
                    at = after;
                    break;
                }
            }
        }
        if misses >= MISSES && unordered == 0 {
            plan.unordered.store(UNORDERED, Relaxed);
        }
        for index in &plan.required {
            if !self.mark(&mut seen, base, usize::from(*index)) && !self.partial {
                return self.missing(at - 1, plan, *index);
            }
        }
        if beyond > 0 {
            self.scratch.seen.truncate(base);
        }
        Ok(at)
    }

    /// Appends a field of any kind and arity, the value of which is at `at`; its bit of the first 64 was set.
    #[inline(never)]
    fn any_member(
        &mut self,
        at: usize,
        plan: &MessagePlan,
        field: &Field,
        seen: &mut u64,
        member: &Member,
    ) -> Step {
        let Member { name_at, base, depth } = *member;
        if field.bit == 0 && self.mark(seen, base, usize::from(field.index)) {
            return self.duplicate(name_at, &field.json_name);
        }
        if self.byte(at) == b'n' && !self.takes_null(field) {
            if field.required && !self.partial {
                return self.missing(at, plan, field.index);
            }
            self.literal(at, "null")
        } else {
            if field.oneof != NONE
                && self.mark(seen, base, plan.fields.len() + usize::from(field.oneof))
            {
                return self.second_member(name_at, plan, field);
            }
            match plan.message_set {
                true => self.item(at, field, depth),
                false => self.field(at, field, depth),
            }
        }
        .map_err(|stop| self.within_field(field, stop))
    }

    /// The field that the name at `at` is of, if it is the one that came next last time, or the one after.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn guess<'p>(&self, at: usize, plan: &'p MessagePlan, hint: &AtomicU16) -> Option<&'p Field> {
        let guess = usize::from(hint.load(Relaxed));
        let field = plan.fields.get(guess)?;
        if field.key.is_at(self.json, at) {
            return Some(field);
        }
        // The guess may be absent this time. It stays, so that those with it and those without it take turns freely.
        plan.fields.get(guess + 1).filter(|field| field.key.is_at(self.json, at))
    }

    /// The same where nothing is known of the order.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn guess_by_beginning<'p>(&self, at: usize, plan: &'p MessagePlan) -> Option<&'p Field> {
        let field = plan.fields.get(plan.beginnings.guess(self.json.word(at)))?;
        field.key.is_at(self.json, at).then_some(field)
    }

    /// The field that the name at `at` is of, if any, and where its value is.
    #[inline(never)]
    fn look_up<'p>(
        &mut self,
        at: usize,
        plan: &'p MessagePlan,
        hint: &AtomicU16,
    ) -> Result<(Option<&'p Field>, usize), Stop> {
        if self.byte(at) != b'"' {
            let wanted = "a name in double quotes";
            return self.unexpected(at, wanted).map(|at| (None, at));
        }
        // Where it most often is, compared with its quotes and colon at once.
        if let Some((chunk, len)) = self.short_text(at)
            && let Some(index) = plan.names.guess(&chunk[..len])
            && let Some(field) = plan.fields.get(usize::from(index))
            && field.key.is_at(self.json, at)
        {
            hint.store(index, Relaxed);
            return Ok((Some(field), self.space(at + field.key.len())));
        }
        let (end, found) = self.with_text(at, |name| plan.names.find(name))?;
        let value = self.colon(end)?;
        if let Some(index) = found {
            hint.store(index, Relaxed);
        }
        Ok((found.and_then(|index| plan.fields.get(usize::from(index))), value))
    }

    /// Sets a bit; whether it was set.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn mark(&mut self, seen: &mut u64, base: usize, bit: usize) -> bool {
        if bit < 64 {
            let was = *seen & (1 << bit) != 0;
            *seen |= 1 << bit;
            was
        } else {
            self.mark_beyond(base, bit - 64)
        }
    }

    #[inline(never)]
    fn mark_beyond(&mut self, base: usize, bit: usize) -> bool {
        let word = &mut self.scratch.seen[base + bit / 64];
        let mask = 1 << (bit % 64);
        let was = *word & mask != 0;
        *word |= mask;
        was
    }

    /// Appends a field's value, however often it may come.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn field(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        match field.arity {
            Arity::Singular { .. } => self.value::<FIELD>(at, field, depth),
            Arity::Expanded | Arity::Packed => self.list(at, field, depth),
            Arity::Map => self.map(at, field, depth),
        }
    }

    /// Appends an extension of a message set: a group of its number and its message.
    #[cold]
    fn item(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        const START: u8 = 1 << 3 | 3;
        const NUMBER: u8 = 2 << 3;
        const MESSAGE: u8 = 3 << 3 | 2;
        const END: u8 = 1 << 3 | 4;
        if field.kind != Kind::Message || field.is_list() {
            return self.field(at, field, depth);
        }
        self.out.extend_from_slice(&[START, NUMBER]);
        self.put_varint(u64::from(field.number));
        self.out.push(MESSAGE);
        let open = self.open(Short::NONE, &field.width);
        let end = self.message(at, self.plans.message(field.message), depth)?;
        self.close(&open, &field.width);
        self.out.push(END);
        Ok(end)
    }

    /// Whether `null` is a value of the field instead of standing for its absence.
    #[cold]
    fn takes_null(&self, field: &Field) -> bool {
        matches!(field.arity, Arity::Singular { .. }) && self.is_nullable(field)
    }

    /// Whether `null` is a value of the field's type.
    #[cold]
    pub(super) fn is_nullable(&self, field: &Field) -> bool {
        match field.kind {
            Kind::Enum => field.enumeration.as_ref().is_some_and(|plan| plan.null),
            Kind::Message | Kind::Group => self.plans.message(field.message).form == Form::Value,
            _ => false,
        }
    }

    #[cold]
    fn unknown(&mut self, name_at: usize, at: usize, plan: &MessagePlan, depth: u32) -> Step {
        if self.ignore_unknown {
            return self.skip(at, depth);
        }
        let name = self.name_at(name_at)?;
        self.no_field(name_at, &plan.name, &name)
    }

    /// What the name at `at` says.
    #[cold]
    pub(super) fn name_at(&mut self, at: usize) -> Result<String, Stop> {
        self.string_to_text(at)?;
        Ok(String::from_utf8_lossy(&self.scratch.text).into_owned())
    }

    #[cold]
    pub(super) fn duplicate(&mut self, at: usize, name: &str) -> Step {
        self.fail(at, format!("{name:?} is given twice"))
    }

    #[cold]
    fn second_member(&mut self, at: usize, plan: &MessagePlan, field: &Field) -> Step {
        let oneof = plan.oneofs.get(usize::from(field.oneof)).map_or("", |name| name);
        let message = format!(
            "{:?} is the second member of the oneof {oneof:?}, of which one may be given",
            field.json_name
        );
        self.fail(at, message)
    }

    #[cold]
    fn missing(&mut self, at: usize, plan: &MessagePlan, index: u16) -> Step {
        let name = &plan.fields[usize::from(index)].json_name;
        self.fail(at, format!("{} lacks the required field {name:?}", plan.name))
    }
}
