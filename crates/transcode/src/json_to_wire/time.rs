//! The texts of `google.protobuf.Timestamp` (<https://www.rfc-editor.org/rfc/rfc3339>) and `Duration`.

/// Seconds and nanoseconds.
pub(super) type Time = (i64, i32);

/// Durations reach this far both ways, whole seconds: some 10,000 years.
const LONGEST: u64 = 315_576_000_000;

/// What digits may be added to without reaching the highest bit of a byte, and other characters than they may not;
/// of a mark nothing is left once it is taken away.
const DIGIT: u64 = 0x76;
const MARK: u64 = 0x7f;

/// The days of each month, as far as every year has them.
const DAYS: [u8; 16] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0];

/// The seconds since 1970 of `1970-01-31T23:59:59`, as most begin, with [`word`](crate::raw::Text::word) telling what is
/// from a place on.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn whole(word: impl Fn(usize) -> u64) -> Option<i64> {
    let date = word(0) ^ u64::from_le_bytes(*b"0000-00-");
    let middle = word(8) ^ u64::from_le_bytes(*b"00T00:00");
    let time = word(11) ^ u64::from_le_bytes(*b"00:00:00");
    const fn most(marks: [u8; 8]) -> u64 {
        let (mut sum, mut index) = (0, 0);
        while index < 8 {
            sum |= (if marks[index] == b'0' { DIGIT } else { MARK }) << (8 * index);
            index += 1;
        }
        sum
    }
    let other = date.wrapping_add(const { most(*b"0000-00-") })
        | middle.wrapping_add(const { most(*b"00T00:00") })
        | time.wrapping_add(const { most(*b"00:00:00") })
        | date
        | middle
        | time;
    // In each byte the number that its digit and the next one make.
    let pairs = |word: u64| word.wrapping_mul(10).wrapping_add(word >> 8).to_le_bytes();
    let (date, middle, time) = (pairs(date), pairs(middle), pairs(time));
    let year = u32::from(date[0]) * 100 + u32::from(date[2]);
    let (month, day, hour, minute, second) = (date[5], middle[0], middle[3], middle[6], time[6]);
    let sound = (other & 0x8080_8080_8080_8080 == 0)
        & (year > 0)
        & (day.wrapping_sub(1) < DAYS[usize::from(month) % 16])
        & (month < 16)
        & (hour < 24)
        & (minute < 60)
        & (second < 60);
    let day = days_since_1970(i64::from(year), i64::from(month), i64::from(day));
    let seconds = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
    sound.then_some(day * 86_400 + i64::from(seconds))
}

/// A point in time from the year 1 to 9999, since 1970.
pub(super) fn timestamp(text: &[u8]) -> Result<Time, &'static str> {
    const FORM: &str = "a timestamp is written as \"1970-01-31T23:59:59.999Z\"";
    let mut rest = text;
    let year = number(&mut rest, 4).ok_or(FORM)?;
    let month = after(&mut rest, b'-', 2).ok_or(FORM)?;
    let day = after(&mut rest, b'-', 2).ok_or(FORM)?;
    let hour = after(&mut rest, b'T', 2).ok_or(FORM)?;
    let minute = after(&mut rest, b':', 2).ok_or(FORM)?;
    let second = after(&mut rest, b':', 2).ok_or(FORM)?;
    let nanos = fraction(&mut rest).ok_or(FORM)?;
    let offset = match *rest {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let hours = after(&mut rest, sign, 2).ok_or(FORM)?;
            let minutes = after(&mut rest, b':', 2).ok_or(FORM)?;
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return Err(FORM);
            }
            let offset = hours * 3600 + minutes * 60;
            if sign == b'-' { -offset } else { offset }
        }
        _ => return Err(FORM),
    };
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return Err("the timestamp's date does not exist");
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err("the timestamp's time of day does not exist");
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = seconds - offset;
    if (-62_135_596_800..=253_402_300_799).contains(&seconds) {
        Ok((seconds, nanos))
    } else {
        Err("the timestamp is not within the years 1 to 9999")
    }
}

/// A span of time.
pub(super) fn duration(text: &[u8]) -> Result<Time, &'static str> {
    const FORM: &str = "a duration is written in seconds, as \"-1.5s\"";
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(count);
    if digits.is_empty() {
        return Err(FORM);
    }
    let seconds = digits
        .iter()
        .fold(0u64, |seconds, digit| (seconds * 10 + u64::from(digit - b'0')).min(LONGEST + 1));
    rest = after;
    let nanos = fraction(&mut rest).ok_or(FORM)?;
    if rest != b"s" {
        return Err(FORM);
    }
    if seconds > LONGEST {
        return Err("the duration is longer than 10,000 years");
    }
    let seconds = seconds.cast_signed();
    Ok(if negative { (-seconds, -nanos) } else { (seconds, nanos) })
}

/// A number of exactly so many digits.
fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (digits, after) = rest.split_at_checked(digits)?;
    *rest = after;
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// The same after a separator.
fn after(rest: &mut &[u8], separator: u8, digits: usize) -> Option<i64> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    if *first == separator { number(rest, digits) } else { None }
}

/// Nanoseconds, if there is a fraction; digits beyond the ninth have to be zeros.
fn fraction(rest: &mut &[u8]) -> Option<i32> {
    let [b'.', after @ ..] = *rest else { return Some(0) };
    let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = after.split_at(count);
    *rest = after;
    let (nanos, beyond) = digits.split_at(count.min(9));
    if digits.is_empty() || beyond.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let nanos = nanos.iter().chain([b'0'; 9].iter()).take(9);
    Some(nanos.fold(0, |nanos, digit| nanos * 10 + i32::from(digit - b'0')))
}

fn days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days of the Gregorian calendar since 1 January 1970; from the year 0 on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that leap days come last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    // The calendar repeats every 400 years. None is negative then, and to divide by a constant what has no sign
    // is to multiply.
    let (year, month) = ((year + 400).unsigned_abs() as u32, month.unsigned_abs() as u32);
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5;
    i64::from(days) + day - 719_469 - 146_097
}
