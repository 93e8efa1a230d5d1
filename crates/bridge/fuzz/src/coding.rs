//! Ways to compress, by the libraries alone.

use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{self, Write};

/// A way to compress, as headers name it; none for bytes as they are.
pub type Coding = Option<&'static str>;

/// The bytes in that way.
pub fn pack(coding: Coding, plain: &[u8]) -> Vec<u8> {
    packed(coding, plain).expect("memory takes all of it")
}

fn packed(coding: Coding, plain: &[u8]) -> io::Result<Vec<u8>> {
    match coding {
        None => Ok(plain.to_vec()),
        Some("gzip") => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain)?;
            encoder.finish()
        }
        Some("deflate") => {
            let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain)?;
            encoder.finish()
        }
        Some("br") => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 1, 16);
            encoder.write_all(plain)?;
            Ok(encoder.into_inner())
        }
        Some("zstd") => zstd::encode_all(plain, 1),
        Some(name) => panic!("{name} is no coding"),
    }
}
