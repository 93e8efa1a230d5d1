//! [`Json`] to text.

use super::Json;
use std::fmt::Write;

/// Two spaces a level, one member a line; the layout that the studio itself writes.
pub fn pretty(value: &Json) -> String {
    let mut out = String::new();
    write(value, Some(0), &mut out);
    out
}

/// Without any space.
pub fn compact(value: &Json) -> String {
    let mut out = String::new();
    write(value, None, &mut out);
    out
}

fn write(value: &Json, indent: Option<usize>, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(text) => out.push_str(text),
        Json::String(text) => write_string(text, out),
        Json::Array(items) => list(items, ('[', ']'), indent, out, |item, indent, out| {
            write(item, indent, out);
        }),
        Json::Object(members) => {
            list(members, ('{', '}'), indent, out, |(key, value), indent, out| {
                write_string(key, out);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, indent, out);
            })
        }
    }
}

fn list<T>(
    items: &[T],
    (open, close): (char, char),
    indent: Option<usize>,
    out: &mut String,
    one: impl Fn(&T, Option<usize>, &mut String),
) {
    out.push(open);
    let inner = indent.map(|n| n + 1);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        line(inner, out);
        one(item, inner, out);
    }
    if !items.is_empty() {
        line(indent, out);
    }
    out.push(close);
}

fn line(indent: Option<usize>, out: &mut String) {
    if let Some(n) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", n));
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
