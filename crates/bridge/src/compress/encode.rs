//! Answers compressed as the client accepts them: bodies as they go, and messages as a whole.

use super::{Coding, CompressionOptions, MIN_COMPRESSED_BYTES, PIECE_BYTES};
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Frame;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Between speed and size: what is made for one answer is read once.
const FLATE_LEVEL: flate2::Compression = flate2::Compression::new(4);
const BROTLI_QUALITY: u32 = 4;
/// A window of 2^20 bytes.
const BROTLI_WINDOW: u32 = 20;
const ZSTD_LEVEL: i32 = 1;

/// A message that is there as a whole in a coding; none when that would make it longer, or the library fails.
pub(crate) fn packed(coding: Coding, message: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(coding).ok()?;
    let mut packed = encoder.write(message, false).ok()?;
    packed.extend_from_slice(&encoder.finish().ok()?);
    (packed.len() < message.len()).then_some(packed)
}

/// The answer compressed where that is worth it.
pub(crate) fn encoded(
    response: Response<Body>,
    coding: Option<Coding>,
    options: &CompressionOptions,
) -> Response<Body> {
    if options.off || coding.is_none() && response.body().size_hint().exact() == Some(0) {
        return response;
    }
    let min = options.min_bytes.unwrap_or(MIN_COMPRESSED_BYTES);
    let length = response.body().size_hint().exact();
    let is_worth_it = length.is_none_or(|length| length >= min)
        && !response.headers().contains_key(CONTENT_ENCODING)
        && is_compressible(response.headers());
    if !is_worth_it {
        return response;
    }
    let (mut head, body) = response.into_parts();
    head.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    let encoder = coding.and_then(|coding| Some((coding, Encoder::new(coding).ok()?)));
    let Some((coding, encoder)) = encoder else { return Response::from_parts(head, body) };
    head.headers.insert(CONTENT_ENCODING, coding.value());
    head.headers.remove(CONTENT_LENGTH);
    let body = Encoded {
        flushes: length.is_none(),
        body,
        encoder: Some(encoder),
        data: Bytes::new(),
        trailers: None,
    };
    Response::from_parts(head, Body::new(body))
}

/// Whether a content type is text of some sort, rather than compressed already.
fn is_compressible(headers: &HeaderMap) -> bool {
    let media = crate::face::content_type(headers);
    let of = ["json", "xml", "javascript", "csv", "yaml"];
    media.starts_with("text/") || of.iter().any(|part| media.contains(part))
}

/// A body with a coding.
struct Encoded {
    body: Body,
    /// None once it is finished.
    encoder: Option<Encoder>,
    /// Each piece of the body goes out at once.
    flushes: bool,
    /// The rest of the piece at hand.
    data: Bytes,
    trailers: Option<HeaderMap>,
}

impl HttpBody for Encoded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            let Some(encoder) = &mut this.encoder else {
                return Poll::Ready(this.trailers.take().map(|fields| Ok(Frame::trailers(fields))));
            };
            let written = if this.data.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                    Some(Err(error)) => {
                        this.encoder = None;
                        return Poll::Ready(Some(Err(error)));
                    }
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => {
                            this.data = data;
                            continue;
                        }
                        Err(frame) => {
                            this.trailers = frame.into_trailers().ok();
                            this.encoder.take().map_or(Ok(Vec::new()), Encoder::finish)
                        }
                    },
                    None => this.encoder.take().map_or(Ok(Vec::new()), Encoder::finish),
                }
            } else {
                let piece = this.data.split_to(this.data.len().min(PIECE_BYTES));
                encoder.write(&piece, this.flushes && this.data.is_empty())
            };
            match written {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes))))),
                Err(error) => {
                    this.encoder = None;
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
            }
        }
    }
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Encoder> {
        let out = Vec::new();
        Ok(match coding {
            Coding::Gzip => Encoder::Gzip(GzEncoder::new(out, FLATE_LEVEL)),
            Coding::Deflate => Encoder::Deflate(ZlibEncoder::new(out, FLATE_LEVEL)),
            Coding::Brotli => Encoder::Brotli(Box::new(brotli::CompressorWriter::new(
                out,
                PIECE_BYTES,
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            ))),
            Coding::Zstd => Encoder::Zstd(zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?),
        })
    }

    /// What comes out when this goes in: all of it when it is flushed, else nothing as long as it is little.
    fn write(&mut self, piece: &[u8], flush: bool) -> io::Result<Vec<u8>> {
        fn through(to: &mut impl Write, piece: &[u8], flush: bool) -> io::Result<()> {
            to.write_all(piece)?;
            if flush { to.flush() } else { Ok(()) }
        }
        match self {
            Encoder::Gzip(encoder) => through(encoder, piece, flush)?,
            Encoder::Deflate(encoder) => through(encoder, piece, flush)?,
            Encoder::Brotli(encoder) => through(encoder, piece, flush)?,
            Encoder::Zstd(encoder) => through(encoder, piece, flush)?,
        }
        let out = match self {
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Deflate(encoder) => encoder.get_mut(),
            Encoder::Brotli(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
        };
        Ok(if flush || out.len() >= PIECE_BYTES { std::mem::take(out) } else { Vec::new() })
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Deflate(encoder) => encoder.finish(),
            Encoder::Brotli(encoder) => Ok(encoder.into_inner()),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}
