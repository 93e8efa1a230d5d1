//! Writes words so that a POSIX shell reads them as they are
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>).

use std::borrow::Cow;

/// One word of a command line.
pub fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_@%+=:,./-".contains(letter);
    // zsh gives a `=` in front a meaning.
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('=') {
        return word.to_owned();
    }
    format!("'{}'", without_nul(word).replace('\'', r"'\''"))
}

/// A text to stand between double quotes.
pub fn in_double_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in without_nul(text).chars() {
        if matches!(letter, '$' | '`' | '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}

/// No program can be given a NUL.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
