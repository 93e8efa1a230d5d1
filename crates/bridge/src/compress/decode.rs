//! Request bodies decompressed as they come, and messages as a whole.

use super::{Coding, MAX_CODINGS, PIECE_BYTES};
use crate::refusal::Refusal;
use axum::body::{Body, HttpBody};
use bytes::{Buf, Bytes};
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, StatusCode as Http};
use hyper::body::Frame;
use std::io::{self, BufRead, ErrorKind, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use wirelab_model::StatusCode;

/// What Brotli reads at once, bytes.
const BROTLI_BYTES: usize = 4 << 10;

/// The body without its codings; the headers that spoke of them go.
///
/// # Errors
/// 415 for a coding that is not known, with those that are, and for more than [`MAX_CODINGS`].
pub(crate) fn decoded(body: Body, headers: &mut HeaderMap) -> Result<Body, Refusal> {
    if !headers.contains_key(CONTENT_ENCODING) {
        return Ok(body);
    }
    // No content has no coding, whatever is said of it.
    if body.is_end_stream() {
        headers.remove(CONTENT_ENCODING);
        return Ok(body);
    }
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    let values = values.map(|value| value.to_str().unwrap_or("?"));
    let mut codings = Vec::new();
    for name in values.flat_map(|value| value.split(',')).map(str::trim) {
        if name.is_empty() || name.eq_ignore_ascii_case("identity") {
            continue;
        }
        match Coding::named(name) {
            Some(_) if codings.len() == MAX_CODINGS => {
                let message = format!("the body is in more than {MAX_CODINGS} codings; use one");
                return Err(unsupported(message));
            }
            Some(coding) => codings.push(coding),
            None => {
                let (name, names) = (name.escape_debug(), Coding::ACCEPTED);
                let message = format!("the body is coded as `{name}`; use one of {names}");
                return Err(unsupported(message));
            }
        }
    }
    headers.remove(CONTENT_ENCODING);
    if !codings.is_empty() {
        headers.remove(CONTENT_LENGTH);
    }
    // The last one was applied last (RFC 9110 §8.4).
    codings.into_iter().rev().try_fold(body, |body, coding| {
        let decoder =
            Decoder::new(coding, Feed::default()).map_err(|error| corrupt(coding, &error))?;
        let room = Vec::new();
        Ok(Body::new(Decoded { body, decoder, coding, room, over: false }))
    })
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(StatusCode::InvalidArgument, message)
        .http(Http::UNSUPPORTED_MEDIA_TYPE)
        .header(ACCEPT_ENCODING, HeaderValue::from_static(Coding::ACCEPTED))
}

fn corrupt(coding: Coding, error: &io::Error) -> Refusal {
    let message = format!("the body is no {}: {error}", coding.name());
    Refusal::new(StatusCode::InvalidArgument, message)
}

/// What was wrong with a body, where it was one of its codings.
pub(crate) fn refusal(error: &axum::Error) -> Option<Refusal> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(refusal.clone());
        }
        source = error.source();
    }
    None
}

/// A message that is there as a whole without its coding; of one that is longer than `limit`, one byte more than that.
///
/// # Errors
/// What is not of this coding.
pub(crate) fn unpacked(coding: Coding, payload: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut decoder = Decoder::new(coding, payload)?;
    decoder.by_ref().take(limit.saturating_add(1)).read_to_end(&mut plain)?;
    Ok(plain)
}

/// A body without one of its codings.
struct Decoded {
    body: Body,
    decoder: Decoder<Feed>,
    coding: Coding,
    /// Where the next piece goes.
    room: Vec<u8>,
    over: bool,
}

impl HttpBody for Decoded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            if this.over {
                return Poll::Ready(None);
            }
            this.room.resize(PIECE_BYTES, 0);
            match this.decoder.read(&mut this.room) {
                Ok(0) => this.over = true,
                Ok(length) => {
                    let mut piece = std::mem::take(&mut this.room);
                    piece.truncate(length);
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                        None => this.decoder.source().ended = true,
                        Some(Err(error)) => {
                            this.over = true;
                            return Poll::Ready(Some(Err(error)));
                        }
                        Some(Ok(frame)) => {
                            if let Ok(data) = frame.into_data() {
                                this.decoder.source().data = data;
                            }
                        }
                    }
                }
                Err(error) => {
                    this.over = true;
                    let refusal = corrupt(this.coding, &error);
                    return Poll::Ready(Some(Err(axum::Error::new(refusal))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }
}

/// What has come of a body and was not read yet. When there is nothing, a reader has to wait, unless nothing follows.
#[derive(Default)]
struct Feed {
    data: Bytes,
    ended: bool,
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.data.is_empty() && !self.ended {
            true => Err(ErrorKind::WouldBlock.into()),
            false => Ok(&self.data),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.data.advance(amount);
    }
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

/// Reads what is there; all of them go on after a wait.
enum Decoder<R: BufRead> {
    Gzip(MultiGzDecoder<R>),
    Zlib(ZlibDecoder<R>),
    /// Without the header of zlib, as some clients send it.
    Raw(DeflateDecoder<R>),
    /// One of both: the first byte tells.
    Deflate(R),
    Brotli(Box<brotli::Decompressor<R>>),
    Zstd(zstd::stream::read::Decoder<'static, R>),
}

impl<R: BufRead + Default> Decoder<R> {
    fn new(coding: Coding, source: R) -> io::Result<Decoder<R>> {
        Ok(match coding {
            Coding::Gzip => Decoder::Gzip(MultiGzDecoder::new(source)),
            Coding::Deflate => Decoder::Deflate(source),
            Coding::Brotli => {
                Decoder::Brotli(Box::new(brotli::Decompressor::new(source, BROTLI_BYTES)))
            }
            Coding::Zstd => Decoder::Zstd(zstd::stream::read::Decoder::with_buffer(source)?),
        })
    }

    fn source(&mut self) -> &mut R {
        match self {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zlib(decoder) => decoder.get_mut(),
            Decoder::Raw(decoder) => decoder.get_mut(),
            Decoder::Deflate(source) => source,
            Decoder::Brotli(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

impl<R: BufRead + Default> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Decoder::Deflate(source) = self {
            // RFC 1950 §2.2: the method is deflate.
            let is_zlib = source.fill_buf()?.first().is_none_or(|byte| byte & 0x0f == 8);
            let source = std::mem::take(source);
            *self = match is_zlib {
                true => Decoder::Zlib(ZlibDecoder::new(source)),
                false => Decoder::Raw(DeflateDecoder::new(source)),
            };
        }
        match self {
            Decoder::Gzip(decoder) => decoder.read(out),
            Decoder::Zlib(decoder) => decoder.read(out),
            Decoder::Raw(decoder) => decoder.read(out),
            Decoder::Deflate(_) => Ok(0),
            Decoder::Brotli(decoder) => decoder.read(out),
            Decoder::Zstd(decoder) => decoder.read(out),
        }
    }
}
