//! gRPC's length-prefixed messages (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use crate::compress::{self, Inflate};
use crate::explain::{self, Failure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use wirelab_model::Compression;

/// One byte of flags and four of length.
pub const PREFIX_BYTES: usize = 5;
/// The flag of a compressed message.
const COMPRESSED: u8 = 1;
/// Messages up to this size travel with their prefix in one piece, bytes.
const JOINED_BYTES: usize = 16 << 10;
/// The most room made for a message on the word of its prefix alone, bytes.
const ROOM_BYTES: usize = 1 << 20;

/// A message taken out of the stream.
#[derive(Debug, PartialEq)]
pub struct Message {
    /// Decompressed. Shares memory with the data that it came in.
    pub payload: Bytes,
    /// Bytes as they came, when compressed.
    pub compressed: Option<u64>,
    /// Whether its flags say that it is not a message, but the end of the stream.
    pub end: bool,
}

/// Why a stream holds no message.
#[derive(Debug, PartialEq)]
pub enum FrameError {
    /// Longer than the limit; none where only decompressing would tell how long.
    TooLarge(Option<u64>),
    /// Compressed in this way, which is not known here.
    Unknown(String),
    /// Compressed in a way that was not announced.
    Unannounced,
    /// Not compressed in the way that was announced, and what the library says.
    Corrupt(&'static str, String),
    /// A prefix that begins with this, which gRPC does not have.
    Flag(u8),
}

/// Takes messages out of data as it comes.
#[derive(Debug)]
pub struct Decoder {
    /// Not looked at yet.
    data: Bytes,
    /// The beginning of a message whose rest has not come; while it is not empty, `data` is its continuation.
    partial: BytesMut,
    limit: u64,
    encoding: Option<String>,
    /// The flag of what ends a stream; 0 where nothing does.
    ending: u8,
    unpack: Unpack,
}

/// Decompresses: the way's name, the bytes, and how many they may come to.
pub type Unpack = fn(&str, &[u8], u64) -> Result<Bytes, FrameError>;

impl Decoder {
    /// `limit` in bytes of a message; `encoding` as `grpc-encoding` says.
    pub fn new(limit: u64, encoding: Option<String>) -> Self {
        let encoding = encoding.filter(|name| !name.trim().eq_ignore_ascii_case("identity"));
        Decoder {
            data: Bytes::new(),
            partial: BytesMut::new(),
            limit,
            encoding,
            ending: 0,
            unpack: decompress,
        }
    }

    /// Takes a frame with this flag as the end of the stream, as gRPC-Web and Connect have it.
    pub fn ending(self, flag: u8) -> Self {
        Decoder { ending: flag, ..self }
    }

    /// Knows other ways to compress.
    pub fn unpacking(self, unpack: Unpack) -> Self {
        Decoder { unpack, ..self }
    }

    /// Adds data.
    pub fn push(&mut self, data: Bytes) {
        if self.data.is_empty() {
            self.data = data;
        } else {
            let mut joined = BytesMut::from(std::mem::take(&mut self.data));
            joined.extend_from_slice(&data);
            self.data = joined.freeze();
        }
    }

    /// Whether data of an unfinished message is left.
    pub fn is_partial(&self) -> bool {
        !self.partial.is_empty() || !self.data.is_empty()
    }

    /// The next whole message, if it is there.
    ///
    /// # Errors
    /// What is no message, and what passes the limit.
    pub fn take(&mut self) -> Result<Option<Message>, FrameError> {
        if self.partial.is_empty() {
            let Some((flag, length)) = self.prefix(&self.data)? else {
                return Ok(self.keep(PREFIX_BYTES));
            };
            let whole = length.saturating_add(PREFIX_BYTES);
            if self.data.len() < whole {
                return Ok(self.keep(whole));
            }
            self.data.advance(PREFIX_BYTES);
            let payload = self.data.split_to(length);
            return self.message(flag, payload).map(Some);
        }
        self.fill(PREFIX_BYTES);
        let Some((flag, length)) = self.prefix(&self.partial)? else { return Ok(None) };
        let whole = length.saturating_add(PREFIX_BYTES);
        self.fill(whole);
        if self.partial.len() < whole {
            return Ok(None);
        }
        let mut payload = std::mem::take(&mut self.partial).freeze();
        payload.advance(PREFIX_BYTES);
        self.message(flag, payload).map(Some)
    }

    /// The flag and the length of a message that begins here; none when that is not all there.
    fn prefix(&self, data: &[u8]) -> Result<Option<(u8, usize)>, FrameError> {
        let Some([flag, a, b, c, d]) = data.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([*a, *b, *c, *d]);
        if *flag & !self.ending > COMPRESSED {
            return Err(FrameError::Flag(*flag));
        }
        if u64::from(length) > self.limit {
            return Err(FrameError::TooLarge(Some(length.into())));
        }
        // Lengths of 4 GiB do not fit where a machine has no room for them either.
        Ok(Some((*flag, usize::try_from(length).unwrap_or(usize::MAX))))
    }

    /// Keeps what is there of a message of `whole` bytes.
    fn keep<T>(&mut self, whole: usize) -> Option<T> {
        if !self.data.is_empty() {
            self.partial.reserve(whole.min(ROOM_BYTES).max(self.data.len()));
            self.partial.extend_from_slice(&std::mem::take(&mut self.data));
        }
        None
    }

    /// Adds to the kept message until it is `whole`, or the data is used up.
    fn fill(&mut self, whole: usize) {
        let missing = whole.saturating_sub(self.partial.len()).min(self.data.len());
        self.partial.extend_from_slice(&self.data.split_to(missing));
    }

    fn message(&self, flag: u8, payload: Bytes) -> Result<Message, FrameError> {
        let end = flag & self.ending != 0;
        if flag & COMPRESSED == 0 {
            return Ok(Message { payload, compressed: None, end });
        }
        let Some(name) = &self.encoding else { return Err(FrameError::Unannounced) };
        let compressed = Some(payload.len() as u64);
        Ok(Message { payload: (self.unpack)(name, &payload, self.limit)?, compressed, end })
    }
}

/// What is compressed in the way of this name, of `limit` bytes at most.
///
/// # Errors
/// A way that is not known, bytes that are not of it, and more than the limit.
pub fn decompress(name: &str, payload: &[u8], limit: u64) -> Result<Bytes, FrameError> {
    let Some(how) = compress::named(name) else { return Err(FrameError::Unknown(name.to_owned())) };
    compress::decompress(how, payload, limit).map(Bytes::from).map_err(|error| match error {
        Inflate::TooLarge => FrameError::TooLarge(None),
        Inflate::Corrupt(error) => FrameError::Corrupt(how.name(), error.to_string()),
    })
}

/// A message as it is sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Encoded {
    /// Goes first, where it is not in one piece with the payload.
    pub prefix: Option<Bytes>,
    /// The message as it goes.
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

/// A message with its prefix, compressed unless that would make it longer.
///
/// # Errors
/// When it is longer than `limit` bytes, or than gRPC can say.
pub(crate) fn encode(
    message: Bytes,
    how: Option<Compression>,
    limit: u64,
) -> Result<Encoded, Failure> {
    let size = message.len() as u64;
    let length = match u32::try_from(message.len()) {
        Ok(length) if size <= limit => length,
        _ => return Err(explain::request_too_large(size, limit.min(u32::MAX.into()))),
    };
    if let Some(how) = how
        && let Some(encoded) = compressed(&message, how)?
    {
        return Ok(encoded);
    }
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

/// The message compressed; none when that would make it longer, which is then sent as it is, as gRPC allows for
/// each message.
fn compressed(message: &[u8], how: Compression) -> Result<Option<Encoded>, Failure> {
    let internal = |error: std::io::Error| explain::cannot_compress(how, &error);
    let mut framed =
        compress::compress(how, message, vec![COMPRESSED; PREFIX_BYTES]).map_err(internal)?;
    let length = framed.len() - PREFIX_BYTES;
    let Some(prefix) = u32::try_from(length).ok().filter(|_| length < message.len()) else {
        return Ok(None);
    };
    if let Some(place) = framed.get_mut(1..PREFIX_BYTES) {
        place.copy_from_slice(&prefix.to_be_bytes());
    }
    let compressed = Some(length as u64);
    Ok(Some(Encoded { prefix: None, payload: framed.into(), compressed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(flag: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![flag];
        out.extend((payload.len() as u32).to_be_bytes());
        out.extend(payload);
        out
    }

    fn gzip(payload: &[u8]) -> Vec<u8> {
        compress::compress(Compression::Gzip, payload, Vec::new()).unwrap()
    }

    #[test]
    fn wrong_frames() {
        let bomb = framed(1, &gzip(&[0; 5000]));
        let table: [(&[u8], Option<&str>, FrameError); 7] = [
            (&[0, 0, 0, 4, 1], None, FrameError::TooLarge(Some(1025))),
            (&[0, 255, 255, 255, 255], None, FrameError::TooLarge(Some(u64::from(u32::MAX)))),
            (&bomb, Some("gzip"), FrameError::TooLarge(None)),
            (&[2, 0, 0, 0, 0], None, FrameError::Flag(2)),
            (&[1, 0, 0, 0, 0], None, FrameError::Unannounced),
            (&[1, 0, 0, 0, 0], Some("identity"), FrameError::Unannounced),
            (&[1, 0, 0, 0, 0], Some("br"), FrameError::Unknown("br".into())),
        ];
        for (data, encoding, want) in table {
            // In one piece and byte by byte: errors come before the payload does.
            for size in [data.len(), 1] {
                let mut decoder = Decoder::new(1024, encoding.map(str::to_owned));
                let mut pieces = data.chunks(size);
                let got = loop {
                    decoder.push(Bytes::copy_from_slice(pieces.next().expect("an error by now")));
                    match decoder.take() {
                        Ok(message) => assert_eq!(message, None),
                        Err(error) => break error,
                    }
                };
                assert_eq!(got, want);
            }
        }
        let mut decoder = Decoder::new(1024, Some("gzip".into()));
        decoder.push(framed(1, b"not gzip").into());
        assert!(matches!(decoder.take(), Err(FrameError::Corrupt("gzip", _))));
    }

    #[test]
    fn ends() {
        let wire =
            [framed(0, b"one"), framed(0x80, b"two"), framed(0x81, &gzip(b"three"))].concat();
        let mut decoder = Decoder::new(1024, Some("gzip".into())).ending(0x80);
        decoder.push(wire.into());
        for (payload, end) in [(&b"one"[..], false), (b"two", true), (b"three", true)] {
            let message = decoder.take().unwrap().unwrap();
            assert_eq!((&message.payload[..], message.end), (payload, end));
        }
    }

    #[test]
    fn whole_messages_are_not_copied() {
        let data = Bytes::from([framed(0, b"one"), framed(0, b"two")].concat());
        let mut decoder = Decoder::new(1024, None);
        decoder.push(data.clone());
        for at in [5, 13] {
            let message = decoder.take().unwrap().unwrap();
            assert_eq!(message.payload.as_ptr(), data[at..].as_ptr());
        }
        assert!(!decoder.is_partial());
    }

    #[test]
    fn compressed_only_where_it_helps() {
        let long = Bytes::from(vec![7; 40_000]);
        let table = [
            (Bytes::new(), false),
            (Bytes::from_static(b"a"), false),
            (Bytes::from_static(b"no two letters"), false),
            (long, true),
        ];
        for how in Compression::ALL {
            for (message, smaller) in &table {
                let encoded = encode(message.clone(), Some(how), 1 << 20).unwrap();
                assert_eq!(encoded.compressed.is_some(), *smaller, "{how:?} {message:?}");
                let mut decoder = Decoder::new(1 << 20, Some(how.name().into()));
                if let Some(prefix) = &encoded.prefix {
                    decoder.push(prefix.clone());
                }
                let length = encoded.payload.len() as u64;
                decoder.push(encoded.payload);
                let got = decoder.take().unwrap().unwrap();
                assert_eq!(got.payload, *message);
                assert_eq!(got.compressed, encoded.compressed);
                if let Some(size) = encoded.compressed {
                    assert_eq!(size + PREFIX_BYTES as u64, length);
                }
            }
        }
    }

    #[test]
    fn too_large_to_send() {
        let failure = encode(Bytes::from_static(b"four"), None, 3).unwrap_err();
        assert_eq!(failure.name(), "RESOURCE_EXHAUSTED");
        assert_eq!(
            failure.problem.unwrap().to_string(),
            "the request message is too large: 4 bytes, but `max_message_bytes` allows 3; raise the call's \
             limit of messages (`max_message_bytes`, on the command line `--max-message`)"
        );
    }

    proptest::proptest! {
        #[test]
        fn messages_survive_any_cut(
            messages in proptest::collection::vec((proptest::bool::ANY, proptest::collection::vec(0_u8.., 0..300)), 0..8),
            cut in 1_usize..50,
            ahead in 1_usize..4,
        ) {
            let mut wire = Vec::new();
            for (compress, payload) in &messages {
                wire.extend(if *compress { framed(1, &gzip(payload)) } else { framed(0, payload) });
            }
            let mut decoder = Decoder::new(400, Some("gzip".into()));
            let mut got = Vec::new();
            let pieces: Vec<&[u8]> = wire.chunks(cut).collect();
            for some in pieces.chunks(ahead) {
                for data in some {
                    decoder.push(Bytes::copy_from_slice(data));
                }
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
