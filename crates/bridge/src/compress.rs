//! Content codings (RFC 9110 §8.4) both ways, of bodies and of single messages: gzip, deflate, br and zstd.
//!
//! Bodies are done piece by piece: decompressing stops between two pieces of [`PIECE_BYTES`], so that whoever collects
//! a body with a limit (`Options::max_message_bytes`, which so holds for what comes out of a coding too) never holds more
//! than that beyond it, and what a stream tells goes out at once.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub(crate) use decode::{decoded, refusal, unpacked};
pub(crate) use encode::{encoded, packed};

use http::{HeaderMap, HeaderName, HeaderValue};
use std::cmp::Ordering;

/// Bytes that are decompressed or compressed at a time.
pub const PIECE_BYTES: usize = 32 << 10;

/// Answers shorter than this go as they are unless told otherwise, bytes: compressing them costs more than it saves.
pub const MIN_COMPRESSED_BYTES: u64 = 1 << 10;

/// Codings that one request may be wrapped in.
pub const MAX_CODINGS: usize = 3;

/// How answers are compressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompressionOptions {
    /// Answers are never compressed.
    pub off: bool,
    /// Answers shorter than this go as they are, bytes; none means [`MIN_COMPRESSED_BYTES`].
    pub min_bytes: Option<u64>,
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Zstd,
    Brotli,
    Gzip,
    /// The zlib format (RFC 1950), which is what HTTP calls deflate.
    Deflate,
}

/// Which of several codings is taken that a client likes the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    /// The one that costs the least for what it saves.
    Ours,
    /// The one that the client names first.
    First,
}

impl Coding {
    /// Every one, the most wanted first.
    pub const ALL: [Coding; 4] = [Coding::Zstd, Coding::Brotli, Coding::Gzip, Coding::Deflate];

    /// All of them, as headers list them.
    pub const ACCEPTED: &str = "zstd, br, gzip, deflate";

    /// As headers say it.
    pub const fn name(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
        }
    }

    /// The same as the value of a header.
    pub fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// The one of this name, in any case. `x-gzip` is gzip (RFC 9110 §8.4.1.3).
    pub fn named(name: &str) -> Option<Coding> {
        let name = name.trim();
        let own = Coding::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name));
        own.or(name.eq_ignore_ascii_case("x-gzip").then_some(Coding::Gzip))
    }

    /// The one that a client likes best, by a header such as `gzip, br;q=0.5` (RFC 9110 §12.5.3). None where it likes
    /// none that is known, or rather has none.
    pub fn preferred(headers: &HeaderMap, name: &HeaderName, ties: Ties) -> Option<Coding> {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let mut liked: [Option<(f32, usize)>; Coding::ALL.len()] = [None; Coding::ALL.len()];
        let (mut others, mut identity) = (None, 0.0_f32);
        for (place, value) in values.flat_map(|value| value.split(',')).enumerate() {
            let mut parts = value.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if name == "*" {
                others = Some((weight, place));
            } else if name.eq_ignore_ascii_case("identity") {
                identity = weight;
            } else if let Some(coding) = Coding::named(name) {
                liked[coding as usize] = Some((weight, place));
            }
        }
        let known = Coding::ALL.into_iter().rev();
        let wanted = known.filter_map(|coding| Some((coding, liked[coding as usize].or(others)?)));
        let wanted = wanted.filter(|(_, (weight, _))| *weight > 0.0 && *weight >= identity);
        let best = wanted.max_by(|(_, (a, first)), (_, (b, second))| {
            a.total_cmp(b).then(match ties {
                Ties::Ours => Ordering::Equal,
                Ties::First => second.cmp(first),
            })
        });
        best.map(|(coding, _)| coding)
    }
}
