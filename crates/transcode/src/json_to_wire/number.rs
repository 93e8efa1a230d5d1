//! Numbers of JSON, exactly (<https://www.rfc-editor.org/rfc/rfc8259#section-6>).
//!
//! Digits are read eight at a time. Integers never pass through floating point. Floats are the nearest ones, by
//! the standard library where `nearest` does not decide.

use super::digits::{
    POWERS_OF_TEN, Window, ZEROS, count_digits, eight_at, eight_digits, few_digits,
};
use super::nearest::{EXACT, nearest};
use crate::raw::Text;

/// Why something is not the number wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is not a number of JSON.
    Grammar,
    /// It is not an integer.
    Fraction,
    /// It is too large or too small.
    Range,
}

/// An integer and where its text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    pub end: usize,
    pub negative: bool,
    pub magnitude: u64,
}

/// Where the number at `at` ends, if there is one.
pub(super) fn extent(text: &[u8], at: usize) -> Option<usize> {
    scientific(text, at).map(|number| number.end)
}

/// The number at `at`, which may be written with a fraction or an exponent as long as it is an integer.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn integer(text: &Text<'_>, at: usize) -> Result<Integer, Why> {
    let nine = text.block::<9>(at);
    // Without a second look at the text, which would wait for what the first one finds.
    let negative = nine[0] == b'-';
    let begin = at + usize::from(negative);
    let plain = u64::from_le_bytes(*nine.first_chunk().unwrap_or(&[0; 8]));
    let signed = u64::from_le_bytes(*nine.last_chunk().unwrap_or(&[0; 8]));
    let low = std::hint::select_unpredictable(negative, signed, plain) ^ ZEROS;
    let count = count_digits(low);
    let (end, magnitude) = if count < 8 {
        (begin + count, few_digits(low, count))
    } else {
        let Some((more, magnitude)) = more_digits(text, begin + 8, eight_digits(low)) else {
            return any_integer(text, at);
        };
        (begin + 8 + more, magnitude)
    };
    let leading_zero = low & 0xff == 0 && count != 1;
    if count != 0 && !leading_zero && !matches!(text.byte(end), b'.' | b'e' | b'E') {
        return Ok(Integer { end, negative, magnitude });
    }
    any_integer(text, at)
}

/// The same of one whose length nobody can foresee, in quotes or not; `None` when it is anything unusual.
///
/// A branch on the length is taken wrongly every third time then, which costs as much as reading the number does.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn wide_integer(text: &Text<'_>, at: usize) -> Option<Integer> {
    let window = Window::of(text, at)?;
    let quoted = window.byte(0) == b'"';
    let negative = window.byte(usize::from(quoted)) == b'-';
    let begin = usize::from(quoted) + usize::from(negative);
    let count = window.count(begin);
    let leading_zero = window.byte(begin) == b'0' && count != 1;
    if count == 0 || count > Window::DIGITS || leading_zero {
        return None;
    }
    let end = begin + count;
    let done = match window.byte(end) {
        b'"' => quoted,
        b'.' | b'e' | b'E' => false,
        _ => !quoted,
    };
    done.then(|| Integer {
        end: at + end + usize::from(quoted),
        negative,
        magnitude: window.number(end, count),
    })
}

/// At most eleven digits that follow eight, and all of them as a number.
#[cfg_attr(not(debug_assertions), inline(always))]
fn more_digits(text: &Text<'_>, at: usize, before: u64) -> Option<(usize, u64)> {
    let next = eight_at(text, at);
    let count = count_digits(next);
    if count < 8 {
        return Some((count, before * POWERS_OF_TEN[count] + few_digits(next, count)));
    }
    let last = eight_at(text, at + 8);
    let count = count_digits(last);
    if count > 3 {
        return None;
    }
    let before = before * POWERS_OF_TEN[8] + eight_digits(next);
    Some((8 + count, before * POWERS_OF_TEN[count] + few_digits(last, count)))
}

/// The same of any text.
#[inline(never)]
pub(super) fn any_integer(text: &[u8], at: usize) -> Result<Integer, Why> {
    let negative = text.get(at) == Some(&b'-');
    let begin = at + usize::from(negative);
    let (end, magnitude) = digits(text, begin, 0);
    let leading_zero = text.get(begin) == Some(&b'0') && end - begin > 1;
    if end == begin || leading_zero {
        return Err(Why::Grammar);
    }
    if end - begin > 19 || matches!(text.get(end), Some(b'.' | b'e' | b'E')) {
        return scientific(text, at).ok_or(Why::Grammar)?.integer(text);
    }
    Ok(Integer { end, negative, magnitude })
}

/// The nearest `f64` of the number at `at`, and where its text ends.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn double(text: &Text<'_>, at: usize) -> Result<(usize, f64), Why> {
    match quick_double(text, at) {
        Some(read) => Ok(read),
        None => any_double(text, at),
    }
}

/// Of numbers as most are written: at most seven digits, a point, at most 19 digits.
#[cfg_attr(not(debug_assertions), inline(always))]
fn quick_double(text: &Text<'_>, at: usize) -> Option<(usize, f64)> {
    let window = Window::of(text, at)?;
    let negative = window.byte(0) == b'-';
    let begin = usize::from(negative);
    let count = window.count(begin);
    let leading_zero = window.byte(begin) == b'0' && count != 1;
    if count == 0 || count > 7 || leading_zero {
        return None;
    }
    let point = begin + count;
    let decimals = window.count(point + 1);
    if window.byte(point) != b'.' || decimals == 0 || decimals > Window::DIGITS {
        return None;
    }
    let end = point + 1 + decimals;
    if matches!(window.byte(end), b'e' | b'E') {
        return None;
    }
    let whole = window.short_number(point, count);
    let float = if decimals <= 8 {
        // Both are exact, so the one operation rounds once.
        let mantissa = whole * POWERS_OF_TEN[decimals] + window.short_number(end, decimals);
        mantissa.cast_signed() as f64 / EXACT[decimals]
    } else if whole != 0 && count + decimals > Window::DIGITS {
        return None;
    } else {
        match whole * POWERS_OF_TEN[decimals] + window.number(end, decimals) {
            0 => 0.0,
            mantissa => nearest(mantissa, -(decimals as i64))?,
        }
    };
    // Not by a branch on the sign, which nobody can foresee either.
    let sign = u64::from(negative) << 63;
    Some((at + end, f64::from_bits(float.to_bits() | sign)))
}

/// The same of any text.
#[inline(never)]
pub(super) fn any_double(text: &[u8], at: usize) -> Result<(usize, f64), Why> {
    let number = scientific(text, at).ok_or(Why::Grammar)?;
    let float = number.double(text, at);
    if float.is_finite() { Ok((number.end, float)) } else { Err(Why::Range) }
}

/// The nearest `f32` of the number at `at`, and where its text ends.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn single(text: &[u8], at: usize) -> Result<(usize, f32), Why> {
    let number = scientific(text, at).ok_or(Why::Grammar)?;
    let double = number.double(text, at);
    // Rounding twice goes wrong only where the first brought the number halfway between two others; below the
    // normal ones these places are elsewhere.
    const HALF: u64 = 1 << 28;
    let halfway = double.to_bits() & (2 * HALF - 1) == HALF;
    let single = if double == 0.0 || (!halfway && double.abs() >= f64::from(f32::MIN_POSITIVE)) {
        double as f32
    } else {
        parse(text, at, number.end)
    };
    if single.is_finite() { Ok((number.end, single)) } else { Err(Why::Range) }
}

/// A number as digits and a power of ten.
struct Scientific {
    end: usize,
    negative: bool,
    /// The digits as an integer, when they are at most 19.
    mantissa: Option<u64>,
    /// The digits are from here on to `digits_end`, with at most one point among them.
    digits: usize,
    digits_end: usize,
    /// What power of ten the last digit counts.
    exponent: i64,
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn scientific(text: &[u8], at: usize) -> Option<Scientific> {
    let negative = text.get(at) == Some(&b'-');
    let begin = at + usize::from(negative);
    let (whole_end, mut mantissa) = digits(text, begin, 0);
    let leading_zero = text.get(begin) == Some(&b'0');
    if whole_end == begin || (leading_zero && whole_end - begin > 1) {
        return None;
    }
    let (mut end, mut exponent, mut count) = (whole_end, 0, whole_end - begin);
    if text.get(end) == Some(&b'.') {
        let fraction = end + 1;
        (end, mantissa) = digits(text, fraction, mantissa);
        if end == fraction {
            return None;
        }
        exponent = -((end - fraction) as i64);
        count += end - fraction;
    }
    let digits_end = end;
    if let Some(b'e' | b'E') = text.get(end) {
        let (after, power) = power(text, end + 1)?;
        end = after;
        exponent += power;
    }
    if count > 19 && leading_zero {
        // The zeros in front do not count: 0.000 and so on.
        let zeros = text[begin..digits_end].iter().take_while(|byte| matches!(byte, b'0' | b'.'));
        count -= zeros.count() - 1;
    }
    let mantissa = (count <= 19).then_some(mantissa);
    Some(Scientific { end, negative, mantissa, digits: begin, digits_end, exponent })
}

/// The signed digits of an exponent; very large ones are as good as one another.
fn power(text: &[u8], at: usize) -> Option<(usize, i64)> {
    let sign = text.get(at).copied();
    let begin = at + usize::from(matches!(sign, Some(b'+' | b'-')));
    let digits = text.get(begin..)?;
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let power = digits[..count]
        .iter()
        .fold(0i64, |power, digit| (power * 10 + i64::from(digit - b'0')).min(1 << 40));
    Some((begin + count, if sign == Some(b'-') { -power } else { power }))
}

impl Scientific {
    #[cold]
    fn integer(&self, text: &[u8]) -> Result<Integer, Why> {
        let digits = &text[self.digits..self.digits_end];
        let (mut magnitude, mut zeros, mut significant) = (0u128, 0usize, 0usize);
        for digit in digits.iter().filter(|byte| **byte != b'.') {
            if *digit == b'0' {
                zeros += 1;
                continue;
            }
            // Zeros count once they are between other digits.
            let shift = if significant == 0 { 1 } else { zeros + 1 };
            zeros = 0;
            significant += shift;
            if significant <= 20 {
                magnitude = magnitude * 10u128.pow(shift as u32) + u128::from(digit - b'0');
            }
        }
        let whole = |magnitude| Integer { end: self.end, negative: self.negative, magnitude };
        if significant == 0 {
            return Ok(whole(0));
        }
        let exponent = self.exponent + zeros as i64;
        if exponent < 0 {
            return Err(Why::Fraction);
        }
        if significant as i64 + exponent > 20 {
            return Err(Why::Range);
        }
        let magnitude = magnitude * 10u128.pow(exponent as u32);
        u64::try_from(magnitude).map(whole).map_err(|_| Why::Range)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn double(&self, text: &[u8], at: usize) -> f64 {
        let float = match self.mantissa {
            Some(0) => 0.0,
            Some(mantissa) if self.exponent == 0 && mantissa < 1 << 53 => mantissa as f64,
            Some(mantissa) => match nearest(mantissa, self.exponent) {
                Some(float) => float,
                None => return parse(text, at, self.end),
            },
            None => return parse(text, at, self.end),
        };
        if self.negative { -float } else { float }
    }
}

#[cold]
fn parse<T: std::str::FromStr + Default>(text: &[u8], at: usize, end: usize) -> T {
    // A number of JSON is one of Rust, and ASCII.
    std::str::from_utf8(&text[at..end]).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The digits at `at`, appended to those of `value`, and where they end. Wraps when there are too many.
#[cfg_attr(not(debug_assertions), inline(always))]
fn digits(text: &[u8], mut at: usize, mut value: u64) -> (usize, u64) {
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight) ^ 0x3030_3030_3030_3030;
        // The high bit of every byte that is more than nine; only the first of them is to be trusted.
        let other = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        if other == 0 {
            value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(word));
            at += 8;
            continue;
        }
        let count = other.trailing_zeros() / 8;
        if count == 0 {
            return (at, value);
        }
        let few = eight_digits(word << (64 - 8 * count));
        value = value.wrapping_mul(POWERS_OF_TEN[count as usize]).wrapping_add(few);
        return (at + count as usize, value);
    }
    while let Some(digit @ b'0'..=b'9') = text.get(at) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        at += 1;
    }
    (at, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_exact_however_they_are_written() {
        type Read = Result<(bool, u64), Why>;
        let cases: &[(&str, Read)] = &[
            ("0", Ok((false, 0))),
            ("-0", Ok((true, 0))),
            ("7]", Ok((false, 7))),
            ("1234567", Ok((false, 1_234_567))),
            ("12345678", Ok((false, 12_345_678))),
            ("123456789,", Ok((false, 123_456_789))),
            ("-9223372036854775808", Ok((true, 1 << 63))),
            ("18446744073709551615", Ok((false, u64::MAX))),
            ("18446744073709551616", Err(Why::Range)),
            ("184467440737095516150", Err(Why::Range)),
            ("1e3", Ok((false, 1000))),
            ("1.0", Ok((false, 1))),
            ("1.50e1", Ok((false, 15))),
            ("9007199254740993.0", Ok((false, 9_007_199_254_740_993))),
            ("18446744073709551615.000e0", Ok((false, u64::MAX))),
            ("1844674407370955161500e-2", Ok((false, u64::MAX))),
            ("0.000e99999999999999999999", Ok((false, 0))),
            ("1e19", Ok((false, 10_000_000_000_000_000_000))),
            ("1e20", Err(Why::Range)),
            ("1e999999999999", Err(Why::Range)),
            ("1e-1", Err(Why::Fraction)),
            ("0.5", Err(Why::Fraction)),
            ("123456789012345678901234567890.5", Err(Why::Fraction)),
            ("", Err(Why::Grammar)),
            ("-", Err(Why::Grammar)),
            ("+1", Err(Why::Grammar)),
            ("01", Err(Why::Grammar)),
            ("-01", Err(Why::Grammar)),
            ("1.", Err(Why::Grammar)),
            (".1", Err(Why::Grammar)),
            ("1.e3", Err(Why::Grammar)),
            ("1e", Err(Why::Grammar)),
            ("1e+", Err(Why::Grammar)),
        ];
        for (text, expected) in cases {
            for longer in [text.to_string(), format!("{text} and more")] {
                let found = integer(&Text::new(longer.as_bytes()), 0)
                    .map(|read| (read.negative, read.magnitude));
                assert_eq!(found, *expected, "{text}");
            }
        }
    }

    /// Other digits before a number are not part of it.
    const BEFORE: &str = "[1.2345678901234567890123456789";

    #[test]
    fn what_is_unusual_is_left_to_others() {
        let texts = r#" - --1 01 -01 1. 1.0 1e3 1E3 12345678901234567890 " "" "-" "1 "1] 1" "01" "1e3" "1,2" +1 null -"1""#;
        for text in texts.split(' ') {
            for after in ["", ",", "]"] {
                let longer = format!("{BEFORE}{text}{after}");
                assert_eq!(
                    wide_integer(&Text::new(longer.as_bytes()), BEFORE.len()),
                    None,
                    "{text}"
                );
            }
        }
    }

    fn check(text: &str) {
        let wide: f64 = text.parse().unwrap();
        let narrow: f32 = text.parse().unwrap();
        for (before, after) in [("", ""), ("", ", and more"), (BEFORE, ""), (BEFORE, ", and more")]
        {
            let longer = format!("{before}{text}{after}");
            let at = before.len();
            match double(&Text::new(longer.as_bytes()), at) {
                Ok((end, read)) => {
                    assert_eq!((end - at, read.to_bits()), (text.len(), wide.to_bits()), "{text}")
                }
                Err(why) => assert_eq!((why, wide.is_finite()), (Why::Range, false), "{text}"),
            }
            match single(longer.as_bytes(), at) {
                Ok((end, read)) => {
                    assert_eq!((end - at, read.to_bits()), (text.len(), narrow.to_bits()), "{text}")
                }
                Err(why) => assert_eq!((why, narrow.is_finite()), (Why::Range, false), "{text}"),
            }
        }
    }

    #[test]
    fn floats_are_the_nearest_ones() {
        for text in [
            "0",
            "-0",
            "-0.0",
            "0e400",
            "1e308",
            "1e309",
            "-1e400",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "5e-324",
            "2e-324",
            "2.2250738585072014e-308",
            "9007199254740993",
            "9007199254740992.5",
            "9007199254740993.0",
            "1e23",
            "8.5e22",
            "1234567890123456789012345678901234567890",
            "0.00000000000000000000000012345678901234567890",
            "3.4028235e38",
            "3.4028236e38",
            "3.502823e38",
            "1.17549435e-38",
            "1.4e-45",
            "7e-46",
            "16777217",
            "16777217.0000000001",
            "1.00000017881393421514957253748434595763683319091796875001",
            "0.000000000000000000000000000000000000001e39",
        ] {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn integers_of_every_length_are_exact(bits in any::<u64>(), shift in 0u32..64, negative: bool, quote in "\"?", after in "[],]?") {
            let magnitude = bits >> shift;
            let sign = if negative { "-" } else { "" };
            let text = format!("{BEFORE}{quote}{sign}{magnitude}{quote}{after}");
            let end = text.len() - after.len();
            let expected = Integer { end, negative, magnitude };
            let text = Text::new(text.as_bytes());
            let read = wide_integer(&text, BEFORE.len());
            assert_eq!(read, (magnitude < 10u64.pow(19)).then_some(expected));
            if quote.is_empty() {
                assert_eq!(integer(&text, BEFORE.len()), Ok(expected));
            }
        }

        #[test]
        fn floats_of_every_form_are_the_nearest_ones(mantissa in any::<u64>(), digits in 0u32..20, point in -60i32..60, bits in any::<u64>()) {
            let mantissa = mantissa % 10u64.pow(digits.min(19)).max(1);
            check(&format!("{mantissa}e{point}"));
            check(&format!("-{}.{}e{point}", mantissa % 1000, mantissa / 1000));
            let whole = bits % 10u64.pow(digits % 9);
            check(&format!("{whole}.{mantissa:0width$}", width = digits as usize));
            check(&format!("-0.{mantissa:0width$}", width = digits as usize));
            // Halfway between two neighbours, and the shortest form of one.
            let float = f64::from_bits(bits);
            if float.is_finite() {
                check(&format!("{float:e}"));
                check(&format!("{}", (bits >> 11) as f64 / 1024.0));
                check(&format!("{}", u128::from(bits >> 10 | 1) << 8));
            }
        }
    }
}
