//! Numbers as JSON text. Writers store blocks of at most 32 bytes where the caller has made room for them.

use super::out::Out;

const ZEROS: u64 = 0x3030_3030_3030_3030;
const BILLIONTH: u64 = 100_000_000;

/// The eight digits of a number below 10^8, the first in the lowest byte.
#[inline(always)]
fn eight(number: u64) -> u64 {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

/// The eight digits of a number below 10^8 as text, the first in the lowest byte.
#[inline(always)]
pub(super) fn eight_digits(number: u64) -> u64 {
    eight(number) | ZEROS
}

/// Writes a number in decimal.
#[inline(always)]
pub(super) fn unsigned(out: &mut Out, at: usize, number: u64) -> usize {
    if number < 10 {
        out.set(at, b'0' + number as u8);
        return at + 1;
    }
    if number < BILLIONTH {
        return leading(out, at, number);
    }
    large(out, at, number)
}

/// Without leading zeros; not 0.
#[inline(always)]
fn leading(out: &mut Out, at: usize, number: u64) -> usize {
    let digits = eight(number);
    let absent = digits.trailing_zeros() >> 3;
    out.put(at, &((digits | ZEROS) >> (8 * absent)).to_le_bytes());
    at + 8 - absent as usize
}

#[inline(always)]
fn large(out: &mut Out, at: usize, number: u64) -> usize {
    if number < BILLIONTH * BILLIONTH {
        // Of all sizes alike, lest the processor guess wrong.
        let (high, low) = (eight(number / BILLIONTH), eight(number % BILLIONTH));
        let digits = u128::from(high) | u128::from(low) << 64;
        let absent = if high == 0 { 64 + low.trailing_zeros() } else { high.trailing_zeros() } >> 3;
        let zeros = u128::from(ZEROS) << 64 | u128::from(ZEROS);
        out.put(at, &((digits | zeros) >> (8 * absent)).to_le_bytes());
        return at + 16 - absent as usize;
    }
    largest(out, at, number)
}

#[inline(never)]
fn largest(out: &mut Out, at: usize, number: u64) -> usize {
    let (high, low) = (number / BILLIONTH, number % BILLIONTH);
    let at = leading(out, at, high / BILLIONTH);
    out.put(at, &(eight(high % BILLIONTH) | ZEROS).to_le_bytes());
    out.put(at + 8, &(eight(low) | ZEROS).to_le_bytes());
    at + 16
}

#[inline(always)]
pub(super) fn signed(out: &mut Out, at: usize, number: i64) -> usize {
    out.set(at, b'-');
    unsigned(out, at + usize::from(number < 0), number.unsigned_abs())
}

/// 64-bit numbers are strings in JSON.
#[inline(always)]
pub(super) fn quoted_unsigned(out: &mut Out, at: usize, number: u64) -> usize {
    out.set(at, b'"');
    let at = unsigned(out, at + 1, number);
    out.set(at, b'"');
    at + 1
}

#[inline(always)]
pub(super) fn quoted_signed(out: &mut Out, at: usize, number: i64) -> usize {
    out.set(at, b'"');
    let at = signed(out, at + 1, number);
    out.set(at, b'"');
    at + 1
}

/// `width` digits of a number that has no more, at most 9.
pub(super) fn padded(out: &mut Out, at: usize, number: u64, width: usize) -> usize {
    let mut rest = number;
    for place in (at..at + width).rev() {
        out.set(place, b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    at + width
}

/// The shortest text that reads as the same number: `1.0`, `0.1`, `1e21`; what is no number is a string.
#[inline]
pub(super) fn double(out: &mut Out, at: usize, number: f64) -> usize {
    // Integers of at most 15 digits are exact, and many doubles are.
    let integer = number as i64;
    if integer as f64 == number && integer.unsigned_abs() < 1_000_000_000_000_000 && integer != 0 {
        let at = signed(out, at, integer);
        out.put(at, b".0");
        return at + 2;
    }
    if !number.is_finite() {
        return special(out, at, number);
    }
    out.copy(at, zmij::Buffer::new().format_finite(number).as_bytes())
}

/// The same, of the numbers that a `float` can be.
#[inline]
pub(super) fn float(out: &mut Out, at: usize, number: f32) -> usize {
    if !number.is_finite() {
        return special(out, at, f64::from(number));
    }
    out.copy(at, zmij::Buffer::new().format_finite(number).as_bytes())
}

#[cold]
fn special(out: &mut Out, at: usize, number: f64) -> usize {
    let text: &[u8] = if number.is_nan() {
        b"\"NaN\""
    } else if number > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    };
    out.copy(at, text)
}

#[inline(always)]
pub(super) fn boolean(out: &mut Out, at: usize, value: bool) -> usize {
    out.put(at, if value { b"true\0\0\0\0" } else { b"false\0\0\0" });
    at + 5 - usize::from(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Out) -> usize) -> String {
        let mut out = Out::new(Vec::new(), 100, 0);
        let at = write(&mut out);
        String::from_utf8(out.end(at).0).unwrap()
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
            assert_eq!(written(|out| unsigned(out, 0, number)), number.to_string());
            let negative = number.cast_signed().wrapping_neg();
            assert_eq!(written(|out| signed(out, 0, negative)), negative.to_string());
        }
        for number in (0..BILLIONTH).step_by(9_973) {
            assert_eq!(written(|out| unsigned(out, 0, number)), number.to_string());
        }
        assert_eq!(written(|out| quoted_signed(out, 0, i64::MIN)), "\"-9223372036854775808\"");
    }

    #[test]
    fn floats_are_written_as_serde_json_writes_them() {
        let mut state = 1u64;
        let numbers = (0..20_000).map(|round| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match round % 3 {
                0 => f64::from_bits(state),
                1 => (state.cast_signed() >> (round % 60)) as f64,
                _ => (state >> 40) as f64 / 100.0,
            }
        });
        let edges =
            [0.0, -0.0, 1.0, -1.0, 1e15, 1e16, 1e21, 1e-7, 5e-324, f64::MAX, 999_999_999_999_999.0];
        for number in numbers.chain(edges).filter(|number| number.is_finite()) {
            assert_eq!(
                written(|out| double(out, 0, number)),
                serde_json::to_string(&number).unwrap()
            );
            let single = number as f32;
            if single.is_finite() {
                let text = serde_json::to_string(&single).unwrap();
                assert_eq!(written(|out| float(out, 0, single)), text);
            }
        }
        assert_eq!(written(|out| double(out, 0, f64::NAN)), "\"NaN\"");
        assert_eq!(written(|out| float(out, 0, f32::NEG_INFINITY)), "\"-Infinity\"");
    }
}
