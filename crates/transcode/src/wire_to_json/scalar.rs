//! What both paths share: the writer's state, punctuation, names and single values.

use super::fault::Fault;
use super::gathered::Gathered;
use super::out::Out;
use super::{Why, number, read, text};
use crate::plan::{EnumPlan, Field, KEY, Kind, Plans, Stream};
use crate::raw::{ROOM, Text};
use crate::{Limits, Options};

/// Room that each field asks for: its name when that is short, and a value that is no text.
const FIELD: usize = ROOM - KEY;

/// Writes the messages of one wire.
pub(super) struct Writer<'a, const PRETTY: bool> {
    pub wire: &'a Text<'a>,
    pub plans: &'a Plans,
    pub out: Out,
    /// How many more messages may be nested.
    pub depth: usize,
    /// How far the text is indented, in steps of two spaces.
    pub indent: usize,
    /// Where a group that was just written ended.
    pub end: usize,
    /// Original names are written.
    pub original: bool,
    pub numbers: bool,
    pub defaults: bool,
    pub nulls: bool,
    /// 64-bit integers are written without quotes.
    pub bare: bool,
    /// Every message takes the merging path.
    pub exact: bool,
    /// What the messages on the merging path have gathered.
    pub gathered: Gathered,
}

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    #[inline(always)]
    pub fn new(
        wire: &'a Text<'a>,
        plans: &'a Plans,
        out: Out,
        limits: &Limits,
        options: &Options,
    ) -> Writer<'a, PRETTY> {
        Writer {
            wire,
            plans,
            out,
            depth: limits.depth.min(crate::DEEPEST),
            indent: 0,
            end: 0,
            original: options.original_names,
            numbers: options.enums_as_numbers,
            defaults: options.print_defaults,
            nulls: options.print_nulls,
            bare: options.int64_as_numbers,
            exact: false,
            gathered: Gathered::default(),
        }
    }

    /// One message deeper.
    #[inline(always)]
    pub fn enter(&mut self) -> Result<(), Why> {
        self.depth = self.depth.checked_sub(1).ok_or(Why::Depth)?;
        self.indent += 1;
        Ok(())
    }

    #[inline(always)]
    pub fn leave(&mut self) {
        self.depth += 1;
        self.indent -= 1;
    }

    /// A comma and what follows it. Before the first member or element, [`close`](Self::close) makes it a bracket.
    #[inline(always)]
    pub fn separator(&mut self, at: usize) -> Result<usize, Why> {
        self.out.room(at, FIELD)?;
        self.out.set(at, b',');
        if PRETTY { self.out.line(at + 1, self.indent) } else { Ok(at + 1) }
    }

    /// Completes the object or array that began at `start`, after [`leave`](Self::leave).
    #[inline(always)]
    pub fn close(&mut self, start: usize, at: usize, brackets: [u8; 2]) -> Result<usize, Why> {
        let at = if at == start {
            self.out.room(at, 2)?;
            at + 1
        } else if PRETTY {
            self.out.line(at, self.indent)?
        } else {
            at
        };
        self.out.room(at, 1)?;
        self.out.set(start, brackets[0]);
        self.out.set(at, brackets[1]);
        Ok(at + 1)
    }

    /// A comma, the name and a colon. Leaves room for a value that is no text.
    #[inline(always)]
    pub fn key(&mut self, field: &Field, stream: &Stream, at: usize) -> Result<usize, Why> {
        let key = &stream.keys[usize::from(self.original)];
        match self.out.roomy_block::<KEY>(at) {
            Some(place) if !PRETTY && key.len != 0 => {
                *place = key.bytes;
                Ok(at + usize::from(key.len))
            }
            _ => self.long_key(field, at),
        }
    }

    #[inline(never)]
    fn long_key(&mut self, field: &Field, at: usize) -> Result<usize, Why> {
        let at = self.separator(at)?;
        let key = if self.original { &field.original_key } else { &field.json_key };
        self.name(at, key)
    }

    /// A name with quotes and colon.
    pub fn name(&mut self, at: usize, key: &[u8]) -> Result<usize, Why> {
        self.out.room(at, key.len() + FIELD)?;
        let at = self.out.copy(at, key);
        if PRETTY {
            self.out.set(at, b' ');
            return Ok(at + 1);
        }
        Ok(at)
    }

    /// The value at `from`, which was seen to end where it must.
    pub fn scalar(&mut self, field: &Field, from: usize, at: usize) -> Result<usize, Why> {
        self.out.room(at, FIELD)?;
        let wire = self.wire;
        let varint = || read::varint(wire, from).map(|(value, _)| value);
        let word = || read::word(wire, from);
        macro_rules! write {
            ($write:ident, $value:expr) => {{
                let value = $value;
                self.out.area(at, |area| number::$write(area, value))
            }};
        }
        // Written with its quotes first: bare integers are rare, and this way they cost the others one branch.
        macro_rules! long {
            ($write:ident, $value:expr) => {{
                let end = write!($write, $value);
                if self.bare { self.unquote(at, end) } else { end }
            }};
        }
        Ok(match field.kind {
            Kind::Double => write!(double, f64::from_bits(word())),
            Kind::Float => write!(float, f32::from_bits(word() as u32)),
            Kind::Int32 => write!(signed, i64::from(varint()? as i32)),
            Kind::Int64 => long!(one_quoted_signed, varint()?.cast_signed()),
            Kind::Uint32 => write!(unsigned, u64::from(varint()? as u32)),
            Kind::Uint64 => long!(one_quoted_unsigned, varint()?),
            Kind::Sint32 => write!(signed, i64::from(zigzag32(varint()?))),
            Kind::Sint64 => long!(one_quoted_signed, zigzag64(varint()?)),
            Kind::Fixed32 => write!(unsigned, u64::from(word() as u32)),
            Kind::Fixed64 => long!(one_quoted_unsigned, word()),
            Kind::Sfixed32 => write!(signed, i64::from(word() as i32)),
            Kind::Sfixed64 => long!(one_quoted_signed, word().cast_signed()),
            Kind::Bool => write!(boolean, varint()? != 0),
            Kind::Enum => {
                let value = varint()? as i32;
                return self.enumeration(field, value, at);
            }
            Kind::String => {
                let (from, to) = read::length(wire, from, wire.len())?;
                return text::string(&mut self.out, at, wire, from, to);
            }
            Kind::Bytes => {
                let (from, to) = read::length(wire, from, wire.len())?;
                return text::bytes(&mut self.out, at, &wire[from..to]);
            }
            Kind::Message | Kind::Group => return Err(Why::Careful),
        })
    }

    /// Takes the quotes off an integer; returns where it ends then.
    #[cold]
    fn unquote(&mut self, at: usize, end: usize) -> usize {
        let quoted = self.out.part(at, end - at);
        quoted.copy_within(1.., 0);
        end - 2
    }

    /// What a field of this kind has when it is absent.
    pub fn default(&mut self, field: &Field, at: usize) -> Result<usize, Why> {
        self.out.room(at, FIELD)?;
        let out = &mut self.out;
        Ok(match field.kind {
            Kind::Double | Kind::Float => out.copy(at, b"0.0"),
            kind if is_long(kind) && !self.bare => out.copy(at, b"\"0\""),
            Kind::Bool => out.copy(at, b"false"),
            Kind::String | Kind::Bytes => out.copy(at, b"\"\""),
            Kind::Enum => {
                let first = |kind: &EnumPlan| {
                    kind.values.first().filter(|_| kind.closed).map_or(0, |value| value.number)
                };
                let value = field.enumeration.as_deref().map_or(0, first);
                return self.enumeration(field, value, at);
            }
            _ => out.copy(at, b"0"),
        })
    }

    /// A value of an enum: its name, its number where it has none.
    #[inline]
    pub fn enumeration(&mut self, field: &Field, value: i32, at: usize) -> Result<usize, Why> {
        let Some(kind) = &field.enumeration else { return Err(Why::Careful) };
        if kind.null {
            return Ok(self.out.copy(at, b"null"));
        }
        match kind.value(value) {
            Some(value) if !self.numbers => {
                if let (Some(place), Some((block, len))) = (self.out.block(at), value.key.short()) {
                    *place = *block;
                    return Ok(at + len);
                }
                self.out.room(at, value.quoted.len() + FIELD)?;
                Ok(self.out.copy(at, &value.quoted))
            }
            _ => Ok(self.out.area(at, |area| number::signed(area, i64::from(value)))),
        }
    }

    /// Whether the value at `from` is what absence stands for.
    pub fn is_default(&self, field: &Field, from: usize) -> Result<bool, Why> {
        let varint = || read::varint(self.wire, from).map(|(value, _)| value);
        let word = read::word(self.wire, from);
        Ok(match field.kind {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => word == 0,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => word as u32 == 0,
            Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Enum => varint()? as u32 == 0,
            Kind::Message | Kind::Group => false,
            _ => varint()? == 0,
        })
    }

    /// The key of a map entry at `from`, as the name of a member; none stands for its default.
    pub fn map_key(&mut self, key: &Field, from: Option<usize>, at: usize) -> Result<usize, Why> {
        self.out.room(at, FIELD)?;
        let quoted = key.kind == Kind::String || is_long(key.kind);
        let start = at;
        let at = at + usize::from(!quoted);
        let bare = std::mem::take(&mut self.bare);
        let at = match from {
            Some(from) if key.kind == Kind::String => {
                let (from, to) = read::length(self.wire, from, self.wire.len())?;
                text::string(&mut self.out, at, self.wire, from, to)?
            }
            Some(from) => self.scalar(key, from, at)?,
            None => self.default(key, at)?,
        };
        self.bare = bare;
        self.out.room(at, FIELD)?;
        if quoted {
            self.out.set(at, b':');
        } else {
            self.out.set(start, b'"');
            self.out.put(at, b"\":");
        }
        let at = at + 1 + usize::from(!quoted);
        if PRETTY {
            self.out.set(at, b' ');
            return Ok(at + 1);
        }
        Ok(at)
    }
}

/// Whether values of this kind are strings in JSON although they are integers.
pub(super) fn is_long(kind: Kind) -> bool {
    matches!(kind, Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64)
}

/// Whether a value is one of the enum's, or the enum takes any.
pub(super) fn is_value(field: &Field, value: u64) -> bool {
    field
        .enumeration
        .as_deref()
        .is_none_or(|kind| !kind.closed || kind.value(value as i32).is_some())
}

#[inline(always)]
pub(super) fn zigzag32(value: u64) -> i32 {
    let value = value as u32;
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[inline(always)]
pub(super) fn zigzag64(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

impl From<Box<Fault>> for Why {
    /// The straight path tells no details; the merging path will.
    fn from(_: Box<Fault>) -> Why {
        Why::Careful
    }
}
