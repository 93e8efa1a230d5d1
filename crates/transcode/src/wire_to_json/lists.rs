//! Lists on the straight path: all records of a list follow one another.

use super::number::{Areas, BATCH, batch, double, doubles};
use super::out::Area;
use super::scalar::{Writer, is_long, is_value, zigzag32, zigzag64};
use super::{Why, number, read, text};
use crate::plan::{Field, Kind, Stream};

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    pub fn messages(
        &mut self,
        field: &Field,
        stream: &Stream,
        mut from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        let plan = self.plans.message(stream.message);
        let start = self.key(field, stream, at)?;
        let mut at = start;
        self.indent += 1;
        while from < to && read::word(self.wire, from) & stream.mask == stream.tag {
            let tag_end = from + usize::from(stream.tag_len);
            let (begin, end) = read::length(self.wire, tag_end, to)?;
            at = self.separator(at)?;
            at = self.message(plan, begin, end, at)?;
            from = end;
        }
        self.end = from;
        self.indent -= 1;
        self.close(start, at, *b"[]")
    }

    pub fn group_list(
        &mut self,
        field: &Field,
        stream: &Stream,
        mut from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        let plan = self.plans.message(stream.message);
        let start = self.key(field, stream, at)?;
        let mut at = start;
        self.indent += 1;
        while from < to && read::word(self.wire, from) & stream.mask == stream.tag {
            at = self.separator(at)?;
            at = self.group(plan, from + usize::from(stream.tag_len), to, at, field.number)?;
            from = self.end;
        }
        self.end = from;
        self.indent -= 1;
        self.close(start, at, *b"[]")
    }

    /// Strings or bytes.
    pub fn strings(
        &mut self,
        field: &Field,
        stream: &Stream,
        mut from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        let start = self.key(field, stream, at)?;
        let mut at = start;
        self.indent += 1;
        while from < to && read::word(self.wire, from) & stream.mask == stream.tag {
            let tag_end = from + usize::from(stream.tag_len);
            let (begin, end) = read::length(self.wire, tag_end, to)?;
            at = self.separator(at)?;
            at = if field.kind == Kind::String {
                text::string(&mut self.out, at, self.wire, begin, end)?
            } else {
                text::bytes(&mut self.out, at, &self.wire[begin..end])?
            };
            from = end;
        }
        self.end = from;
        self.indent -= 1;
        self.close(start, at, *b"[]")
    }

    /// Numbers, packed or not, whichever way the field is declared.
    pub fn numbers(
        &mut self,
        field: &Field,
        stream: &Stream,
        mut from: usize,
        to: usize,
        before: usize,
    ) -> Result<usize, Why> {
        let single = stream.tag & !7 | u64::from(field.kind.wire_type());
        let packed = stream.tag & !7 | u64::from(read::LENGTH);
        let start = self.key(field, stream, before)?;
        let mut at = start;
        self.indent += 1;
        while from < to {
            let tag = read::word(self.wire, from) & stream.mask;
            let value = from + usize::from(stream.tag_len);
            if tag == packed {
                let (begin, end) = read::length(self.wire, value, to)?;
                at = self.packed(field, begin, end, at)?;
                from = end;
            } else if tag == single {
                let end = match field.kind.wire_type() {
                    read::FIXED64 => value + 8,
                    read::FIXED32 => value + 4,
                    _ => read::varint(self.wire, value)?.1,
                };
                if end > to {
                    return Err(Why::Cut);
                }
                at = self.packed(field, value, end, at)?;
                from = end;
            } else {
                break;
            }
        }
        self.end = from;
        self.indent -= 1;
        if at == start { Ok(before) } else { self.close(start, at, *b"[]") }
    }

    /// Writes packed values, each with a comma before it.
    pub fn packed(
        &mut self,
        field: &Field,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        use number::{boolean, float, quoted_signed, quoted_unsigned, signed, unsigned};
        if self.bare && is_long(field.kind) {
            return self.packed_bare(field, from, to, at);
        }
        match field.kind {
            Kind::Double => self.doubles(from, to, at),
            Kind::Float => {
                self.fixed::<4>(from, to, at, |area, word| float(area, f32::from_bits(word as u32)))
            }
            Kind::Fixed32 => self.fixed::<4>(from, to, at, unsigned),
            Kind::Fixed64 => self.fixed::<8>(from, to, at, quoted_unsigned),
            Kind::Sfixed32 => {
                self.fixed::<4>(from, to, at, |area, word| signed(area, i64::from(word as i32)))
            }
            Kind::Sfixed64 => {
                self.fixed::<8>(from, to, at, |area, word| quoted_signed(area, word.cast_signed()))
            }
            Kind::Int32 => {
                self.varints(from, to, at, |area, value| signed(area, i64::from(value as i32)))
            }
            Kind::Int64 => {
                self.varints(from, to, at, |area, value| quoted_signed(area, value.cast_signed()))
            }
            Kind::Uint32 => {
                self.varints(from, to, at, |area, value| unsigned(area, u64::from(value as u32)))
            }
            Kind::Uint64 => self.varints(from, to, at, quoted_unsigned),
            Kind::Sint32 => {
                self.varints(from, to, at, |area, value| signed(area, i64::from(zigzag32(value))))
            }
            Kind::Sint64 => {
                self.varints(from, to, at, |area, value| quoted_signed(area, zigzag64(value)))
            }
            Kind::Bool => self.varints(from, to, at, |area, value| boolean(area, value != 0)),
            Kind::Enum => self.enums(field, from, to, at),
            Kind::String | Kind::Bytes | Kind::Message | Kind::Group => Err(Why::Careful),
        }
    }

    /// The same for 64-bit integers without quotes.
    #[cold]
    fn packed_bare(
        &mut self,
        field: &Field,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        use number::{signed, unsigned};
        match field.kind {
            Kind::Fixed64 => self.fixed::<8>(from, to, at, unsigned),
            Kind::Sfixed64 => {
                self.fixed::<8>(from, to, at, |area, word| signed(area, word.cast_signed()))
            }
            Kind::Int64 => {
                self.varints(from, to, at, |area, value| signed(area, value.cast_signed()))
            }
            Kind::Sint64 => self.varints(from, to, at, |area, value| signed(area, zigzag64(value))),
            _ => self.varints(from, to, at, unsigned),
        }
    }

    #[inline(always)]
    fn fixed<const SIZE: usize>(
        &mut self,
        from: usize,
        to: usize,
        mut at: usize,
        write: impl Fn(&mut Area, u64) -> usize,
    ) -> Result<usize, Why> {
        let (values, rest) = self.wire[from..to].as_chunks::<SIZE>();
        if !rest.is_empty() {
            return Err(Why::Packed);
        }
        for values in values.chunks(BATCH) {
            let mut words = [0; BATCH];
            for (word, value) in words.iter_mut().zip(values) {
                let mut bytes = [0; 8];
                bytes[..SIZE].copy_from_slice(value);
                *word = u64::from_le_bytes(bytes);
            }
            let words = &words[..values.len()];
            at = self.batch(words, at, &write, |areas| batch(areas, words, &write))?;
        }
        Ok(at)
    }

    fn doubles(&mut self, from: usize, to: usize, mut at: usize) -> Result<usize, Why> {
        let (values, rest) = self.wire[from..to].as_chunks();
        if !rest.is_empty() {
            return Err(Why::Packed);
        }
        for values in values.chunks(BATCH) {
            let mut words = [0; BATCH];
            for (word, value) in words.iter_mut().zip(values) {
                *word = u64::from_le_bytes(*value);
            }
            let words = &words[..values.len()];
            let write = |area: &mut Area, word| double(area, f64::from_bits(word));
            at = self.batch(words, at, write, |areas| doubles(areas, words))?;
        }
        Ok(at)
    }

    #[inline(always)]
    fn varints(
        &mut self,
        mut from: usize,
        to: usize,
        mut at: usize,
        write: impl Fn(&mut Area, u64) -> usize,
    ) -> Result<usize, Why> {
        let wire = self.wire;
        while from < to {
            let mut values = [0; BATCH];
            let mut count = 0;
            while count < BATCH && from < to {
                (values[count], from) = read::any_varint(wire, from)?;
                count += 1;
            }
            let values = &values[..count];
            at = self.batch(values, at, &write, |areas| batch(areas, values, &write))?;
        }
        if from > to { Err(Why::Packed) } else { Ok(at) }
    }

    /// Writes at most [`BATCH`] values, with one look whether there is room for all of them.
    #[inline(always)]
    fn batch(
        &mut self,
        values: &[u64],
        mut at: usize,
        each: impl Fn(&mut Area, u64) -> usize,
        all: impl Fn(&mut Areas) -> usize,
    ) -> Result<usize, Why> {
        if PRETTY {
            for value in values {
                at = self.separator(at)?;
                at = self.out.area(at, |area| each(area, *value));
            }
            return Ok(at);
        }
        self.out.room(at, size_of::<Areas>())?;
        let areas = self.out.large(at).expect("there is room");
        Ok(at + all(areas))
    }

    fn enums(
        &mut self,
        field: &Field,
        mut from: usize,
        to: usize,
        mut at: usize,
    ) -> Result<usize, Why> {
        while from < to {
            let (value, end) = read::varint(self.wire, from)?;
            if is_value(field, value) {
                at = self.separator(at)?;
                at = self.enumeration(field, value as i32, at)?;
            }
            from = end;
        }
        if from > to { Err(Why::Packed) } else { Ok(at) }
    }
}
