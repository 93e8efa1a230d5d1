//! Well-known types that are a single text in JSON: their fields off the wire, and their forms
//! (<https://protobuf.dev/programming-guides/json/>).

use super::out::Out;
use super::read::{self, Tag};
use super::{Why, number};
use crate::raw::Text;

/// Seconds and nanoseconds of a `Timestamp` or `Duration`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Time {
    pub seconds: i64,
    pub nanos: i32,
}

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// The two digits of the numbers below 100.
static PAIRS: [[u8; 2]; 128] = {
    let mut pairs = [[b'0'; 2]; 128];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Ten thousand years.
const MOST_SECONDS: u64 = 315_576_000_000;

const MOST_NANOS: u32 = 999_999_999;

/// Calls `take` with each field of `wire[from..to]`: its tag and where its value ends.
pub(super) fn each(
    wire: &Text<'_>,
    from: usize,
    to: usize,
    depth: usize,
    mut take: impl FnMut(Tag, usize) -> Result<(), Why>,
) -> Result<(), Why> {
    let mut at = from;
    while at < to {
        let tag = read::tag(wire, at, to)?;
        let end = read::skip(wire, tag, to, depth)?;
        take(tag, end)?;
        at = end;
    }
    Ok(())
}

impl Time {
    /// Takes the fields of one piece of the message.
    #[inline(always)]
    pub fn read(
        &mut self,
        wire: &Text<'_>,
        from: usize,
        to: usize,
        depth: usize,
    ) -> Result<(), Why> {
        const SECONDS: u8 = 1 << 3;
        const NANOS: u8 = 2 << 3;
        // Most often both in this order, or the seconds alone.
        let mut at = from;
        let mut time = *self;
        if at < to && wire.byte(at) == SECONDS {
            let value;
            (value, at) = read::varint(wire, at + 1)?;
            time.seconds = value.cast_signed();
        }
        if at < to && wire.byte(at) == NANOS {
            let value;
            (value, at) = read::varint(wire, at + 1)?;
            time.nanos = value as i32;
        }
        if at != to {
            return self.read_rest(wire, from, to, depth);
        }
        *self = time;
        Ok(())
    }

    #[cold]
    fn read_rest(
        &mut self,
        wire: &Text<'_>,
        from: usize,
        to: usize,
        depth: usize,
    ) -> Result<(), Why> {
        each(wire, from, to, depth, |tag, _| {
            match (tag.number, tag.wire_type) {
                (1, read::VARINT) => self.seconds = read::varint(wire, tag.end)?.0.cast_signed(),
                (2, read::VARINT) => self.nanos = read::varint(wire, tag.end)?.0 as i32,
                _ => {}
            }
            Ok(())
        })
    }

    /// `"2026-11-21T09:31:00.250Z"`
    pub fn timestamp(self, out: &mut Out, at: usize) -> Result<usize, Why> {
        let nanos = u32::try_from(self.nanos).map_err(|_| Why::Timestamp)?;
        if !(FIRST_SECOND..=LAST_SECOND).contains(&self.seconds) || nanos > MOST_NANOS {
            return Err(Why::Timestamp);
        }
        let since = (self.seconds - FIRST_SECOND).unsigned_abs();
        let (days, second) = (since / 86_400, (since % 86_400) as u32);
        let (year, month, day) = date(days as u32);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        out.room(at, 40)?;
        let at = out.area(at, |area| {
            *area = *b"\"0000-00-00T00:00:00Z\"          ";
            let parts = [year / 100, year % 100, month, day, hour, minute, second % 60];
            for (place, part) in [1, 3, 6, 9, 12, 15, 18].into_iter().zip(parts) {
                [area[place], area[place + 1]] = PAIRS[part as usize % 128];
            }
            22
        });
        if nanos == 0 {
            return Ok(at);
        }
        let at = fraction(out, at - 2, nanos);
        out.put(at, b"Z\"");
        Ok(at + 2)
    }

    /// `"-1.500s"`
    pub fn duration(self, out: &mut Out, at: usize) -> Result<usize, Why> {
        let (seconds, nanos) = (self.seconds.unsigned_abs(), self.nanos.unsigned_abs());
        let signs = (self.seconds.signum(), i64::from(self.nanos.signum()));
        if seconds > MOST_SECONDS || nanos > MOST_NANOS || signs.0 * signs.1 < 0 {
            return Err(Why::Duration);
        }
        let negative = signs.0 + signs.1 < 0;
        out.room(at, 40)?;
        out.put(at, b"\"-");
        let at = at + 1 + usize::from(negative);
        let mut at = out.area(at, |area| number::unsigned(area, seconds));
        if nanos != 0 {
            at = fraction(out, at, nanos);
        }
        out.put(at, b"s\"");
        Ok(at + 2)
    }
}

/// The year, month and day of a day, counted from 0001-01-01. Years are taken to begin in March, so that the day
/// that may be missing is their last.
fn date(days: u32) -> (u32, u32, u32) {
    const YEARS_400: u32 = 146_097;
    // The fraction of a year that a quarter of a day is, of 2^32; Neri and Schneider, "Euclidean affine functions
    // and their application to calendar algorithms" (2022).
    const QUARTER: u32 = 2_939_745;
    // From 0000-03-01, so that the day that is sometimes there comes last in the year.
    let quarters = 4 * (days + 306) + 3;
    let (century, day) = (quarters / YEARS_400, quarters % YEARS_400 / 4);
    let product = u64::from(QUARTER) * u64::from(4 * day + 3);
    let (year, day) = ((product >> 32) as u32, product as u32 / QUARTER / 4);
    let months = 2_141 * day + 197_913;
    let (month, day) = (months >> 16, (months & 0xffff) / 2_141 + 1);
    let year = 100 * century + year;
    if month > 12 { (year + 1, month - 12, day) } else { (year, month, day) }
}

/// A point and 3, 6 or 9 digits, of a number below 10^9.
fn fraction(out: &mut Out, at: usize, nanos: u32) -> usize {
    out.area(at, |area| {
        let mut rest = nanos;
        for place in area[1..10].iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        area[0] = b'.';
        match nanos {
            _ if nanos.is_multiple_of(1_000_000) => 4,
            _ if nanos.is_multiple_of(1_000) => 7,
            _ => 10,
        }
    })
}

/// Writes one path of a `FieldMask` in lower camel case.
///
/// # Errors
/// A path that would not be the same when it is read again, such as `fooBar` or `foo__bar`.
pub(super) fn mask_path(out: &mut Out, at: usize, path: &[u8]) -> Result<usize, Why> {
    out.room(at, path.len())?;
    let (mut at, mut after) = (at, false);
    for byte in path {
        match byte {
            b'a'..=b'z' => {
                out.set(at, if after { byte.to_ascii_uppercase() } else { *byte });
                at += 1;
            }
            b'_' if !after => {}
            b'A'..=b'Z' | b',' | b'"' | b'\\' => return Err(Why::Mask),
            b'!'..=b'~' if !after => {
                out.set(at, *byte);
                at += 1;
            }
            _ => return Err(Why::Mask),
        }
        after = *byte == b'_';
    }
    if after || path.is_empty() { Err(Why::Mask) } else { Ok(at) }
}

/// What an `Any` holds, as ranges of the wire.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holds {
    pub url: (usize, usize),
    pub value: (usize, usize),
}

impl Holds {
    /// Takes the fields of one piece of the message.
    pub fn read(
        &mut self,
        wire: &Text<'_>,
        from: usize,
        to: usize,
        depth: usize,
    ) -> Result<(), Why> {
        each(wire, from, to, depth, |tag, end| {
            match (tag.number, tag.wire_type) {
                (1, read::LENGTH) => self.url = read::length(wire, tag.end, end)?,
                (2, read::LENGTH) => self.value = read::length(wire, tag.end, end)?,
                _ => {}
            }
            Ok(())
        })
    }

    pub fn is_empty(&self) -> bool {
        self.url.0 == self.url.1 && self.value.0 == self.value.1
    }

    /// The name of the type: what follows the last slash of its URL.
    pub fn name<'a>(&self, wire: &'a Text<'_>) -> Result<&'a str, Why> {
        let url = std::str::from_utf8(&wire[self.url.0..self.url.1]).map_err(|_| Why::Utf8)?;
        Ok(url.rsplit_once('/').map_or(url, |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Out) -> Result<usize, Why>) -> Result<String, Why> {
        let mut out = Out::new(Vec::new(), 100, 0);
        let at = write(&mut out)?;
        Ok(String::from_utf8(out.end(at).0).unwrap())
    }

    #[test]
    fn every_day_has_its_date() {
        let mut expected = (1, 1, 1);
        for day in 0..=3_652_058 {
            assert_eq!(date(day), expected);
            let (year, month, day) = expected;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u32::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (day == length, month) {
                (false, _) => (year, month, day + 1),
                (true, 12) => (year + 1, 1, 1),
                (true, _) => (year, month + 1, 1),
            };
        }
        assert_eq!(expected, (10_000, 1, 1));
    }

    #[test]
    fn times() {
        let stamp = |seconds, nanos| written(|out| Time { seconds, nanos }.timestamp(out, 0));
        let cases = [
            (0, 0, "1970-01-01T00:00:00Z"),
            (-1, 1, "1969-12-31T23:59:59.000000001Z"),
            (FIRST_SECOND, 0, "0001-01-01T00:00:00Z"),
            (LAST_SECOND, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
            (951_827_696, 120_000_000, "2000-02-29T12:34:56.120Z"),
            (951_827_696, 120_000, "2000-02-29T12:34:56.000120Z"),
        ];
        for (seconds, nanos, text) in cases {
            assert_eq!(stamp(seconds, nanos), Ok(format!("{text:?}")));
        }
        for (seconds, nanos) in
            [(FIRST_SECOND - 1, 0), (LAST_SECOND + 1, 0), (0, -1), (0, 1_000_000_000)]
        {
            assert_eq!(stamp(seconds, nanos), Err(Why::Timestamp));
        }
        let duration = |seconds, nanos| written(|out| Time { seconds, nanos }.duration(out, 0));
        let cases = [
            (0, 0, "0s"),
            (0, -500_000_000, "-0.500s"),
            (-1, 0, "-1s"),
            (-315_576_000_000, -999_999_999, "-315576000000.999999999s"),
            (315_576_000_000, 1_000, "315576000000.000001s"),
        ];
        for (seconds, nanos, text) in cases {
            assert_eq!(duration(seconds, nanos), Ok(format!("{text:?}")));
        }
        for (seconds, nanos) in [
            (1, -1),
            (-1, 1),
            (0, 1_000_000_000),
            (i64::MIN, 0),
            (315_576_000_001, 0),
            (0, i32::MIN),
        ] {
            assert_eq!(duration(seconds, nanos), Err(Why::Duration));
        }
    }

    #[test]
    fn mask_paths() {
        let path = |path: &str| written(|out| mask_path(out, 0, path.as_bytes()));
        for (from, to) in [("foo_bar.a_b", "fooBar.aB"), ("_a", "A"), ("a1", "a1"), ("*", "*")] {
            assert_eq!(path(from), Ok(to.to_owned()));
        }
        for wrong in ["", "fooBar", "foo__bar", "foo_3", "foo_", "foo_.a", "a,b", "a\"", "ü", "a b"]
        {
            assert_eq!(path(wrong), Err(Why::Mask), "{wrong}");
        }
    }
}
