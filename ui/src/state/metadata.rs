//! The metadata table as typed.

use super::notation::Notation;
use serde::{Deserialize, Serialize};
use wirelab_model::{MetadataValue, Metadatum};

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

    /// What is wrong with it, for people; none for an empty or disabled row.
    pub fn problem(&self) -> Option<String> {
        if self.disabled || (self.key.trim().is_empty() && self.value.is_empty()) {
            return None;
        }
        let key = self.key.trim().to_ascii_lowercase();
        let legal = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
        if key.is_empty() {
            Some("Needs a key".into())
        } else if let Some(c) = key.chars().find(|c| !legal(*c)) {
            Some(format!("A key has letters, digits, “-”, “_” and “.” only, not “{c}”"))
        } else if key.starts_with("grpc-") {
            Some("Keys that begin with “grpc-” belong to gRPC itself".into())
        } else if matches!(key.as_str(), "content-type" | "te" | "user-agent") {
            Some(format!("“{key}” is set by gRPC itself"))
        } else if self.binary() {
            self.notation.read(&self.value).err()
        } else {
            let c = self.value.chars().find(|c| !matches!(c, ' '..='~'))?;
            Some(format!(
                "Values are printable ASCII, not “{}”; a key that ends in -bin takes any bytes",
                c.escape_default()
            ))
        }
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
            ("a b", "x", Some("A key has letters, digits, “-”, “_” and “.” only, not “ ”")),
            ("grpc-timeout", "1S", Some("Keys that begin with “grpc-” belong to gRPC itself")),
            ("te", "trailers", Some("“te” is set by gRPC itself")),
            ("trace-bin", "aGk=", None),
            ("trace-bin", "%", Some("Expected base64, for example aGVsbG8=")),
            (
                "name",
                "Jörg",
                Some(
                    "Values are printable ASCII, not “\\u{f6}”; a key that ends in -bin takes any bytes",
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
}
