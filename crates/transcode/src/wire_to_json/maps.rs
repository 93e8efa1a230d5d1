//! Maps on the straight path: all entries follow one another, each has its key before its value, and no key comes
//! twice.

use super::scalar::{Writer, is_value, zigzag32, zigzag64};
use super::{Why, read, text};
use crate::plan::{Field, Kind, MessagePlan};
use crate::raw::Text;

/// Keys that are compared each with each; more are sorted.
const FEW: usize = 16;

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    pub fn map(
        &mut self,
        plan: &'a MessagePlan,
        index: u16,
        from: usize,
        to: usize,
        before: usize,
    ) -> Result<usize, Why> {
        let (field, stream) = (&plan.fields[usize::from(index)], &plan.streams[usize::from(index)]);
        let start = self.key(field, stream, before)?;
        self.indent += 1;
        let at = self.entries(plan, index, from, to, start)?;
        self.indent -= 1;
        if at == start { Ok(before) } else { self.close(start, at, *b"{}") }
    }

    /// Writes the entries, each with a comma before it.
    pub fn entries(
        &mut self,
        plan: &'a MessagePlan,
        index: u16,
        mut from: usize,
        to: usize,
        mut at: usize,
    ) -> Result<usize, Why> {
        let (field, stream) = (&plan.fields[usize::from(index)], &plan.streams[usize::from(index)]);
        let Some([key, value]) = field.entry.as_deref() else { return Err(Why::Careful) };
        let inner = value.kind.is_message().then(|| self.plans.message(value.message));
        let (mut few, mut count) = ([0; FEW], 0);
        let mut base = 0;
        while from < to && read::word(self.wire, from) & stream.mask == stream.tag {
            let tag_end = from + usize::from(stream.tag_len);
            let (begin, end) = read::length(self.wire, tag_end, to)?;
            from = end;
            let entry = self.entry(key, value, begin, end)?;
            if entry.skipped {
                continue;
            }
            let mark = self.mark(key, entry.key)?;
            if count < FEW {
                if few[..count].contains(&mark) {
                    return Err(Why::Careful);
                }
                few[count] = mark;
            } else {
                if count == FEW {
                    base = self.gathered.marks.len();
                }
                self.gathered.marks.push(mark);
            }
            count += 1;
            at = self.separator(at)?;
            at = self.map_key(key, entry.key, at)?;
            at = match (inner, entry.value) {
                (Some(inner), Some(value)) => {
                    let (begin, end) = read::length(self.wire, value, end)?;
                    self.message(inner, begin, end, at)?
                }
                (Some(inner), None) => self.message(inner, end, end, at)?,
                (None, Some(from)) if value.kind == Kind::String => {
                    let (begin, end) = read::length(self.wire, from, end)?;
                    text::string(&mut self.out, at, self.wire, begin, end)?
                }
                (None, Some(from)) => self.scalar(value, from, at)?,
                (None, None) => self.default(value, at)?,
            };
        }
        if count > FEW {
            self.gathered.marks.extend(few);
            let marks = &mut self.gathered.marks[base..];
            marks.sort_unstable();
            if marks.windows(2).any(|two| two[0] == two[1]) {
                return Err(Why::Careful);
            }
            self.gathered.marks.truncate(base);
        }
        self.end = from;
        Ok(at)
    }

    /// Where key and value of an entry are.
    #[inline]
    fn entry(&self, key: &Field, value: &Field, from: usize, to: usize) -> Result<Entry, Why> {
        let mut entry = Entry { key: None, value: None, skipped: false };
        let mut at = from;
        for (part, place) in [(key, &mut entry.key), (value, &mut entry.value)] {
            // The numbers 1 and 2, so their tags are of one byte.
            if at < to && self.wire[at] == part.tag()[0] {
                *place = Some(at + 1);
                at = match part.kind.wire_type() {
                    read::VARINT => read::varint(self.wire, at + 1)?.1,
                    read::FIXED64 => at + 9,
                    read::FIXED32 => at + 5,
                    read::LENGTH => read::length(self.wire, at + 1, to)?.1,
                    _ => return Err(Why::Careful),
                };
            }
        }
        if at != to {
            return Err(Why::Careful);
        }
        if let (Kind::Enum, Some(at)) = (value.kind, entry.value) {
            entry.skipped = !is_value(value, read::varint(self.wire, at)?.0);
        }
        Ok(entry)
    }

    /// A number that two different keys hardly share, and two same ones always.
    #[inline]
    pub fn mark(&self, key: &Field, from: Option<usize>) -> Result<u64, Why> {
        let Some(from) = from else { return Ok(0) };
        let varint = || read::varint(self.wire, from).map(|(value, _)| value);
        Ok(match key.kind {
            Kind::String => {
                let (from, to) = read::length(self.wire, from, self.wire.len())?;
                hash(self.wire, from, to)
            }
            Kind::Int32 | Kind::Uint32 => varint()? & 0xffff_ffff,
            Kind::Sint32 => u64::from(zigzag32(varint()?).cast_unsigned()),
            Kind::Sint64 => zigzag64(varint()?).cast_unsigned(),
            Kind::Bool => u64::from(varint()? != 0),
            Kind::Fixed32 | Kind::Sfixed32 => read::word(self.wire, from) & 0xffff_ffff,
            Kind::Fixed64 | Kind::Sfixed64 => read::word(self.wire, from),
            _ => varint()?,
        })
    }
}

struct Entry {
    key: Option<usize>,
    value: Option<usize>,
    /// Its value is none of a closed enum, so it is as good as unknown.
    skipped: bool,
}

/// 0 for the empty text. Whoever makes two texts share a hash gets the merging path, which compares them.
#[inline]
fn hash(wire: &Text<'_>, from: usize, to: usize) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(ODD);
    let (mut hash, mut at) = ((to - from) as u64, from);
    while to - at > 8 {
        hash = mix(hash, read::word(wire, at));
        at += 8;
    }
    if at < to {
        hash = mix(hash, read::word(wire, at) & (u64::MAX >> (64 - 8 * (to - at))));
    }
    hash ^ (hash >> 32)
}
