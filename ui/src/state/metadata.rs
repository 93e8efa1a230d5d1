//! The metadata table as typed.

use super::notation::Notation;
use serde::{Deserialize, Serialize};
use wirelab_model::{MetadataValue, Metadatum};

/// Keys that the transport sets by itself, and what to do instead; the engine refuses the same.
const RESERVED: [(&str, &str); 12] = [
    ("te", "gRPC sets it"),
    ("content-type", "the transport sets it"),
    ("content-length", "HTTP/2 does without"),
    ("host", "set the authority in Connection"),
    ("connection", "HTTP/2 does not have it"),
    ("keep-alive", "HTTP/2 does not have it"),
    ("proxy-connection", "HTTP/2 does not have it"),
    ("transfer-encoding", "HTTP/2 does not have it"),
    ("upgrade", "HTTP/2 does not have it"),
    ("user-agent", "set it in Connection"),
    ("grpc-timeout", "set the deadline in Options"),
    ("grpc-encoding", "set the compression in Options"),
];

/// One row, valid or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Tells rows apart while they are edited and moved.
    #[serde(default)]
    pub id: u64,
    /// As typed.
    pub key: String,
    /// As typed, in `notation` when the key ends in `-bin`.
    pub value: String,
    /// How a `-bin` value is written.
    #[serde(default)]
    pub notation: Notation,
    /// Kept but not sent.
    #[serde(default)]
    pub disabled: bool,
}

impl Row {
    /// Whether the value is binary.
    pub fn binary(&self) -> bool {
        self.key.trim().to_ascii_lowercase().ends_with("-bin")
    }

    /// A row that shows `metadatum`.
    pub fn of(metadatum: &Metadatum, id: u64) -> Self {
        let (value, notation) = match &metadatum.value {
            MetadataValue::Text(text) => (text.clone(), Notation::Base64),
            MetadataValue::Binary(bytes) => {
                (Notation::Base64.write(bytes).unwrap_or_default(), Notation::Base64)
            }
        };
        Row { id, key: metadatum.key.clone(), value, notation, disabled: false }
    }

    /// What is wrong with it; none for an empty or disabled row.
    pub fn fault(&self) -> Option<Fault> {
        if self.disabled || (self.key.trim().is_empty() && self.value.is_empty()) {
            return None;
        }
        let key = self.key.trim().to_ascii_lowercase();
        let legal = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
        let of_key = |at, message: String| Some(Fault { part: Part::Key, at, message });
        if key.is_empty() {
            return of_key(None, "Needs a key".into());
        }
        let lead = self.key.chars().take_while(|c| c.is_whitespace()).count();
        if let Some((at, c)) = key.chars().enumerate().find(|(_, c)| !legal(*c)) {
            let why = format!(
                "A key has letters, digits, “-”, “_” and “.” only, not “{}”",
                c.escape_debug()
            );
            return of_key(Some(lead + at), why);
        }
        if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| *reserved == key) {
            return of_key(None, format!("“{key}” is not sent as metadata: {instead}"));
        }
        if key.starts_with("grpc-") {
            return of_key(None, "Keys that begin with “grpc-” belong to gRPC itself".into());
        }
        let (at, message) = if self.binary() {
            let why = self.notation.read(&self.value).err()?;
            (self.notation.unreadable(&self.value), why)
        } else {
            let (at, c) = self.value.chars().enumerate().find(|(_, c)| !matches!(c, ' '..='~'))?;
            let why = format!(
                "Values are printable ASCII, not “{}”; a key that ends in -bin takes any bytes",
                c.escape_debug()
            );
            (Some(at), why)
        };
        Some(Fault { part: Part::Value, at, message })
    }

    /// What is wrong with it, for people, with the place; none for an empty or disabled row.
    pub fn problem(&self) -> Option<String> {
        self.fault().map(|fault| fault.sentence())
    }

    /// The bytes of a binary value as they will go, in other words; none for text and for what cannot be read.
    pub fn decoded(&self) -> Option<Decoded> {
        let bytes = self.binary().then(|| self.notation.read(&self.value).ok()).flatten()?;
        Some(Decoded::of(&bytes))
    }

    /// The entry to send; none for a row that is empty, disabled or wrong.
    pub fn metadatum(&self) -> Option<Metadatum> {
        let key = self.key.trim().to_ascii_lowercase();
        if self.disabled || key.is_empty() || self.problem().is_some() {
            return None;
        }
        Some(match self.binary() {
            true => Metadatum::binary(key, self.notation.read(&self.value).ok()?),
            false => Metadatum::text(key, self.value.trim()),
        })
    }
}

/// The part of a row that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Key,
    Value,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which part.
    pub part: Part,
    /// The character that is wrong, from 0; none where it is the whole.
    pub at: Option<usize>,
    /// A sentence without its place.
    pub message: String,
}

impl Fault {
    /// The sentence with the place, counted from 1.
    pub fn sentence(&self) -> String {
        match (self.at, self.part) {
            (None, _) => self.message.clone(),
            (Some(at), Part::Key) => format!("Character {} of the key: {}", at + 1, self.message),
            (Some(at), Part::Value) => {
                format!("Character {} of the value: {}", at + 1, self.message)
            }
        }
    }
}

/// The text around a character: what is before it, the character, what is behind it; cut with `…` where it is long.
pub fn around(text: &str, at: usize) -> (String, String, String) {
    const NEAR: usize = 18;
    let chars: Vec<char> = text.chars().collect();
    let at = at.min(chars.len());
    let (from, to) = (at.saturating_sub(NEAR), (at + 1 + NEAR).min(chars.len()));
    let mut before: String = chars[from..at].iter().collect();
    if from > 0 {
        before.insert(0, '…');
    }
    let wrong = chars.get(at).map(|c| c.escape_debug().to_string()).unwrap_or_default();
    let mut behind: String = chars.get(at + 1..to).unwrap_or_default().iter().collect();
    if to < chars.len() {
        behind.push('…');
    }
    (before, wrong, behind)
}

/// Bytes of a `-bin` value as people read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// How many.
    pub length: usize,
    /// Pairs of digits, cut where there are many.
    pub hex: String,
    /// The text that they are, cut where it is long; none where they are not text that can be shown.
    pub text: Option<String>,
}

impl Decoded {
    /// Describes the value of an entry; none for text.
    pub fn of_entry(entry: &Metadatum) -> Option<Self> {
        match &entry.value {
            MetadataValue::Binary(bytes) => Some(Decoded::of(bytes)),
            MetadataValue::Text(_) => None,
        }
    }

    /// Describes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        const HEX: usize = 32;
        const TEXT: usize = 120;
        let mut hex = Notation::Hex.write(bytes.get(..HEX).unwrap_or(bytes)).unwrap_or_default();
        if bytes.len() > HEX {
            hex.push_str(" …");
        }
        let shown = |text: &&str| {
            !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        };
        let text = std::str::from_utf8(bytes).ok().filter(shown).map(|text| {
            let mut cut: String = text.chars().take(TEXT).collect();
            if cut.len() < text.len() {
                cut.push('…');
            }
            cut
        });
        Decoded { length: bytes.len(), hex, text }
    }
}

/// The entries to send, in order.
///
/// # Errors
/// The first row that is wrong, by its place from 1, and why.
pub fn entries(rows: &[Row]) -> Result<Vec<Metadatum>, (usize, String)> {
    for (i, row) in rows.iter().enumerate() {
        if let Some(problem) = row.problem() {
            return Err((i + 1, problem));
        }
    }
    Ok(rows.iter().filter_map(Row::metadatum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, value: &str) -> Row {
        Row { key: key.into(), value: value.into(), ..Row::default() }
    }

    #[test]
    fn says_what_is_wrong() {
        for (key, value, problem) in [
            ("authorization", "Bearer x", None),
            ("X-Trace", "1", None),
            ("", "", None),
            ("", "x", Some("Needs a key")),
            (
                " a b",
                "x",
                Some(
                    "Character 3 of the key: A key has letters, digits, “-”, “_” and “.” only, not “ ”",
                ),
            ),
            (
                "grpc-timeout",
                "1S",
                Some("“grpc-timeout” is not sent as metadata: set the deadline in Options"),
            ),
            ("grpc-x", "1", Some("Keys that begin with “grpc-” belong to gRPC itself")),
            ("TE", "trailers", Some("“te” is not sent as metadata: gRPC sets it")),
            ("trace-bin", "aGk=", None),
            (
                "trace-bin",
                "aG%=",
                Some("Character 3 of the value: Expected base64, for example aGVsbG8="),
            ),
            ("trace-bin", "a", Some("Expected base64, for example aGVsbG8=")),
            (
                "name",
                "Jörg",
                Some(
                    "Character 2 of the value: Values are printable ASCII, not “ö”; a key that ends in -bin takes any bytes",
                ),
            ),
        ] {
            assert_eq!(row(key, value).problem().as_deref(), problem, "{key}: {value}");
        }
    }

    #[test]
    fn order_and_repeats_are_kept_and_disabled_rows_are_not_sent() {
        let rows = [
            row("b", "1"),
            row("A", "2"),
            Row { disabled: true, ..row("x", "é") },
            row("", ""),
            row("b", "3"),
            Row { notation: Notation::Hex, ..row("t-bin", "00 ff") },
        ];
        assert_eq!(
            entries(&rows).unwrap(),
            [
                Metadatum::text("b", "1"),
                Metadatum::text("a", "2"),
                Metadatum::text("b", "3"),
                Metadatum::binary("t-bin", vec![0, 255]),
            ]
        );
        assert_eq!(entries(&[row("ok", "1"), row("", "x")]), Err((2, "Needs a key".into())));
    }

    #[test]
    fn shows_entries_as_rows() {
        for entry in [Metadatum::text("a", "b"), Metadatum::binary("a-bin", vec![1, 2, 255])] {
            assert_eq!(Row::of(&entry, 4).metadatum(), Some(entry));
        }
    }

    #[test]
    fn faults_are_shown_in_place() {
        let parts = |text: &str, at| {
            let (before, wrong, behind) = around(text, at);
            format!("{before}[{wrong}]{behind}")
        };
        assert_eq!(parts("Jörg", 1), "J[ö]rg");
        assert_eq!(parts("a\nb", 1), "a[\\n]b");
        assert_eq!(parts("", 4), "[]");
        assert_eq!(
            parts(&format!("{}!{}", "x".repeat(40), "y".repeat(40)), 40),
            format!("…{}[!]{}…", "x".repeat(18), "y".repeat(18))
        );
    }

    #[test]
    fn bytes_are_shown_as_hex_and_as_text() {
        let typed = Row { notation: Notation::Text, ..row("a-bin", "héé") };
        let decoded = typed.decoded().unwrap();
        assert_eq!((decoded.length, decoded.hex.as_str()), (5, "68 c3 a9 c3 a9"));
        assert_eq!(decoded.text.as_deref(), Some("héé"));
        for bytes in [&b"\xff"[..], b"", b"a\0b"] {
            assert_eq!(Decoded::of(bytes).text, None);
        }
        let long = Decoded::of(&[b'a'; 300]);
        assert!(long.hex.ends_with("61 …") && long.text.unwrap().ends_with("a…"));
        assert_eq!(row("a", "x").decoded(), None);
        assert_eq!(row("a-bin", "%").decoded(), None);
    }
}
