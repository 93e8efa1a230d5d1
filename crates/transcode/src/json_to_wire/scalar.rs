//! Values of scalar and enum fields (<https://protobuf.dev/programming-guides/json/#representation>).

use super::number::{self, Integer};
use super::{Reader, Step, Stop};
use crate::plan::{EnumPlan, Field, Kind};
use crate::raw::Short;
use crate::varint;
use std::sync::atomic::Ordering::Relaxed;

pub(super) use super::number::Why;

/// How a value is written: as a record, unless it is zero or empty and the field's presence is implicit; as a
/// record; without a tag.
pub(super) const FIELD: u8 = 0;
pub(super) const RECORD: u8 = 1;
pub(super) const BARE: u8 = 2;

impl Reader<'_> {
    /// Appends a value of any kind.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn value<const FORM: u8>(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        match field.kind {
            Kind::String => {
                if FORM == FIELD && self.is_empty_string(at) && field.is_implicit() {
                    return Ok(at + 2);
                }
                self.tagged_string(at, field.tag)
            }
            Kind::Message => self.message_field(at, field, depth),
            Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64 => self.whole::<FORM>(at, field),
            Kind::Double => {
                let (end, value) = self.double(at, field)?;
                self.put_fixed::<FORM, 8>(field, value.to_bits().to_le_bytes());
                Ok(end)
            }
            Kind::Float => {
                let (end, value) = self.single(at, field)?;
                self.put_fixed::<FORM, 4>(field, value.to_bits().to_le_bytes());
                Ok(end)
            }
            Kind::Bool => {
                let value = self.byte(at) == b't';
                let end = if value {
                    self.literal(at, "true")?
                } else if self.byte(at) == b'f' {
                    self.literal(at, "false")?
                } else {
                    return self.mismatch(at, "true or false");
                };
                self.put_number::<FORM>(field, u64::from(value));
                Ok(end)
            }
            Kind::Enum => self.enumeration::<FORM>(at, field),
            Kind::Bytes => {
                if FORM == FIELD && self.is_empty_string(at) && field.is_implicit() {
                    return Ok(at + 2);
                }
                self.put_tag(field);
                self.bytes(at)
            }
            Kind::Group => {
                self.put_tag(field);
                let end = self.message(at, self.plans.message(field.message), depth)?;
                // Of the same number, with wire type 4 instead of 3.
                let begin = self.out.len();
                self.put_tag(field);
                self.out[begin] += 1;
                Ok(end)
            }
        }
    }

    pub(super) fn is_empty_string(&self, at: usize) -> bool {
        self.byte(at) == b'"' && self.byte(at + 1) == b'"'
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_tag(&mut self, field: &Field) {
        self.out.put_after(field.tag, &[], 0);
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_varint(&mut self, number: u64) {
        self.put_tagged(Short::NONE, number);
    }

    /// Appends a tag and a varint.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_tagged(&mut self, tag: Short, number: u64) {
        if number < 0x80 {
            self.out.put_one(tag, number as u8);
            return;
        }
        match varint::short(number) {
            Some((word, len)) => self.out.put_after(tag, &word.to_le_bytes(), len),
            None => self.put_long_varint(tag, number),
        }
    }

    #[inline(never)]
    fn put_long_varint(&mut self, tag: Short, number: u64) {
        let (low, high, len) = varint::long(number);
        self.out.put_after(tag, &low.to_le_bytes(), 8);
        self.out.put(&high.to_le_bytes(), len - 8);
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_number<const FORM: u8>(&mut self, field: &Field, number: u64) {
        if FORM == FIELD && number == 0 && field.is_implicit() {
            return;
        }
        if FORM == BARE {
            self.put_varint(number);
        } else {
            self.put_tagged(field.tag, number);
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn put_fixed<const FORM: u8, const N: usize>(
        &mut self,
        field: &Field,
        bytes: [u8; N],
    ) {
        // By its bits, so that -0.0 is something.
        if FORM == FIELD && bytes == [0; N] && field.is_implicit() {
            return;
        }
        self.out.put_after(if FORM == BARE { Short::NONE } else { field.tag }, &bytes, N);
    }

    /// Appends an integer of any kind.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn whole<const FORM: u8>(&mut self, at: usize, field: &Field) -> Step {
        let Integer { end, negative, magnitude } = self.integer(at, field)?;
        if magnitude > field.reach[usize::from(negative)] {
            return self.stop_number(at, field, Why::Range);
        }
        let number = if negative { magnitude.wrapping_neg() } else { magnitude };
        match field.kind {
            Kind::Sint32 | Kind::Sint64 => {
                self.put_number::<FORM>(field, varint::zigzag(number.cast_signed()));
            }
            Kind::Fixed32 | Kind::Sfixed32 => {
                self.put_fixed::<FORM, 4>(field, (number as u32).to_le_bytes());
            }
            Kind::Fixed64 | Kind::Sfixed64 => {
                self.put_fixed::<FORM, 8>(field, number.to_le_bytes());
            }
            _ => self.put_number::<FORM>(field, number),
        }
        Ok(end)
    }

    /// The integer at `at`, in quotes or not.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn integer(&mut self, at: usize, field: &Field) -> Result<Integer, Stop> {
        let quoted = self.byte(at) == b'"';
        match number::integer(self.json, at + usize::from(quoted)) {
            Ok(read) if !quoted => Ok(read),
            Ok(read) if self.byte(read.end) == b'"' => Ok(Integer { end: read.end + 1, ..read }),
            Err(why) if !quoted => self.stop_number(at, field, why),
            _ => self
                .quoted(at, field, |text| number::any_integer(text, 0).map(|read| (read.end, read)))
                .map(|(end, read)| Integer { end, ..read }),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn double(&mut self, at: usize, field: &Field) -> Result<(usize, f64), Stop> {
        match number::double(self.json, at) {
            Ok(read) => Ok(read),
            Err(_) if self.byte(at) == b'"' => self.quoted(at, field, |text| match text {
                b"NaN" => Ok((text.len(), f64::NAN)),
                b"Infinity" => Ok((text.len(), f64::INFINITY)),
                b"-Infinity" => Ok((text.len(), f64::NEG_INFINITY)),
                text => number::any_double(text, 0),
            }),
            Err(why) => self.stop_number(at, field, why),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn single(&mut self, at: usize, field: &Field) -> Result<(usize, f32), Stop> {
        match number::single(self.json, at) {
            Ok(read) => Ok(read),
            Err(_) if self.byte(at) == b'"' => self.quoted(at, field, |text| match text {
                b"NaN" => Ok((text.len(), f32::NAN)),
                b"Infinity" => Ok((text.len(), f32::INFINITY)),
                b"-Infinity" => Ok((text.len(), f32::NEG_INFINITY)),
                text => number::single(text, 0),
            }),
            Err(why) => self.stop_number(at, field, why),
        }
    }

    /// A number that a whole string says, as `read` makes of its text.
    #[inline(never)]
    fn quoted<T>(
        &mut self,
        at: usize,
        field: &Field,
        read: impl FnOnce(&[u8]) -> Result<(usize, T), Why>,
    ) -> Result<(usize, T), Stop> {
        let (end, read) = self.with_text(at, |text| {
            let (end, number) = read(text)?;
            if end == text.len() { Ok(number) } else { Err(Why::Grammar) }
        })?;
        match read {
            Ok(number) => Ok((end, number)),
            Err(why) => self.stop_number(at, field, why),
        }
    }

    #[cold]
    pub(super) fn stop_number<T>(&mut self, at: usize, field: &Field, why: Why) -> Result<T, Stop> {
        Err(match self.not_a_number(at, field, why) {
            Err(stop) => stop,
            Ok(_) => Stop,
        })
    }

    /// What `read` makes of what the string at `at` says, and where the string ends.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn with_text<T>(
        &mut self,
        at: usize,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<(usize, T), Stop> {
        let run = self.run(at + 1, self.json.len());
        if run.ascii && self.byte(run.end) == b'"' {
            return Ok((run.end + 1, read(&self.json[at + 1..run.end])));
        }
        let end = self.string_to_text(at)?;
        Ok((end, read(&self.scratch.text)))
    }

    /// Appends an integer that is a varint without zigzag.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn varint_field<const FORM: u8>(&mut self, at: usize, field: &Field) -> Step {
        let Integer { end, negative, magnitude } = self.integer(at, field)?;
        if magnitude > field.reach[usize::from(negative)] {
            return self.stop_number(at, field, Why::Range);
        }
        let number = if negative { magnitude.wrapping_neg() } else { magnitude };
        self.put_number::<FORM>(field, number);
        Ok(end)
    }

    /// The same without a tag, of a length that nobody can foresee, as that of identifiers; `None`, and nothing
    /// appended, when it is anything unusual.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn wide_varint(&mut self, at: usize, field: &Field) -> Option<usize> {
        let Integer { end, negative, magnitude } = number::wide_integer(self.json, at)?;
        if magnitude > field.reach[usize::from(negative)] {
            return None;
        }
        let sign = u64::from(negative);
        let (block, len) = varint::any((magnitude ^ sign.wrapping_neg()).wrapping_add(sign));
        self.out.put(&block, len);
        Some(end)
    }

    /// The same of mostly short ones, which the branches of `integer` favour.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn narrow_varint(&mut self, at: usize, field: &Field) -> Option<usize> {
        let Integer { end, negative, magnitude } = number::integer(self.json, at).ok()?;
        if magnitude > field.reach[usize::from(negative)] {
            return None;
        }
        self.put_varint(if negative { magnitude.wrapping_neg() } else { magnitude });
        Some(end)
    }

    #[inline(never)]
    pub(super) fn double_field(&mut self, at: usize, field: &Field) -> Step {
        let (end, value) = self.double(at, field)?;
        self.put_fixed::<FIELD, 8>(field, value.to_bits().to_le_bytes());
        Ok(end)
    }

    /// The number of the enum value at `at` if it is the one that came last time, and where it ends.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn guess_value(&self, at: usize, field: &Field) -> Option<(u64, usize)> {
        let plan = field.enumeration.as_deref()?;
        let value = plan.values.get(usize::from(plan.hint.load(Relaxed)))?;
        value
            .key
            .is_at(self.json, at)
            .then(|| (i64::from(value.number).cast_unsigned(), at + value.key.len()))
    }

    /// Appends an enum's value; nothing when it is of an unknown name and those are ignored.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn enumeration<const FORM: u8>(&mut self, at: usize, field: &Field) -> Step {
        let Some(plan) = field.enumeration.as_deref() else {
            return self.mismatch(at, "an enum value");
        };
        match self.byte(at) {
            b'"' => {
                // The name that came last time, most often.
                if let Some((number, end)) = self.guess_value(at, field) {
                    self.put_number::<FORM>(field, number);
                    return Ok(end);
                }
                let (end, number) = self.with_text(at, |name| plan.number(name))?;
                match number {
                    Some(number) => {
                        self.put_number::<FORM>(field, i64::from(number).cast_unsigned())
                    }
                    None if self.ignore_unknown => {}
                    None => return self.unknown_name(at, plan),
                }
                Ok(end)
            }
            b'n' if plan.null => {
                let end = self.literal(at, "null")?;
                self.put_number::<FORM>(field, 0);
                Ok(end)
            }
            _ => {
                let (end, number) = self.enum_number(at, field, plan)?;
                if let Some(number) = number {
                    self.put_number::<FORM>(field, number.cast_unsigned());
                }
                Ok(end)
            }
        }
    }

    #[inline(never)]
    fn enum_number(
        &mut self,
        at: usize,
        field: &Field,
        plan: &EnumPlan,
    ) -> Result<(usize, Option<i64>), Stop> {
        if !matches!(self.byte(at), b'-' | b'0'..=b'9') {
            let wanted = format!("a name or number of {}", plan.name);
            return self.mismatch(at, &wanted).map(|end| (end, None));
        }
        let Integer { end, negative, magnitude } = self.integer(at, field)?;
        if magnitude > field.reach[usize::from(negative)] {
            return self.stop_number(at, field, Why::Range);
        }
        let magnitude = magnitude.cast_signed();
        let number = if negative { -magnitude } else { magnitude };
        if plan.closed && plan.value(number as i32).is_none() {
            // A reader would take it for an unknown field.
            if !self.ignore_unknown {
                let message = format!("{} has no value {number}", plan.name);
                return self.fail(at, message).map(|end| (end, None));
            }
            return Ok((end, None));
        }
        Ok((end, Some(number)))
    }

    #[cold]
    fn unknown_name(&mut self, at: usize, plan: &EnumPlan) -> Step {
        self.string_to_text(at)?;
        let name = std::mem::take(&mut self.scratch.text);
        self.no_enum_name(at, plan, &name)
    }
}
