//! From a decimal number to the nearest `f64`: by one exact division or multiplication where that is exact, by
//! 128-bit products where these decide (Lemire, "Number Parsing at a Gigabyte per Second",
//! <https://arxiv.org/abs/2101.11408>).

/// The smallest and largest power of five in [`FIVES`].
const SMALLEST: i64 = -54;
const LARGEST: i64 = 55;

/// Powers of five, the first 128 bits of each. Those from -27 to -1 are rounded up, all others down.
static FIVES: [u128; (LARGEST - SMALLEST + 1) as usize] = {
    let mut powers = [0; (LARGEST - SMALLEST + 1) as usize];
    let mut index = 0;
    while index < powers.len() {
        powers[index] = five_to(index as i64 + SMALLEST);
        index += 1;
    }
    powers
};

const fn five_to(power: i64) -> u128 {
    let mut five = 1u128;
    let mut count = power.unsigned_abs();
    while count > 0 {
        five *= 5;
        count -= 1;
    }
    if power >= 0 {
        return five << five.leading_zeros();
    }
    // Long division of a power of two, until the quotient has 128 bits.
    let (mut quotient, mut rest) = (0u128, 1u128);
    while quotient >> 127 == 0 {
        rest <<= 1;
        quotient <<= 1;
        if rest >= five {
            rest -= five;
            quotient |= 1;
        }
    }
    if power >= -27 { quotient + 1 } else { quotient }
}

/// Powers of ten that an `f64` holds exactly.
pub(super) static EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The `f64` nearest to `mantissa` (not 0) times ten to `exponent`, where the bits at hand decide which it is.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn nearest(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa <= 1 << 53 && exponent.unsigned_abs() <= 22 {
        // Both are exact, so the one operation rounds once.
        let power = EXACT[exponent.unsigned_abs() as usize];
        let mantissa = mantissa as f64;
        return Some(if exponent < 0 { mantissa / power } else { mantissa * power });
    }
    if !(SMALLEST..=LARGEST).contains(&exponent) {
        return None;
    }
    let zeros = mantissa.leading_zeros();
    let normal = mantissa << zeros;
    let five = FIVES[(exponent - SMALLEST) as usize];
    let product = u128::from(normal) * (five >> 64);
    let (mut high, mut low) = ((product >> 64) as u64, product as u64);
    if high & 0x1ff == 0x1ff {
        // The second half of the power may carry into the bits that count.
        let second = ((u128::from(normal) * (five & u128::from(u64::MAX))) >> 64) as u64;
        let carry;
        (low, carry) = low.overflowing_add(second);
        high += u64::from(carry);
    }
    if low == u64::MAX && !(-27..=55).contains(&exponent) {
        return None;
    }
    let upper = (high >> 63) as i64;
    let mut bits = high >> (upper + 64 - 52 - 3);
    // 217706 / 2^16 is the logarithm of 10 to base 2.
    let mut power = ((exponent * 217_706) >> 16) + 63 + upper - i64::from(zeros) + 1023;
    let tie = low <= 1
        && (-4..=23).contains(&exponent)
        && bits & 3 == 1
        && bits << (upper + 64 - 52 - 3) == high;
    if tie {
        // Halfway between two: to the even one.
        bits &= !1;
    }
    bits = (bits + (bits & 1)) >> 1;
    if bits >= 2 << 52 {
        bits = 1 << 52;
        power += 1;
    }
    // The powers at hand keep far from the ends of what an f64 holds.
    Some(f64::from_bits(bits & !(1 << 52) | (power as u64) << 52))
}
