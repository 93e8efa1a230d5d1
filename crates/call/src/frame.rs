//! gRPC's length-prefixed messages (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use crate::explain::{self, Failure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::io::Read;
use wirelab_model::{Problem, ProblemKind};

/// One byte of flags and four of length.
pub(crate) const PREFIX_BYTES: usize = 5;
/// Messages up to this size travel with their prefix in one piece, bytes.
const JOINED_BYTES: usize = 16 << 10;

/// A message taken out of the stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Message {
    /// Decompressed.
    pub payload: Bytes,
    /// Bytes as they came, when compressed.
    pub compressed: Option<u64>,
}

/// Why a stream holds no message.
#[derive(Debug, PartialEq)]
pub(crate) enum FrameError {
    /// Longer than the limit; none where only decompressing would tell how long.
    TooLarge(Option<u64>),
    /// Compressed in a way that was not announced or is not known.
    Encoding(String),
    /// Not gRPC's framing.
    Malformed(String),
}

/// Takes messages out of data as it comes.
pub(crate) struct Decoder {
    buffer: BytesMut,
    limit: u64,
    encoding: Option<String>,
}

impl Decoder {
    /// `limit` in bytes of a message; `encoding` as `grpc-encoding` says.
    pub fn new(limit: u64, encoding: Option<String>) -> Self {
        let encoding = encoding.filter(|name| name != "identity");
        Decoder { buffer: BytesMut::new(), limit, encoding }
    }

    /// Adds data.
    pub fn push(&mut self, data: Bytes) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::from(data);
        } else {
            self.buffer.extend_from_slice(&data);
        }
    }

    /// Whether data of an unfinished message is left.
    pub fn is_partial(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next whole message, if it is there.
    pub fn take(&mut self) -> Result<Option<Message>, FrameError> {
        let Some((prefix, rest)) = self.buffer.split_at_checked(PREFIX_BYTES) else {
            return Ok(None);
        };
        let [flag, length @ ..] = prefix else { return Ok(None) };
        let flag = *flag;
        let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        if flag > 1 {
            return Err(FrameError::Malformed(format!("a message begins with the flag {flag}")));
        }
        if length as u64 > self.limit {
            return Err(FrameError::TooLarge(Some(length as u64)));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX_BYTES);
        let payload = self.buffer.split_to(length).freeze();
        if flag == 0 {
            return Ok(Some(Message { payload, compressed: None }));
        }
        let compressed = Some(length as u64);
        match self.encoding.as_deref() {
            Some("gzip") => Ok(Some(Message { payload: self.gunzip(&payload)?, compressed })),
            Some(other) => Err(FrameError::Encoding(format!("it is compressed as `{other}`"))),
            None => Err(FrameError::Encoding(
                "it is marked as compressed, but `grpc-encoding` is missing".into(),
            )),
        }
    }

    fn gunzip(&self, payload: &[u8]) -> Result<Bytes, FrameError> {
        let mut plain = Vec::new();
        // One byte more than allowed tells that there is too much.
        flate2::read::MultiGzDecoder::new(payload)
            .take(self.limit.saturating_add(1))
            .read_to_end(&mut plain)
            .map_err(|error| FrameError::Malformed(format!("a message is not gzip: {error}")))?;
        if plain.len() as u64 > self.limit {
            return Err(FrameError::TooLarge(None));
        }
        Ok(plain.into())
    }
}

/// A message as it is sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Encoded {
    /// Goes first, where it is not in one piece with the payload.
    pub prefix: Option<Bytes>,
    pub payload: Bytes,
    /// Bytes of the message when it is compressed.
    pub compressed: Option<u64>,
}

impl Encoded {
    /// Bytes on the connection.
    pub fn len(&self) -> u64 {
        let prefix = self.prefix.as_ref().map_or(0, Bytes::len);
        (prefix + self.payload.len()) as u64
    }
}

/// A message with its prefix.
///
/// # Errors
/// When it is longer than gRPC can say.
pub(crate) fn encode(message: Bytes) -> Result<Encoded, Failure> {
    let Ok(length) = u32::try_from(message.len()) else {
        let text = format!("the request message is too large: {} bytes", message.len());
        let problem = Problem::new(ProblemKind::TooLarge, text);
        return Err(explain::refused(problem.help("gRPC messages cannot be longer than 4 GiB")));
    };
    let join = message.len() <= JOINED_BYTES;
    let mut prefix =
        BytesMut::with_capacity(if join { PREFIX_BYTES + message.len() } else { PREFIX_BYTES });
    prefix.put_u8(0);
    prefix.put_u32(length);
    if join {
        prefix.extend_from_slice(&message);
        return Ok(Encoded { prefix: None, payload: prefix.freeze(), compressed: None });
    }
    Ok(Encoded { prefix: Some(prefix.freeze()), payload: message, compressed: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn framed(flag: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![flag];
        out.extend((payload.len() as u32).to_be_bytes());
        out.extend(payload);
        out
    }

    fn gzip(payload: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(payload).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn wrong_frames() {
        let bomb = framed(1, &gzip(&[0; 5000]));
        let table: [(&[u8], Option<&str>, FrameError); 6] = [
            (&[0, 0, 0, 4, 1], None, FrameError::TooLarge(Some(1025))),
            (&[0, 255, 255, 255, 255], None, FrameError::TooLarge(Some(u64::from(u32::MAX)))),
            (&bomb, Some("gzip"), FrameError::TooLarge(None)),
            (
                &[2, 0, 0, 0, 0],
                None,
                FrameError::Malformed("a message begins with the flag 2".into()),
            ),
            (
                &[1, 0, 0, 0, 0],
                None,
                FrameError::Encoding(
                    "it is marked as compressed, but `grpc-encoding` is missing".into(),
                ),
            ),
            (&[1, 0, 0, 0, 0], Some("br"), FrameError::Encoding("it is compressed as `br`".into())),
        ];
        for (data, encoding, want) in table {
            let mut decoder = Decoder::new(1024, encoding.map(str::to_owned));
            decoder.push(Bytes::copy_from_slice(data));
            assert_eq!(decoder.take(), Err(want));
        }
        let mut decoder = Decoder::new(1024, Some("gzip".into()));
        decoder.push(framed(1, b"not gzip").into());
        assert!(matches!(decoder.take(), Err(FrameError::Malformed(_))));
    }

    proptest::proptest! {
        #[test]
        fn messages_survive_any_cut(
            messages in proptest::collection::vec((proptest::bool::ANY, proptest::collection::vec(0_u8.., 0..300)), 0..8),
            cut in 1_usize..50,
        ) {
            let mut wire = Vec::new();
            for (compress, payload) in &messages {
                wire.extend(if *compress { framed(1, &gzip(payload)) } else { framed(0, payload) });
            }
            let mut decoder = Decoder::new(400, Some("gzip".into()));
            let mut got = Vec::new();
            for data in wire.chunks(cut) {
                decoder.push(Bytes::copy_from_slice(data));
                while let Some(message) = decoder.take().unwrap() {
                    got.push((message.compressed.is_some(), message.payload.to_vec()));
                }
            }
            proptest::prop_assert_eq!(got, messages);
            proptest::prop_assert!(!decoder.is_partial());
        }

        #[test]
        fn garbage_is_an_answer(wire in proptest::collection::vec(0_u8.., 0..200)) {
            let mut decoder = Decoder::new(64, Some("gzip".into()));
            decoder.push(wire.into());
            while let Ok(Some(_)) = decoder.take() {}
        }
    }
}
