//! JSON text laid out for people without reading numbers, so that none of them changes.

/// Indents compact JSON by two spaces a level.
pub fn pretty(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 2);
    let mut depth = 0_usize;
    let mut letters = compact.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                text.push('"');
                let mut escaped = false;
                for letter in letters.by_ref() {
                    text.push(letter);
                    match letter {
                        '"' if !escaped => break,
                        '\\' => escaped = !escaped,
                        _ => escaped = false,
                    }
                }
            }
            '{' | '[' => {
                text.push(letter);
                match letters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => text.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            letter if letter.is_ascii_whitespace() => {}
            letter => text.push(letter),
        }
    }
    text
}

/// Takes the white space between tokens away.
pub fn compact(text: &str) -> String {
    let mut compact = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.chars() {
        if quoted || !letter.is_ascii_whitespace() {
            compact.push(letter);
        }
        match letter {
            '"' if !escaped => quoted = !quoted,
            '\\' if quoted => {
                escaped = !escaped;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    compact
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::{compact, pretty};

    #[test]
    fn layout() {
        let cases = [
            ("{}", "{}"),
            ("[]", "[]"),
            ("null", "null"),
            (r#""a{b:c,[d]\"e\\""#, r#""a{b:c,[d]\"e\\""#),
            (
                r#"{"a":1e400,"b":[1.0,{}]}"#,
                "{\n  \"a\": 1e400,\n  \"b\": [\n    1.0,\n    {}\n  ]\n}",
            ),
            (r#"{"n":{"m":[[]]}}"#, "{\n  \"n\": {\n    \"m\": [\n      []\n    ]\n  }\n}"),
        ];
        for (text, expected) in cases {
            assert_eq!(pretty(text), expected);
            assert_eq!(compact(expected), text);
        }
    }
}
