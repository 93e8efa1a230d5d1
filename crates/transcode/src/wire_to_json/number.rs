//! Numbers as JSON text. Each is written into an area of a fixed size, of which the writer says how much counts:
//! stores at places that are known need no check.

use super::out::{Area, overlapping};

const ZEROS: u64 = 0x3030_3030_3030_3030;
const E8: u64 = 100_000_000;

/// The eight digits of a number below 10^8, the first in the lowest byte.
///
/// Halves of four digits, then pairs, then single digits, all of a kind at once; the factors are reciprocals that
/// are exact in these ranges.
#[inline(always)]
fn eight(number: u64) -> u64 {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

/// The same as text.
#[inline(always)]
pub(super) fn eight_digits(number: u64) -> u64 {
    eight(number) | ZEROS
}

#[inline(always)]
fn put<const N: usize>(area: &mut Area, at: usize, block: [u8; N]) {
    // Not by the slice `at..at + N`, whose length the compiler forgets.
    *area[at..].first_chunk_mut().expect("numbers are short") = block;
}

/// Writes a number in decimal at one of the first places; returns where it ends.
#[inline(always)]
fn decimal(area: &mut Area, at: usize, number: u64) -> usize {
    if number < 10 {
        area[at] = b'0' + number as u8;
        return at + 1;
    }
    if number < E8 {
        let digits = eight(number);
        let absent = digits.trailing_zeros() >> 3;
        put(area, at, ((digits | ZEROS) >> (8 * absent)).to_le_bytes());
        return at + 8 - absent as usize;
    }
    large(area, at, number)
}

#[inline(always)]
fn large(area: &mut Area, at: usize, number: u64) -> usize {
    if number < E8 * E8 {
        // Of all sizes alike, lest the processor guess wrong.
        let (high, low) = (eight(number / E8), eight(number % E8));
        let digits = u128::from(high) | (u128::from(low) << 64);
        let zeros = u128::from(ZEROS) | (u128::from(ZEROS) << 64);
        let absent = digits.trailing_zeros() >> 3;
        let text = (digits | zeros) >> (8 * absent);
        put(area, at, text.to_le_bytes());
        return at + 16 - absent as usize;
    }
    largest(area, at, number)
}

/// Of 17 to 20 digits.
#[inline(never)]
fn largest(area: &mut Area, at: usize, number: u64) -> usize {
    let (high, low) = (number / E8, number % E8);
    let digits = eight(high / E8);
    let absent = digits.trailing_zeros() >> 3;
    put(area, at, ((digits | ZEROS) >> (8 * absent)).to_le_bytes());
    let at = at + 8 - absent as usize;
    put(area, at, eight_digits(high % E8).to_le_bytes());
    put(area, at + 8, eight_digits(low).to_le_bytes());
    at + 16
}

#[inline(always)]
pub(super) fn unsigned(area: &mut Area, number: u64) -> usize {
    decimal(area, 0, number)
}

#[inline(always)]
pub(super) fn signed(area: &mut Area, number: i64) -> usize {
    area[0] = b'-';
    decimal(area, usize::from(number < 0), number.unsigned_abs())
}

/// 64-bit numbers are strings in JSON.
#[inline(always)]
pub(super) fn quoted_unsigned(area: &mut Area, number: u64) -> usize {
    area[0] = b'"';
    let end = decimal(area, 1, number);
    area[end % 32] = b'"';
    end + 1
}

#[inline(always)]
pub(super) fn quoted_signed(area: &mut Area, number: i64) -> usize {
    area[0] = b'"';
    area[1] = b'-';
    let end = decimal(area, 1 + usize::from(number < 0), number.unsigned_abs());
    area[end % 32] = b'"';
    end + 1
}

/// The shortest text that reads as the same number: `1.0`, `0.1`, `1e21`; what is no number is a string.
#[inline]
pub(super) fn double(area: &mut Area, number: f64) -> usize {
    const MILLION: u64 = 1_000_000;
    // Many numbers have few decimals. Of texts with at most 15 digits no two are the same double, so one that reads
    // as this number is the only one, and without trailing zeros the shortest. Below a thousandth there may be
    // exponents.
    let magnitude = number.abs();
    let millionths = (magnitude * 1e6 + 0.5) as u64;
    if (1_000..1_000_000_000 * MILLION).contains(&millionths)
        && millionths as f64 / 1e6 == magnitude
    {
        area[0] = b'-';
        let at = decimal(area, usize::from(number < 0.0), millionths / MILLION);
        let digits = eight(millionths % MILLION * 100);
        put(area, at % 16, [b'.']);
        put(area, at % 16 + 1, (digits | ZEROS).to_le_bytes());
        // At least one decimal.
        return at + 9 - ((digits | 1).leading_zeros() as usize >> 3);
    }
    if !number.is_finite() {
        return special(area, number);
    }
    overlapping(area, zmij::Buffer::new().format_finite(number).as_bytes())
}

/// The same, of the numbers that a `float` can be.
#[inline]
pub(super) fn float(area: &mut Area, number: f32) -> usize {
    if !number.is_finite() {
        return special(area, f64::from(number));
    }
    overlapping(area, zmij::Buffer::new().format_finite(number).as_bytes())
}

#[cold]
fn special(area: &mut Area, number: f64) -> usize {
    let text: &[u8] = if number.is_nan() {
        b"\"NaN\""
    } else if number > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    };
    overlapping(area, text)
}

#[inline(always)]
pub(super) fn boolean(area: &mut Area, value: bool) -> usize {
    let text = if value { *b"true\0\0\0\0" } else { *b"false\0\0\0" };
    area[..8].copy_from_slice(&text);
    5 - usize::from(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Area) -> usize) -> String {
        let mut area = [0; 32];
        let length = write(&mut area);
        String::from_utf8(area[..length].to_vec()).unwrap()
    }

    #[test]
    fn integers_are_written_as_rust_writes_them() {
        let mut numbers: Vec<u64> = (0..20_000).collect();
        for power in 0..20 {
            let power = 10u64.pow(power);
            numbers.extend([power - 1, power, power + 1, power.wrapping_mul(7), power / 8 * 9]);
        }
        for bits in 0..64 {
            numbers.extend([
                1 << bits,
                (1 << bits) - 1,
                u64::MAX >> bits,
                0xdead_beef_f00d_cafe >> bits,
            ]);
        }
        for number in numbers {
            assert_eq!(written(|area| unsigned(area, number)), number.to_string());
            let negative = number.cast_signed().wrapping_neg();
            assert_eq!(written(|area| signed(area, negative)), negative.to_string());
        }
        for number in (0..E8).step_by(9_973) {
            assert_eq!(written(|area| unsigned(area, number)), number.to_string());
        }
        assert_eq!(written(|area| quoted_signed(area, i64::MIN)), "\"-9223372036854775808\"");
    }

    #[test]
    fn floats_are_written_as_serde_json_writes_them() {
        let mut state = 1u64;
        let numbers = (0..20_000).map(|round| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match round % 5 {
                0 => f64::from_bits(state),
                1 => (state.cast_signed() >> (round % 60)) as f64,
                2 => (state >> 40) as f64 / 100.0,
                3 => (state.cast_signed() >> 14) as f64 / 1e6,
                _ => (state.cast_signed() >> (round % 64)) as f64 / 1e6,
            }
        });
        let edges =
            [0.0, -0.0, 1.0, -1.0, 1e15, 1e16, 1e21, 1e-7, 5e-324, f64::MAX, 999_999_999_999_999.0];
        for number in numbers.chain(edges).filter(|number| number.is_finite()) {
            assert_eq!(
                written(|area| double(area, number)),
                serde_json::to_string(&number).unwrap()
            );
            let single = number as f32;
            if single.is_finite() {
                let text = serde_json::to_string(&single).unwrap();
                assert_eq!(written(|area| float(area, single)), text);
            }
        }
        assert_eq!(written(|area| double(area, f64::NAN)), "\"NaN\"");
        assert_eq!(written(|area| float(area, f32::NEG_INFINITY)), "\"-Infinity\"");
    }
}
