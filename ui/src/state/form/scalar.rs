//! Scalars: what is typed to JSON, and what is wrong with it.

use crate::state::{json::Json, notation::Notation};
use wirelab_model::Scalar;

/// The JSON of what was typed into a field of this type. A number that JSON can write is one, 64-bit integers are
/// strings as ProtoJSON wants, and what does not fit the type is kept as a string.
pub fn value_of(scalar: Scalar, text: &str) -> Json {
    match scalar {
        Scalar::String | Scalar::Bytes => Json::string(text),
        Scalar::Bool => match text {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            other => Json::string(other),
        },
        scalar if scalar.is_64_bit_integer() => Json::string(text),
        _ => Json::number_or_string(text),
    }
}

/// What is wrong with a value of this type.
pub(super) fn problem(scalar: Scalar, value: &Json) -> Option<String> {
    match (scalar, value) {
        (Scalar::String, Json::String(_)) | (Scalar::Bool, Json::Bool(_)) => None,
        (Scalar::String, other) => Some(format!("Expected text, found {}", other.kind())),
        (Scalar::Bool, _) => Some("Expected true or false".into()),
        (Scalar::Bytes, Json::String(text)) => Notation::Base64.read(text).err(),
        (Scalar::Bytes, _) => Some("Expected bytes as base64 text".into()),
        (Scalar::Double | Scalar::Float, Json::Number(text) | Json::String(text)) => {
            float_problem(scalar, text)
        }
        (_, Json::Number(text) | Json::String(text)) => integer_problem(scalar, text),
        (_, other) => Some(format!("Expected a number, found {}", other.kind())),
    }
}

/// What is wrong with a map's key of this type.
pub(super) fn key_problem(scalar: Scalar, key: &str) -> Option<String> {
    match scalar {
        Scalar::String => None,
        Scalar::Bool => (!matches!(key, "true" | "false")).then(|| "A key is true or false".into()),
        scalar => integer_problem(scalar, key),
    }
}

fn float_problem(scalar: Scalar, text: &str) -> Option<String> {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return None;
    }
    let plain = text.chars().all(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
    let max = if scalar == Scalar::Float { f64::from(f32::MAX) } else { f64::MAX };
    match text.parse::<f64>() {
        Ok(number) if plain && number.abs() <= max => None,
        Ok(_) if plain => Some(format!("Too large for a {}", scalar.name())),
        _ => Some("Expected a number, for example 2.5, or NaN, Infinity, -Infinity".into()),
    }
}

fn integer_problem(scalar: Scalar, text: &str) -> Option<String> {
    let (low, high) = range(scalar);
    let number = whole(text);
    match number {
        None if text.is_empty() => Some("Expected a whole number".into()),
        None => Some(format!("Expected a whole number, not “{text}”")),
        Some(number) if (low..=high).contains(&number) => None,
        Some(_) => Some(format!("Out of range for {}: {low} to {high}", scalar.name())),
    }
}

fn range(scalar: Scalar) -> (i128, i128) {
    match scalar {
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        Scalar::Uint32 | Scalar::Fixed32 => (0, u32::MAX.into()),
        Scalar::Uint64 | Scalar::Fixed64 => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// The whole number that a text of JSON's grammar stands for, exactly; `1.0` and `1e3` are whole. Numbers beyond
/// 36 digits come out at the end of the range.
fn whole(text: &str) -> Option<i128> {
    let Json::Number(text) = Json::number_or_string(text) else { return None };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().unwrap_or(i32::MAX)),
        None => (text.as_str(), 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let negative = integer.starts_with('-');
    let digits = format!("{}{fraction}", integer.trim_start_matches('-'));
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let digits = digits.trim_end_matches('0');
    // The value is `digits` times ten to the power of this.
    let power = i64::from(exponent) - fraction.len() as i64 + zeros as i64;
    if power < 0 {
        return None;
    }
    let end = if negative { i128::MIN } else { i128::MAX };
    if digits.len() as i64 + power > 36 {
        return Some(end);
    }
    let number = digits.parse::<i128>().ok()? * 10i128.checked_pow(power as u32)?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        use Scalar::*;
        for (scalar, typed, expected) in [
            (Int32, "42", None),
            (Int32, "1e3", None),
            (Int32, "1.50e1", None),
            (Int32, "0.0", None),
            (Int32, "1.5", Some("Expected a whole number, not “1.5”")),
            (Int32, "", Some("Expected a whole number")),
            (Int32, "seven", Some("Expected a whole number, not “seven”")),
            (Int32, "2147483648", Some("Out of range for int32: -2147483648 to 2147483647")),
            (Uint32, "-1", Some("Out of range for uint32: 0 to 4294967295")),
            (Uint64, "18446744073709551615", None),
            (
                Uint64,
                "18446744073709551616",
                Some("Out of range for uint64: 0 to 18446744073709551615"),
            ),
            (Int64, "-9223372036854775808", None),
            (
                Int64,
                "1e999999999999",
                Some("Out of range for int64: -9223372036854775808 to 9223372036854775807"),
            ),
            (Float, "3.5e38", Some("Too large for a float")),
            (Double, "1e308", None),
            (Double, "1e309", Some("Too large for a double")),
            (Double, "-Infinity", None),
            (
                Double,
                "inf",
                Some("Expected a number, for example 2.5, or NaN, Infinity, -Infinity"),
            ),
            (Bool, "true", None),
            (Bool, "yes", Some("Expected true or false")),
            (Bytes, "aGk=", None),
            (Bytes, "?", Some("Expected base64, for example aGVsbG8=")),
            (String, "anything", None),
        ] {
            let value = value_of(scalar, typed);
            assert_eq!(value.input_text(), typed, "what was typed stays");
            assert_eq!(problem(scalar, &value).as_deref(), expected, "{scalar:?} {typed}");
        }
        assert_eq!(
            problem(String, &Json::Number("1".into())).unwrap(),
            "Expected text, found a number"
        );
        assert_eq!(
            problem(Int32, &Json::Bool(true)).unwrap(),
            "Expected a number, found a boolean"
        );
    }

    #[test]
    fn sixty_four_bits_are_strings() {
        assert_eq!(value_of(Scalar::Int64, "7"), Json::string("7"));
        assert_eq!(value_of(Scalar::Int32, "7"), Json::Number("7".into()));
        assert_eq!(value_of(Scalar::Int32, "7x"), Json::string("7x"));
    }
}
