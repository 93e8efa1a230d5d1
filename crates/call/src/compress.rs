//! Messages compressed and back.

use std::io::{self, Read, Write};
use wirelab_model::Compression;

/// What `grpc-accept-encoding` says: everything that [`decompress`] knows.
pub const ACCEPTED: &str = "identity,gzip,deflate,zstd";

/// The library's own middle between speed and size.
const ZSTD_LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;

/// Why compressed bytes are no message.
#[derive(Debug)]
pub(crate) enum Inflate {
    /// There is more than the limit allows.
    TooLarge,
    /// They are not of this form.
    Corrupt(io::Error),
}

/// The form that a header names, in any case; none where it is not known here.
pub fn named(name: &str) -> Option<Compression> {
    Compression::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name.trim()))
}

/// Appends `message` to `out`, compressed.
///
/// # Errors
/// When the library cannot be set up.
pub fn compress(how: Compression, message: &[u8], out: Vec<u8>) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::default();
    match how {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(out, level);
            encoder.write_all(message)?;
            encoder.finish()
        }
        Compression::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(out, level);
            encoder.write_all(message)?;
            encoder.finish()
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
            encoder.set_pledged_src_size(Some(message.len() as u64))?;
            encoder.write_all(message)?;
            encoder.finish()
        }
    }
}

/// The message again, of `limit` bytes at most: decompressing stops where there is more.
///
/// # Errors
/// Too much, or bytes that are not of this form.
pub(crate) fn decompress(how: Compression, payload: &[u8], limit: u64) -> Result<Vec<u8>, Inflate> {
    match how {
        Compression::Gzip => read(flate2::read::MultiGzDecoder::new(payload), limit),
        // Some servers leave the zlib header out, as many HTTP servers once did.
        Compression::Deflate if is_zlib(payload) => {
            read(flate2::read::ZlibDecoder::new(payload), limit)
        }
        Compression::Deflate => read(flate2::read::DeflateDecoder::new(payload), limit),
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(payload);
            read(decoder.map_err(Inflate::Corrupt)?, limit)
        }
    }
}

fn read(decoder: impl Read, limit: u64) -> Result<Vec<u8>, Inflate> {
    let mut plain = Vec::new();
    // One byte more than allowed tells that there is too much.
    let mut bounded = decoder.take(limit.saturating_add(1));
    bounded.read_to_end(&mut plain).map_err(Inflate::Corrupt)?;
    if plain.len() as u64 > limit { Err(Inflate::TooLarge) } else { Ok(plain) }
}

/// Whether these bytes begin as RFC 1950 §2.2 wants it: the method is deflate and the check fits.
fn is_zlib(payload: &[u8]) -> bool {
    match payload {
        [method, check, ..] => {
            method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*check)) % 31 == 0
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_is_accepted() {
        let mut forms = vec!["identity"];
        forms.extend(Compression::ALL.map(Compression::name));
        assert_eq!(ACCEPTED, forms.join(","));
        for how in Compression::ALL {
            assert_eq!(named(&how.name().to_uppercase()), Some(how));
        }
        assert_eq!(named("br"), None);
    }

    #[test]
    fn raw_deflate_is_understood() {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&[7; 5000]).unwrap();
        let raw = encoder.finish().unwrap();
        assert_eq!(decompress(Compression::Deflate, &raw, 5000).unwrap(), [7; 5000]);
    }

    /// A megabyte of zeros in a kilobyte: no more than the limit is ever unpacked.
    #[test]
    fn bombs_stop_at_the_limit() {
        for how in Compression::ALL {
            let bomb = compress(how, &vec![0; 1 << 20], Vec::new()).unwrap();
            assert!(bomb.len() < 2_000, "{how:?}");
            assert!(decompress(how, &bomb, 1 << 20).is_ok(), "{how:?}");
            let stopped = decompress(how, &bomb, (1 << 20) - 1);
            assert!(matches!(stopped, Err(Inflate::TooLarge)), "{how:?}");
        }
    }

    #[test]
    fn cut_off_is_corrupt() {
        for how in Compression::ALL {
            let whole = compress(how, b"a message that is long enough to cut", Vec::new()).unwrap();
            for end in 1..whole.len() {
                let cut = decompress(how, &whole[..end], 1 << 10);
                assert!(matches!(cut, Err(Inflate::Corrupt(_))), "{how:?} {end}: {cut:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn there_and_back(message in prop::collection::vec(0_u8..4, 0..2000)) {
            for how in Compression::ALL {
                let sent = compress(how, &message, vec![1, 2, 3]).unwrap();
                prop_assert_eq!(&sent[..3], [1, 2, 3]);
                prop_assert_eq!(&decompress(how, &sent[3..], 2000).unwrap(), &message);
            }
        }

        #[test]
        fn garbage_is_an_answer(payload in prop::collection::vec(0_u8.., 0..200)) {
            for how in Compression::ALL {
                if let Ok(message) = decompress(how, &payload, 64) {
                    prop_assert!(message.len() <= 64);
                }
            }
        }
    }
}
