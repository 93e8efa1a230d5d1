//! The forms themselves: from the in-memory message to bytes and back, by the libraries that people use for them.

use super::{Encoding, cbor};
use crate::Error;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::de::DeserializeSeed;
use std::fmt::Display;
use std::io::{Read, Write};
use zstd::zstd_safe;

/// gzip's own default.
const GZIP_LEVEL: u32 = 6;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// Space for what is compressed, used again for each message.
#[derive(Default)]
pub(super) struct Scratch(Vec<u8>);

/// A message in memory, and the two forms that the others are made of.
pub(super) struct Forms<'a> {
    pub message: &'a DynamicMessage,
    pub json: &'a [u8],
    pub wire: &'a [u8],
}

impl Forms<'_> {
    /// The bytes that are counted and read: those of the codec, where it has the form.
    pub fn canonical(&self, encoding: Encoding, out: &mut Vec<u8>) -> Result<(), Error> {
        match encoding {
            Encoding::Json => out.extend_from_slice(self.json),
            Encoding::JsonGzip => gzip(self.json, out)?,
            Encoding::JsonZstd => zstd(self.json, out)?,
            Encoding::Protobuf => out.extend_from_slice(self.wire),
            Encoding::ProtobufGzip => gzip(self.wire, out)?,
            Encoding::ProtobufZstd => zstd(self.wire, out)?,
            Encoding::MessagePack | Encoding::Cbor => {
                self.encode(encoding, out, &mut Scratch::default())?;
            }
        }
        Ok(())
    }

    /// Appends the message in this form.
    pub fn encode(
        &self,
        encoding: Encoding,
        out: &mut Vec<u8>,
        Scratch(plain): &mut Scratch,
    ) -> Result<(), Error> {
        plain.clear();
        let message = self.message;
        match encoding {
            Encoding::Json => json(message, out),
            Encoding::JsonGzip => json(message, plain).and_then(|()| gzip(plain, out)),
            Encoding::JsonZstd => json(message, plain).and_then(|()| zstd(plain, out)),
            Encoding::Protobuf => message.encode(out).map_err(failed),
            Encoding::ProtobufGzip => {
                message.encode(plain).map_err(failed).and_then(|()| gzip(plain, out))
            }
            Encoding::ProtobufZstd => {
                message.encode(plain).map_err(failed).and_then(|()| zstd(plain, out))
            }
            Encoding::MessagePack => message
                .serialize_with_options(&mut rmp_serde::Serializer::new(out), &document())
                .map_err(failed),
            Encoding::Cbor => cbor::encode(message, &document(), out).map_err(failed),
        }
    }
}

/// Reads the message of this form.
pub(super) fn decode(
    encoding: Encoding,
    kind: &MessageDescriptor,
    bytes: &[u8],
    Scratch(plain): &mut Scratch,
) -> Result<DynamicMessage, Error> {
    plain.clear();
    let wire = |bytes: &[u8]| DynamicMessage::decode(kind.clone(), bytes).map_err(failed);
    match encoding {
        Encoding::Json => parse(kind, bytes),
        Encoding::JsonGzip => gunzip(bytes, plain).and_then(|()| parse(kind, plain)),
        Encoding::JsonZstd => unzstd(bytes, plain).and_then(|()| parse(kind, plain)),
        Encoding::Protobuf => wire(bytes),
        Encoding::ProtobufGzip => gunzip(bytes, plain).and_then(|()| wire(plain)),
        Encoding::ProtobufZstd => unzstd(bytes, plain).and_then(|()| wire(plain)),
        Encoding::MessagePack => {
            let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
            kind.clone().deserialize(&mut reader).map_err(failed)
        }
        Encoding::Cbor => cbor::decode(kind, bytes).map_err(failed),
    }
}

/// How the forms that have integers of 64 bits write a message.
fn document() -> SerializeOptions {
    SerializeOptions::new().stringify_64_bit_integers(false)
}

fn json(message: &DynamicMessage, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut writer = serde_json::Serializer::new(out);
    message.serialize_with_options(&mut writer, &SerializeOptions::new()).map_err(failed)
}

fn parse(kind: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let message = kind.clone().deserialize(&mut reader).map_err(failed)?;
    reader.end().map_err(failed)?;
    Ok(message)
}

fn gzip(plain: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let mut encoder = GzEncoder::new(out, Compression::new(GZIP_LEVEL));
    encoder.write_all(plain).and_then(|()| encoder.finish()).map_err(failed)?;
    Ok(())
}

fn gunzip(bytes: &[u8], plain: &mut Vec<u8>) -> Result<(), Error> {
    GzDecoder::new(bytes).read_to_end(plain).map_err(failed)?;
    Ok(())
}

fn zstd(plain: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let before = out.len();
    out.resize(before + zstd_safe::compress_bound(plain.len()), 0);
    let space = out.get_mut(before..).unwrap_or_default();
    let written = zstd_safe::compress(space, plain, ZSTD_LEVEL).map_err(unpacked)?;
    out.truncate(before + written);
    Ok(())
}

fn unzstd(bytes: &[u8], plain: &mut Vec<u8>) -> Result<(), Error> {
    // `compress` writes the length of what it was given.
    let length = zstd_safe::get_frame_content_size(bytes).map_err(failed)?.unwrap_or_default();
    plain.resize(usize::try_from(length).map_err(failed)?, 0);
    zstd_safe::decompress(plain.as_mut_slice(), bytes).map_err(unpacked)?;
    Ok(())
}

fn unpacked(code: usize) -> Error {
    Error::new(zstd_safe::get_error_name(code))
}

fn failed(error: impl Display) -> Error {
    Error::new(error.to_string())
}
