//! Content codings (RFC 9110 §8.4) both ways: gzip, deflate, br and zstd.
//!
//! Everything is done piece by piece: decompressing stops between two pieces of [`PIECE_BYTES`], so that whoever collects
//! a body with a limit (`Options::max_message_bytes`, which so holds for what comes out of a coding too) never holds more
//! than that beyond it, and what a stream tells goes out at once.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub(crate) use decode::decoded;
pub(crate) use encode::{encoded, wanted};

use http::HeaderValue;

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

impl Coding {
    /// Every one, the most wanted first.
    const ALL: [Coding; 4] = [Coding::Zstd, Coding::Brotli, Coding::Gzip, Coding::Deflate];

    const fn name(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
        }
    }

    fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// `x-gzip` is gzip (RFC 9110 §8.4.1.3).
    fn named(name: &str) -> Option<Coding> {
        let name = name.trim();
        let own = Coding::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name));
        own.or(name.eq_ignore_ascii_case("x-gzip").then_some(Coding::Gzip))
    }
}
