//! How messages are compressed on their own: what gRPC knows, and Brotli, which Connect's clients may use too.

use crate::compress::{Coding, CompressionOptions, MIN_COMPRESSED_BYTES, Ties, unpacked};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use wirelab_call::wire::FrameError;
use wirelab_model::{Status, StatusCode};

/// How messages are compressed for clients of Connect, by the header of this name: the coding, and how short a message
/// has to be to go as it is. The order of the list counts
/// (<https://connectrpc.com/docs/protocol/#unary-request>, "Accept-Encoding").
pub(super) fn answering(
    options: &CompressionOptions,
    headers: &HeaderMap,
    name: &HeaderName,
) -> Option<(Coding, usize)> {
    if options.off {
        return None;
    }
    let from = options.min_bytes.unwrap_or(MIN_COMPRESSED_BYTES);
    let coding = Coding::preferred(headers, name, Ties::First)?;
    Some((coding, usize::try_from(from).unwrap_or(usize::MAX)))
}

/// What is compressed in the way of this name, of `limit` bytes at most. Nothing is nothing in every one.
///
/// # Errors
/// A way that is not known, bytes that are not of it, and more than the limit.
pub(super) fn unpack(name: &str, payload: &[u8], limit: u64) -> Result<Bytes, FrameError> {
    let Some(coding) = Coding::named(name) else { return Err(FrameError::Unknown(name.into())) };
    if payload.is_empty() {
        return Ok(Bytes::new());
    }
    match unpacked(coding, payload, limit) {
        Ok(plain) if plain.len() as u64 > limit => Err(FrameError::TooLarge(None)),
        Ok(plain) => Ok(plain.into()),
        Err(error) => Err(FrameError::Corrupt(coding.name(), error.to_string())),
    }
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

    #[test]
    fn what_is_announced() {
        let table = [
            ("gzip", Ok(Some("gzip"))),
            ("identity", Ok(None)),
            ("", Ok(None)),
            ("ZSTD", Ok(Some("zstd"))),
            (
                "br",
                Err("messages compressed as `br` are not understood here; use zstd, gzip, deflate"),
            ),
        ];
        for (name, want) in table {
            let known = |coding| coding != Coding::Brotli;
            let got = announced(Some(&HeaderValue::from_static(name)), known);
            let got = got.as_ref().map(|coding| coding.map(Coding::name));
            assert_eq!(got.map_err(|status| status.message.as_str()), want, "{name}");
        }
    }

    type Case = (&'static str, &'static [u8], Result<&'static [u8], FrameError>);

    #[test]
    fn messages() {
        let table: [Case; 5] = [
            ("gzip", b"", Ok(b"")),
            ("br", b"", Ok(b"")),
            ("snappy", b"", Err(FrameError::Unknown("snappy".into()))),
            ("br", b"\x06", Ok(b"")),
            ("br", b"\xff", Err(FrameError::Corrupt("br", "Invalid Data".into()))),
        ];
        for (name, payload, want) in table {
            let got = unpack(name, payload, 10);
            assert_eq!(got, want.map(Bytes::from_static), "{name} {payload:?}");
        }
        let long = crate::compress::packed(Coding::Gzip, &[0; 100]).unwrap();
        assert_eq!(unpack("GZIP", &long, 99), Err(FrameError::TooLarge(None)));
        assert_eq!(unpack("gzip", &long, 100).map(|plain| plain.len()), Ok(100));
    }
}
