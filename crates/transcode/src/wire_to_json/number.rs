//! Numbers as JSON text. Each is written into an area of a fixed size, of which the writer says how much counts:
//! stores at places that are known need no check.

use super::out::{Area, overlapping};
use wide::bytemuck::cast;
use wide::{u16x8, u32x4, u64x2};

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

/// The digits of two numbers below 10^8 as text, in the way of [`eight`].
#[inline(always)]
fn sixteen_digits(first: u64, second: u64) -> [u8; 16] {
    if cfg!(target_endian = "big") {
        let digits = u128::from(eight_digits(first)) | u128::from(eight_digits(second)) << 64;
        return digits.to_le_bytes();
    }
    let fours = |number: u64| (number / 10_000) | ((number % 10_000) << 32);
    let fours: u16x8 = cast(u64x2::new([fours(first), fours(second)]));
    let hundreds = fours.mul_keep_high(u16x8::splat(5243)) >> 3;
    let rest: u32x4 = cast(fours - hundreds * u16x8::splat(100));
    let pairs: u16x8 = hundreds | cast::<_, u16x8>(rest << 16);
    let tens = (pairs * u16x8::splat(103)) >> 10;
    // In the high byte of each pair what the tens leave.
    let digits = (pairs << 8) - tens * u16x8::splat(2559);
    cast(digits | u16x8::splat(0x3030))
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
        return small(area, at, number);
    }
    large(area, at, number)
}

/// Of at most eight digits.
#[inline(always)]
fn small(area: &mut Area, at: usize, number: u64) -> usize {
    let digits = eight(number);
    // Of zero the last digit stays.
    let absent = (digits | 1 << 56).trailing_zeros() >> 3;
    put(area, at, ((digits | ZEROS) >> (8 * absent)).to_le_bytes());
    at + 8 - absent as usize
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

/// The powers of ten that 64 bits hold; zeros fill the table, so that an index needs no check.
const POWERS: [u64; 32] = {
    let mut powers = [0; 32];
    let mut exponent = 0;
    while exponent < 20 {
        powers[exponent] = 10u64.pow(exponent as u32);
        exponent += 1;
    }
    powers
};

/// What makes a number of so many digits one of 19.
const TO_19: [u64; 32] = {
    let mut factors = [0; 32];
    let mut digits = 0;
    while digits < 20 {
        factors[digits] = POWERS[19 - digits];
        digits += 1;
    }
    factors
};

/// Writes a number of which nobody knows the size; returns where it ends.
///
/// Of all sizes alike, lest the processor guess wrong: the digits are counted, so that the next number need not wait
/// for them, and the number is scaled to 19 digits, of which the first ones count.
#[inline(always)]
fn any_size(area: &mut Area, at: usize, number: u64) -> usize {
    if number >= POWERS[19] {
        return largest(area, at, number);
    }
    // The exponent of a double, not `leading_zeros`: `bsr` waits for what its register held before. When rounding
    // makes it one too many, the number still has the digits below.
    let half = (number >> 1 | 1).cast_signed() as f64;
    let bits = (half.to_bits() >> 52) as usize - 1021;
    // 1233 / 4096 is about the logarithm of two, too small for some numbers by one.
    let fewer = (bits * 1233) >> 12;
    let count = fewer + usize::from((number | 1) >= POWERS[fewer % 32]);
    let scaled = number.wrapping_mul(TO_19[count % 32]);
    let (first, rest) = (scaled / 100_000_000_000, scaled % 100_000_000_000);
    let (second, third) = (rest / 1000, rest % 1000);
    put(area, at, sixteen_digits(first, second));
    // Exact below a thousand, as in `eight`.
    let hundreds = (third * 41) >> 12;
    let pair = third - hundreds * 100;
    let tens = (pair * 103) >> 10;
    let digits = hundreds | tens << 8 | (pair - tens * 10) << 16;
    put(area, at + 16, (digits as u32 | ZEROS as u32).to_le_bytes());
    at + count
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
    let end = any_size(area, 1, number);
    area[end % 32] = b'"';
    end + 1
}

/// The same of a number alone, which is small most often.
#[inline(always)]
pub(super) fn one_quoted_unsigned(area: &mut Area, number: u64) -> usize {
    if number >= E8 {
        return quoted_unsigned(area, number);
    }
    area[0] = b'"';
    let end = small(area, 1, number);
    area[end % 32] = b'"';
    end + 1
}

#[inline(always)]
pub(super) fn one_quoted_signed(area: &mut Area, number: i64) -> usize {
    if number.unsigned_abs() >= E8 {
        return quoted_signed(area, number);
    }
    area[0] = b'"';
    area[1] = b'-';
    let end = small(area, 1 + usize::from(number < 0), number.unsigned_abs());
    area[end % 32] = b'"';
    end + 1
}

#[inline(always)]
pub(super) fn quoted_signed(area: &mut Area, number: i64) -> usize {
    area[0] = b'"';
    area[1] = b'-';
    let end = any_size(area, 1 + usize::from(number < 0), number.unsigned_abs());
    area[end % 32] = b'"';
    end + 1
}

const MILLION: u64 = 1_000_000;

/// The millionths of a number's magnitude, if they are exactly what its shortest text says; else zero.
///
/// Many numbers have few decimals. Of texts with at most 15 digits no two are the same double, so one that reads
/// as this number is the only one, and without trailing zeros the shortest. Below a thousandth there may be
/// exponents.
#[inline(always)]
fn millionths(number: f64) -> u64 {
    // Beside this number the last bit of a double counts one.
    const ONES: f64 = (1u64 << 52) as f64;
    let magnitude = number.abs();
    let sum = magnitude * 1e6 + ONES;
    // What is too large, or no number, has other high bits.
    let millionths = sum.to_bits().wrapping_sub(ONES.to_bits());
    let exact =
        (1_000..1_000_000_000 * MILLION).contains(&millionths) & ((sum - ONES) / 1e6 == magnitude);
    if exact { millionths } else { 0 }
}

/// Writes a number of which the [`millionths`] are known.
#[inline(always)]
fn few_decimals(area: &mut Area, number: f64, millionths: u64) -> usize {
    area[0] = b'-';
    let at = decimal(area, usize::from(number < 0.0), millionths / MILLION);
    let digits = eight(millionths % MILLION * 100);
    put(area, at % 16, [b'.']);
    put(area, at % 16 + 1, (digits | ZEROS).to_le_bytes());
    // At least one decimal.
    at + 9 - ((digits | 1).leading_zeros() as usize >> 3)
}

/// The shortest text that reads as the same number: `1.0`, `0.1`, `1e21`; what is no number is a string.
#[inline]
pub(super) fn double(area: &mut Area, number: f64) -> usize {
    let millionths = millionths(number);
    if millionths != 0 {
        return few_decimals(area, number, millionths);
    }
    overlapping(area, shortest(&mut zmij::Buffer::new(), number).as_bytes())
}

/// The same of any double.
#[inline(always)]
fn shortest(buffer: &mut zmij::Buffer, number: f64) -> &str {
    if number.is_finite() { buffer.format_finite(number) } else { special(number) }
}

/// Numbers that are written at a time.
pub(super) const BATCH: usize = 32;

/// Room for so many numbers, each with a comma before it.
pub(super) type Areas = [u8; BATCH * 33];

/// Writes numbers, each with a comma before it; returns where the last one ends.
#[inline(always)]
pub(super) fn batch<T: Copy>(
    areas: &mut Areas,
    numbers: &[T],
    mut write: impl FnMut(&mut Area, T) -> usize,
) -> usize {
    let mut end = 0;
    for number in numbers {
        areas[end] = b',';
        let area = areas[end + 1..].first_chunk_mut().expect("numbers are short");
        end += 1 + write(area, *number);
    }
    end
}

/// The same for doubles, step by step for all of them, so that none waits for what was just stored and the
/// processor knows early which way each one goes.
pub(super) fn doubles(areas: &mut Areas, numbers: &[u64]) -> usize {
    let mut few = [0; BATCH];
    for (few, number) in few.iter_mut().zip(numbers) {
        *few = millionths(f64::from_bits(*number));
    }
    let mut buffers: [_; BATCH] = std::array::from_fn(|_| zmij::Buffer::new());
    let mut texts = [""; BATCH];
    for (((text, buffer), few), number) in texts.iter_mut().zip(&mut buffers).zip(few).zip(numbers)
    {
        if few == 0 {
            *text = shortest(buffer, f64::from_bits(*number));
        }
    }
    let mut steps = few.iter().zip(&texts);
    batch(areas, numbers, |area, number| match steps.next() {
        Some((0, text)) => overlapping(area, text.as_bytes()),
        Some((few, _)) => few_decimals(area, f64::from_bits(number), *few),
        None => 0,
    })
}

/// The shortest text that reads as the same `float`.
#[inline]
pub(super) fn float(area: &mut Area, number: f32) -> usize {
    if !number.is_finite() {
        return overlapping(area, special(f64::from(number)).as_bytes());
    }
    overlapping(area, zmij::Buffer::new().format_finite(number).as_bytes())
}

#[cold]
fn special(number: f64) -> &'static str {
    if number.is_nan() {
        "\"NaN\""
    } else if number > 0.0 {
        "\"Infinity\""
    } else {
        "\"-Infinity\""
    }
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
            assert_eq!(written(|area| quoted_unsigned(area, number)), format!("\"{number}\""));
            assert_eq!(written(|area| quoted_signed(area, negative)), format!("\"{negative}\""));
        }
        for number in (0..E8).step_by(9_973) {
            assert_eq!(written(|area| unsigned(area, number)), number.to_string());
        }
        assert_eq!(written(|area| quoted_signed(area, i64::MIN)), "\"-9223372036854775808\"");
    }

    #[test]
    fn floats_are_written_as_serde_json_writes_them() {
        let mut state = 1u64;
        let mut numbers: Vec<f64> = (0..20_000)
            .map(|round| {
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
            })
            .collect();
        let edges =
            [0.0, -0.0, 1.0, -1.0, 1e15, 1e16, 1e21, 1e-7, 5e-324, f64::MAX, 999_999_999_999_999.0];
        numbers.extend(edges);
        for number in numbers.iter().copied().filter(|number| number.is_finite()) {
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
        for batch in numbers.chunks(BATCH) {
            let mut areas = [0; size_of::<Areas>()];
            let end = doubles(&mut areas, &batch.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            let alone = |number: &f64| format!(",{}", written(|area| double(area, *number)));
            assert_eq!(areas[..end], *batch.iter().map(alone).collect::<String>().as_bytes());
        }
        assert_eq!(written(|area| double(area, f64::NAN)), "\"NaN\"");
        assert_eq!(written(|area| float(area, f32::NEG_INFINITY)), "\"-Infinity\"");
    }
}
