//! The well-known types that have a JSON form of their own (<https://protobuf.dev/programming-guides/json/>).

use super::scalar::FIELD;
use super::{Reader, Step, number, repeats, repeats::KeyAt, scalar, time};
use crate::plan::{Field, Form, Kind, MessagePlan};
use crate::raw::Short;
use crate::varint;

/// Tags of `google.protobuf.Struct`, `Value` and `ListValue`: all field numbers are below 16.
const ENTRY: u8 = 1 << 3 | 2;
const KEY: u8 = 1 << 3 | 2;
const ENTRY_VALUE: u8 = 2 << 3 | 2;
const NULL: u8 = 1 << 3;
const NUMBER: u8 = 2 << 3 | 1;
const STRING: u8 = 3 << 3 | 2;
const BOOL: u8 = 4 << 3;
const STRUCT: u8 = 5 << 3 | 2;
const LIST: u8 = 6 << 3 | 2;
const ELEMENT: u8 = 1 << 3 | 2;

/// Tags of `google.protobuf.Timestamp` and `Duration`.
const SECONDS: u8 = 1 << 3;
const NANOS: u8 = 2 << 3;

impl Reader<'_> {
    /// Appends the fields of a message of a well-known type.
    #[inline(never)]
    pub(super) fn known(&mut self, at: usize, plan: &MessagePlan, depth: u32) -> Step {
        match plan.form {
            Form::Timestamp => self.timestamp(at),
            Form::Duration => self.time(at, "a string with a duration", time::duration),
            Form::FieldMask => self.field_mask(at),
            Form::Struct => self.structure(at, depth),
            Form::Value => self.any_value(at, depth),
            Form::ListValue => self.list_value(at, depth),
            Form::Any => self.any(at, depth),
            Form::Wrapper | Form::Object => self.wrapped(at, plan, depth),
        }
    }

    /// The only field of a wrapper.
    fn wrapped(&mut self, at: usize, plan: &MessagePlan, depth: u32) -> Step {
        let Some(field) = plan.by_number(1).and_then(|index| plan.fields.get(usize::from(index)))
        else {
            return self.mismatch(at, "no value");
        };
        self.value::<FIELD>(at, field, depth)
    }

    /// Appends a field of the type `google.protobuf.Timestamp`.
    #[inline(never)]
    pub(super) fn timestamp_field(&mut self, at: usize, field: &Field) -> Step {
        if let Some((end, seconds, nanos)) = self.whole_time(at)
            && let Some((word, len)) = u64::try_from(seconds).ok().and_then(varint::short)
            && len < 8
            && seconds != 0
        {
            let (more, more_len) = match nanos {
                0 => (0, 0),
                _ => varint::short(nanos.into()).map_or((0, 0), |(word, len)| (word, len + 1)),
            };
            let len = len + 1;
            let seconds = (word << 8 | u64::from(SECONDS)).to_le_bytes();
            self.out.put_between(field.tag, (len + more_len) as u8, &seconds, len);
            if more_len != 0 {
                self.out.put(&(more << 8 | u64::from(NANOS)).to_le_bytes(), more_len);
            }
            return Ok(end);
        }
        self.message_field(at, field, 0)
    }

    /// Where the timestamp at `at` ends, its seconds and nanoseconds, if it is as most are written: in UTC, with or
    /// without milliseconds. Where the string ends need not be looked for then.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn whole_time(&self, at: usize) -> Option<(usize, i64, u32)> {
        let text = self.json;
        let seconds = time::whole(|place| text.word(at + 1 + place))?;
        match text.block::<6>(at + 20) {
            _ if text.byte(at) != b'"' => None,
            [b'Z', b'"', ..] => Some((at + 22, seconds, 0)),
            [b'.', hundreds, tens, ones, b'Z', b'"'] => {
                let digits = [hundreds, tens, ones].map(|digit| digit.wrapping_sub(b'0'));
                let millis = digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit));
                let sound = digits.iter().all(|digit| *digit <= 9);
                sound.then(|| (at + 26, seconds, millis * 1_000_000))
            }
            _ => None,
        }
    }

    fn timestamp(&mut self, at: usize) -> Step {
        if let Some((end, seconds, nanos)) = self.whole_time(at) {
            self.put_time(seconds, nanos as i32);
            return Ok(end);
        }
        self.time(at, "a string with a timestamp", time::timestamp)
    }

    fn time(
        &mut self,
        at: usize,
        wanted: &str,
        read: impl FnOnce(&[u8]) -> Result<time::Time, &'static str>,
    ) -> Step {
        if self.byte(at) != b'"' {
            return self.mismatch(at, wanted);
        }
        match self.with_text(at, read)? {
            (end, Ok((seconds, nanos))) => {
                self.put_time(seconds, nanos);
                Ok(end)
            }
            (_, Err(message)) => self.fail(at, message.to_owned()),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put_time(&mut self, seconds: i64, nanos: i32) {
        if seconds != 0 {
            self.out.push(SECONDS);
            self.put_varint(seconds.cast_unsigned());
        }
        if nanos != 0 {
            self.out.push(NANOS);
            self.put_varint(i64::from(nanos).cast_unsigned());
        }
    }

    /// Paths in lowerCamelCase, separated by commas.
    fn field_mask(&mut self, at: usize) -> Step {
        if self.byte(at) != b'"' {
            return self.mismatch(at, "a string with the paths of a field mask");
        }
        let end = self.string_to_text(at)?;
        let text = std::mem::take(&mut self.scratch.text);
        if text.contains(&b'_') {
            let message = "the paths of a field mask are in lowerCamelCase, without underscores";
            return self.fail(at, message.to_owned());
        }
        let paths = || text.split(|byte| *byte == b',').filter(|_| !text.is_empty());
        let is_path = |path: &[u8]| {
            let allowed = |byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'\\');
            !path.is_empty() && path.iter().copied().all(allowed)
        };
        // The same that are written the other way.
        if let Some(wrong) = paths().find(|path| !is_path(path)) {
            let message =
                format!("{:?} is no path of a field mask", String::from_utf8_lossy(wrong));
            return self.fail(at, message);
        }
        for path in paths() {
            let capitals = path.iter().filter(|byte| byte.is_ascii_uppercase()).count();
            self.out.push(1 << 3 | 2);
            self.put_varint((path.len() + capitals) as u64);
            for byte in path {
                if byte.is_ascii_uppercase() {
                    self.out.push(b'_');
                }
                self.out.push(byte.to_ascii_lowercase());
            }
        }
        self.scratch.text = text;
        Ok(end)
    }

    /// `google.protobuf.Value`: exactly one field, which is written even when it is zero or empty.
    fn any_value(&mut self, at: usize, depth: u32) -> Step {
        match self.byte(at) {
            b'"' => {
                self.out.push(STRING);
                self.string(at)
            }
            b'{' => self.nested(STRUCT, |reader| reader.structure(at, depth)),
            b'[' => self.nested(LIST, |reader| reader.list_value(at, depth)),
            b't' => {
                self.out.extend_from_slice(&[BOOL, 1]);
                self.literal(at, "true")
            }
            b'f' => {
                self.out.extend_from_slice(&[BOOL, 0]);
                self.literal(at, "false")
            }
            b'n' => {
                self.out.extend_from_slice(&[NULL, 0]);
                self.literal(at, "null")
            }
            _ => match number::double(self.json, at) {
                Ok((end, number)) => {
                    self.out.push(NUMBER);
                    self.out.extend_from_slice(&number.to_le_bytes());
                    Ok(end)
                }
                Err(scalar::Why::Range) => {
                    self.fail(at, "the number does not fit the type double".to_owned())
                }
                Err(_) => {
                    let end = self.skip_scalar(at)?;
                    self.unexpected(end, "a JSON value")
                }
            },
        }
    }

    fn structure(&mut self, at: usize, depth: u32) -> Step {
        if self.byte(at) != b'{' {
            return self.mismatch(at, "an object");
        }
        let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
        let mut at = self.space(at + 1);
        if self.byte(at) == b'}' {
            return Ok(at + 1);
        }
        let base = self.scratch.keys.len();
        loop {
            if self.byte(at) != b'"' {
                return self.unexpected(at, "a name in double quotes");
            }
            let name_at = at;
            at = self.nested(ENTRY, |reader| {
                reader.out.push(KEY);
                let before = reader.out.len();
                let end = reader.string(name_at)?;
                let sign = repeats::sign(&reader.out[before..], Kind::String);
                reader.scratch.keys.push(KeyAt { at: name_at, sign });
                let value = reader.colon(end)?;
                reader
                    .nested(ENTRY_VALUE, |reader| reader.any_value(value, depth))
                    .map_err(|stop| reader.within_member(name_at, stop))
            })?;
            let (after, more) = self.next(at, b'}')?;
            at = after;
            if !more {
                break;
            }
        }
        self.check_repeats(base, true)?;
        Ok(at)
    }

    fn list_value(&mut self, at: usize, depth: u32) -> Step {
        if self.byte(at) != b'[' {
            return self.mismatch(at, "an array");
        }
        let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
        let mut at = self.space(at + 1);
        if self.byte(at) == b']' {
            return Ok(at + 1);
        }
        let mut index = 0;
        loop {
            at = self
                .nested(ELEMENT, |reader| reader.any_value(at, depth))
                .map_err(|stop| self.within_index(index, stop))?;
            index += 1;
            let (after, more) = self.next(at, b']')?;
            at = after;
            if !more {
                return Ok(at);
            }
        }
    }

    /// Appends a length-prefixed field.
    #[inline]
    fn nested(&mut self, tag: u8, body: impl FnOnce(&mut Self) -> Step) -> Step {
        self.out.push(tag);
        let width = &self.plans.hints.nested;
        let open = self.open(Short::NONE, width);
        let end = body(self)?;
        self.close(&open, width);
        Ok(end)
    }
}
