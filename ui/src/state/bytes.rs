//! The bytes of a message as a hex view, and which field each belongs to.
//!
//! Owns rows of bytes, the innermost field of each byte, and what to mark when a field is looked at. Knows no screen
//! and no Protobuf: the byte map comes with the message.

use std::{fmt::Write, ops::Range};
use wirelab_chart::format;
use wirelab_model::ByteSpan;

/// How many colours fields take turns in.
pub const COLOURS: usize = 3;

/// The bytes of one message with its byte map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    wire: Vec<u8>,
    spans: Vec<ByteSpan>,
    /// The innermost span of each byte.
    owner: Vec<Option<u32>>,
}

/// Bytes beside each other that are drawn alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where they are in the message.
    pub range: Range<usize>,
    /// `0a 4b`.
    pub hex: String,
    /// The innermost field they belong to.
    pub span: Option<usize>,
    /// Which of the [`COLOURS`] they have.
    pub colour: Option<usize>,
}

/// One row of the hex view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexRow {
    /// `001a`.
    pub offset: String,
    /// The bytes.
    pub runs: Vec<Run>,
    /// The bytes as ASCII, a dot for what cannot be printed.
    pub ascii: String,
}

impl Bytes {
    /// A message and its byte map, outer fields before inner ones. Spans that are not inside the bytes (which may
    /// have been cut) are taken as far as they reach.
    pub fn new(wire: &[u8], spans: &[ByteSpan]) -> Self {
        let mut owner = vec![None; wire.len()];
        for (index, span) in spans.iter().enumerate() {
            let end = (span.end as usize).min(wire.len());
            let start = (span.start as usize).min(end);
            if let Some(bytes) = owner.get_mut(start..end) {
                bytes.fill(u32::try_from(index).ok());
            }
        }
        Bytes { wire: wire.to_vec(), spans: spans.to_vec(), owner }
    }

    /// The byte map.
    pub fn spans(&self) -> &[ByteSpan] {
        &self.spans
    }

    /// How many rows there are at `per_row` bytes each.
    pub fn rows(&self, per_row: usize) -> usize {
        self.wire.len().div_ceil(per_row.max(1))
    }

    /// A row of the hex view.
    pub fn row(&self, index: usize, per_row: usize) -> HexRow {
        let start = index.saturating_mul(per_row).min(self.wire.len());
        let end = start.saturating_add(per_row).min(self.wire.len());
        let mut runs: Vec<Run> = Vec::new();
        let bytes = self.wire.get(start..end).unwrap_or_default();
        for (at, byte) in (start..end).zip(bytes) {
            let span = self.span_at(at);
            match runs.last_mut() {
                Some(run) if run.span == span => {
                    run.range.end = at + 1;
                    let _ = write!(run.hex, " {byte:02x}");
                }
                _ => runs.push(Run {
                    range: at..at + 1,
                    hex: format!("{byte:02x}"),
                    span,
                    colour: span.map(|span| span % COLOURS),
                }),
            }
        }
        let printable = |b: &u8| if (0x20..0x7f).contains(b) { *b as char } else { '·' };
        let ascii = bytes.iter().map(printable).collect();
        HexRow { offset: format!("{start:04x}"), runs, ascii }
    }

    /// The innermost field of a byte.
    pub fn span_at(&self, byte: usize) -> Option<usize> {
        self.owner.get(byte).copied().flatten().map(|span| span as usize)
    }

    /// The field at this path; of several (a packed list in two pieces) the first.
    pub fn span_of(&self, path: &str) -> Option<usize> {
        self.spans.iter().position(|span| span.path == path)
    }

    /// The bytes of a field, tag and inner fields included.
    pub fn range(&self, span: usize) -> Range<usize> {
        match self.spans.get(span) {
            Some(span) => {
                let end = (span.end as usize).min(self.wire.len());
                (span.start as usize).min(end)..end
            }
            None => 0..0,
        }
    }
}

/// Where the field at this path is in the JSON text; of several the last that is, for it counts.
pub fn json_of(spans: &[ByteSpan], path: &str) -> Option<Range<usize>> {
    let there = |span: &&ByteSpan| span.path == path && span.json.is_some();
    let place = spans.iter().rfind(there)?.json?;
    Some(place.start as usize..place.end as usize)
}

/// A field in a line, what it takes first: `stock.on_hand  tag 1 + value 2 = 3 bytes, 14 in JSON · field 2 · …`.
pub fn describe(span: &ByteSpan) -> String {
    let (path, cost) = (&span.path, cost(span));
    let mut line = format!("{path}  {cost} · field {} · {}", span.number, span.wire_type);
    if !span.text.is_empty() {
        line.push_str(" · ");
        line.push_str(&span.text);
    }
    line
}

/// What a field takes on the wire and in compact JSON: `tag 1 + value 2 = 3 bytes, 14 in JSON`.
pub fn cost(span: &ByteSpan) -> String {
    let parts = [
        ("tag", span.length.saturating_sub(span.start)),
        ("length", span.value.saturating_sub(span.length)),
        ("value", span.end.saturating_sub(span.value)),
    ];
    let all: u32 = parts.iter().map(|(_, bytes)| bytes).sum();
    let parts: Vec<String> = parts
        .iter()
        .filter(|(name, bytes)| *bytes > 0 || *name == "value")
        .map(|(name, bytes)| format!("{name} {}", format::count(u64::from(*bytes))))
        .collect();
    let json = match span.json {
        Some(place) => format!("{} in JSON", format::count(u64::from(place.compact))),
        None => "not in the JSON".to_owned(),
    };
    match &parts[..] {
        [_] => format!("{}, {json}", parts.join("")),
        parts => format!("{} = {} bytes, {json}", parts.join(" + "), format::count(u64::from(all))),
    }
}

/// How many bytes a row of the hex view holds in `width_px` when a character is `char_px` wide: 4 to 32, a multiple
/// of 4, with room for the offset; and whether the ASCII column fits beside them.
pub fn per_row(width_px: f64, char_px: f64) -> (usize, bool) {
    let columns = if char_px > 0.0 { (width_px / char_px) as usize } else { 0 };
    // 6 for the offset and its gap, 3 a byte; with ASCII one more a byte and 2 for the gap.
    let fits = |per_byte: usize, gap: usize| columns.saturating_sub(6 + gap) / per_byte / 4 * 4;
    match fits(4, 2) {
        ascii @ 16.. => (ascii.min(32), true),
        _ => (fits(3, 0).clamp(4, 16), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32, depth: u32, path: &str) -> ByteSpan {
        ByteSpan {
            start,
            length: start + 1,
            value: start + 1,
            end,
            depth,
            path: path.to_owned(),
            number: 2,
            wire_type: "varint".to_owned(),
            text: "1840".to_owned(),
            json: None,
        }
    }

    fn sample() -> Bytes {
        let wire = [0x0a, 0x04, 0x10, 0xb0, 0x0e, 0x41, 0x08, 0x7f];
        let spans =
            [span(0, 6, 0, "stock"), span(2, 5, 1, "stock.on_hand"), span(6, 99, 0, "cut_off")];
        Bytes::new(&wire, &spans)
    }

    /// A row as `0000  [0:0a 04] [1:10 b0]`.
    fn shown(row: &HexRow) -> String {
        let runs = row.runs.iter().map(|run| match run.span {
            Some(span) => format!("[{span}:{}]", run.hex),
            None => run.hex.clone(),
        });
        format!("{}  {}  {}", row.offset, runs.collect::<Vec<_>>().join(" "), row.ascii)
    }

    #[test]
    fn rows_show_the_innermost_field() {
        let bytes = sample();
        for (index, per_row, expected) in [
            (0, 4, "0000  [0:0a 04] [1:10 b0]  ····"),
            (1, 4, "0004  [1:0e] [0:41] [2:08 7f]  ·A··"),
            (2, 4, "0008    "),
            (0, 16, "0000  [0:0a 04] [1:10 b0 0e] [0:41] [2:08 7f]  ·····A··"),
        ] {
            assert_eq!(shown(&bytes.row(index, per_row)), expected, "row {index} of {per_row}");
        }
        assert_eq!((bytes.rows(4), bytes.rows(16), bytes.rows(0)), (2, 1, 8));
    }

    #[test]
    fn a_field_and_its_bytes_find_each_other() {
        let bytes = sample();
        assert_eq!(bytes.span_at(3), Some(1));
        assert_eq!(bytes.span_at(99), None);
        assert_eq!(bytes.span_of("stock.on_hand"), Some(1));
        assert_eq!(bytes.span_of("nothing"), None);
        assert_eq!((bytes.range(1), bytes.range(2), bytes.range(9)), (2..5, 6..8, 0..0));
        assert_eq!(
            describe(&bytes.spans()[1]),
            "stock.on_hand  tag 1 + value 2 = 3 bytes, not in the JSON · field 2 · varint · 1840"
        );
    }

    #[test]
    fn says_what_a_field_takes_and_where_it_is_in_the_text() {
        let place = |start, end, compact| Some(wirelab_model::JsonSpan { start, end, compact });
        let text = ByteSpan {
            start: 0,
            length: 1,
            value: 3,
            end: 1_303,
            json: place(4, 1_400, 1_316),
            ..span(0, 0, 0, "name")
        };
        let packed = ByteSpan { start: 7, length: 7, value: 7, end: 9, ..span(0, 0, 0, "list[0]") };
        let again = ByteSpan { json: place(1, 2, 1), ..text.clone() };
        for (span, expected) in [
            (&text, "tag 1 + length 2 + value 1,300 = 1,303 bytes, 1,316 in JSON"),
            (&packed, "value 2, not in the JSON"),
            (
                &ByteSpan { end: 3, ..text.clone() },
                "tag 1 + length 2 + value 0 = 3 bytes, 1,316 in JSON",
            ),
        ] {
            assert_eq!(cost(span), expected);
        }
        let replaced = ByteSpan { json: None, ..text.clone() };
        let spans = [again, text, replaced, packed];
        assert_eq!(json_of(&spans, "name"), Some(4..1_400));
        assert_eq!((json_of(&spans, "list[0]"), json_of(&spans, "other")), (None, None));
    }

    #[test]
    fn impossible_spans_do_no_harm() {
        let bytes = Bytes::new(&[1, 2], &[span(9, 3, 0, "backwards"), span(5, 9, 0, "beyond")]);
        assert_eq!(bytes.row(0, 16).runs.len(), 1);
        assert_eq!((bytes.range(0), bytes.range(1)), (2..2, 2..2));
        assert_eq!(Bytes::default().row(0, 16).runs, []);
    }

    #[test]
    fn a_row_fits_its_width() {
        for (width, expected) in [
            (0.0, (4, false)),
            (212.0, (8, false)),
            (362.0, (16, false)),
            (480.0, (16, true)),
            (2_000.0, (32, true)),
        ] {
            assert_eq!(per_row(width, 6.6), expected, "{width} px");
        }
    }
}
