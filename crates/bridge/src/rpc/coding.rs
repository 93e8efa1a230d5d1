//! How messages are compressed: what gRPC knows, and Brotli, which Connect's clients may use too.

use crate::compress::{CompressionOptions, MIN_COMPRESSED_BYTES};
use bytes::Bytes;
use http::HeaderValue;
use std::io::{self, Read, Write};
use wirelab_call::wire::{self, FrameError};
use wirelab_model::{Compression, Status, StatusCode};

/// Fast, and still smaller than gzip.
const BROTLI_QUALITY: u32 = 4;
/// What browsers take (RFC 7932 §9.1), as the logarithm of bytes.
const BROTLI_WINDOW: u32 = 22;
/// What is read at once, bytes.
const BROTLI_BUFFER: usize = 8 << 10;

/// How messages are compressed for clients of Connect, who always say what they take: the coding, and how short a message
/// has to be to go as it is.
pub(super) fn answering(
    options: &CompressionOptions,
    accepted: Option<&HeaderValue>,
) -> Option<(Coding, usize)> {
    if options.off {
        return None;
    }
    let from = options.min_bytes.unwrap_or(MIN_COMPRESSED_BYTES);
    Some((Coding::preferred(accepted)?, usize::try_from(from).unwrap_or(usize::MAX)))
}

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Of(Compression),
    Brotli,
}

impl Coding {
    /// Every one of them, the one taken first where a client likes several the same.
    pub const ALL: [Coding; 4] = [
        Coding::Of(Compression::Zstd),
        Coding::Of(Compression::Gzip),
        Coding::Brotli,
        Coding::Of(Compression::Deflate),
    ];

    /// What `connect-accept-encoding` and `accept-encoding` of an answer say.
    pub const ACCEPTED: &str = "gzip, br, zstd, deflate";

    /// As headers say it.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Of(how) => how.name(),
            Coding::Brotli => "br",
        }
    }

    /// The one of this name, in any case.
    pub fn named(name: &str) -> Option<Coding> {
        Coding::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The one that a list such as `gzip, br;q=0.5` (RFC 9110 §12.5.3) likes best.
    pub fn preferred(list: Option<&HeaderValue>) -> Option<Coding> {
        let list = list?.to_str().ok()?;
        let weight = |coding: Coding| {
            let entries = list.split(',').map(|entry| entry.split_once(';').unwrap_or((entry, "")));
            let is = |wanted: &str| {
                entries.clone().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
            };
            let found = is(coding.name()).or_else(|| is("*"));
            let (_, parameter) = found?;
            let weight = parameter.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
            weight.filter(|weight: &f32| *weight > 0.0)
        };
        let mut best: Option<(Coding, f32)> = None;
        for coding in Coding::ALL {
            if let Some(weight) = weight(coding)
                && best.is_none_or(|(_, other)| weight > other)
            {
                best = Some((coding, weight));
            }
        }
        best.map(|(coding, _)| coding)
    }

    /// The message compressed; none when that would make it longer, or the library fails.
    pub fn pack(self, message: &[u8]) -> Option<Vec<u8>> {
        let packed = match self {
            Coding::Of(how) => wire::compress(how, message, Vec::new()).ok()?,
            Coding::Brotli => brotli(message).ok()?,
        };
        (packed.len() < message.len()).then_some(packed)
    }
}

fn brotli(message: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer =
        brotli::CompressorWriter::new(Vec::new(), BROTLI_BUFFER, BROTLI_QUALITY, BROTLI_WINDOW);
    writer.write_all(message)?;
    writer.flush()?;
    Ok(writer.into_inner())
}

/// What is compressed in the way of this name, of `limit` bytes at most.
///
/// # Errors
/// A way that is not known, bytes that are not of it, and more than the limit.
pub(super) fn unpack(name: &str, payload: &[u8], limit: u64) -> Result<Bytes, FrameError> {
    if Coding::named(name) != Some(Coding::Brotli) {
        return wire::decompress(name, payload, limit);
    }
    let mut plain = Vec::new();
    // One byte more than allowed tells that there is too much.
    let mut reader =
        brotli::Decompressor::new(payload, BROTLI_BUFFER).take(limit.saturating_add(1));
    let corrupt = |error: io::Error| FrameError::Corrupt("br", error.to_string());
    reader.read_to_end(&mut plain).map_err(corrupt)?;
    if plain.len() as u64 > limit { Err(FrameError::TooLarge(None)) } else { Ok(plain.into()) }
}

/// The coding that a header announces; none where there is nothing to undo.
///
/// # Errors
/// UNIMPLEMENTED for one that is not known, as gRPC and Connect both have it.
pub(super) fn announced(
    header: Option<&HeaderValue>,
    known: impl Fn(Coding) -> bool,
) -> Result<Option<Coding>, Status> {
    let Some(value) = header else { return Ok(None) };
    let name = String::from_utf8_lossy(value.as_bytes());
    let name = name.trim();
    if name.is_empty() || name.eq_ignore_ascii_case("identity") {
        return Ok(None);
    }
    match Coding::named(name).filter(|coding| known(*coding)) {
        Some(coding) => Ok(Some(coding)),
        None => {
            let all = Coding::ALL.into_iter().filter(|coding| known(*coding));
            let names: Vec<&str> = all.map(Coding::name).collect();
            let message = format!(
                "messages compressed as `{}` are not understood here; use {}",
                name.escape_debug(),
                names.join(", ")
            );
            Err(Status::new(StatusCode::Unimplemented, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_clients_like_best() {
        let table = [
            ("gzip", Some("gzip")),
            ("GZIP , deflate", Some("gzip")),
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip;q=1.0, br;q=0.5, zstd;q=0", Some("gzip")),
            ("br;q=0.9, gzip;q=0.2", Some("br")),
            ("*", Some("zstd")),
            ("*;q=0, br", Some("br")),
            ("identity", None),
            ("gzip;q=x", None),
            ("", None),
        ];
        for (list, want) in table {
            let value = HeaderValue::from_static(list);
            assert_eq!(Coding::preferred(Some(&value)).map(Coding::name), want, "{list}");
        }
        assert_eq!(Coding::preferred(None), None);
    }

    #[test]
    fn what_is_announced() {
        let table = [
            ("gzip", Ok(Some("gzip"))),
            ("identity", Ok(None)),
            ("", Ok(None)),
            ("BR", Ok(Some("br"))),
            (
                "snappy",
                Err(
                    "messages compressed as `snappy` are not understood here; use zstd, gzip, br, deflate",
                ),
            ),
        ];
        for (name, want) in table {
            let got = announced(Some(&HeaderValue::from_static(name)), |_| true);
            let got = got.as_ref().map(|coding| coding.map(Coding::name));
            assert_eq!(got.map_err(|status| status.message.as_str()), want, "{name}");
        }
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        for coding in Coding::ALL {
            let bomb = coding.pack(&vec![0; 1 << 20]).unwrap();
            assert!(bomb.len() < 2_000, "{coding:?}");
            assert!(unpack(coding.name(), &bomb, 1 << 20).is_ok(), "{coding:?}");
            let stopped = unpack(coding.name(), &bomb, (1 << 20) - 1);
            assert_eq!(stopped, Err(FrameError::TooLarge(None)), "{coding:?}");
            assert!(unpack(coding.name(), &bomb[..bomb.len() / 2], 1 << 20).is_err(), "{coding:?}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(message in prop::collection::vec(0_u8..4, 0..2000)) {
            for coding in Coding::ALL {
                if let Some(packed) = coding.pack(&message) {
                    prop_assert_eq!(&unpack(coding.name(), &packed, 2000).unwrap()[..], &message);
                }
            }
        }
    }
}
