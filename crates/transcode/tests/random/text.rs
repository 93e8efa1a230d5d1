//! Other texts that say the same.

use super::Choices;
use serde_json::Value;
use std::fmt::Write;

/// A JSON text of the same value: white space, order of keys, escapes and the form of numbers are others.
pub fn vary(choices: &mut Choices<'_>, value: &Value) -> String {
    let mut text = String::new();
    write(choices, value, &mut text);
    space(choices, &mut text);
    text
}

fn space(choices: &mut Choices<'_>, text: &mut String) {
    *text +=
        choices.pick(&["", "", "", " ", "\n", "\r\n\t", "                                   "]);
}

fn write(choices: &mut Choices<'_>, value: &Value, text: &mut String) {
    space(choices, text);
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            choices.shuffle(&mut members);
            text.push('{');
            for (place, (key, value)) in members.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                space(choices, text);
                string(choices, key, text);
                space(choices, text);
                text.push(':');
                write(choices, value, text);
                space(choices, text);
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for (place, value) in list.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(choices, value, text);
            }
            space(choices, text);
            text.push(']');
        }
        Value::String(value) => string(choices, value, text),
        Value::Number(number) => {
            let plain = number.to_string();
            let has_no_fraction = plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            let is_zero = plain == "0";
            match choices.below(6) {
                1 if has_no_fraction => {
                    let _ = write!(text, "{plain}.0");
                }
                2 if has_no_fraction && !is_zero => {
                    let _ = write!(text, "{plain}0e-1");
                }
                3 if has_no_fraction => {
                    let _ = write!(text, "{plain}E+00");
                }
                _ => *text += &plain,
            }
        }
        Value::Bool(_) | Value::Null => *text += &value.to_string(),
    }
}

fn string(choices: &mut Choices<'_>, value: &str, text: &mut String) {
    if !choices.once_in(3) {
        *text += &Value::from(value).to_string();
        return;
    }
    text.push('"');
    for unit in value.encode_utf16() {
        let _ = match choices.once_in(2) {
            true => write!(text, "\\u{unit:04x}"),
            false => write!(text, "\\u{unit:04X}"),
        };
    }
    text.push('"');
}
