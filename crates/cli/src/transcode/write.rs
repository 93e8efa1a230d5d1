//! Puts messages on a stream of bytes.

use crate::{args::Format, output};
use std::io::{BufWriter, Write};
use wirelab_model::{Problem, ProblemKind};

/// How much is written at once.
const CHUNK: usize = 64 << 10;

/// A stream of messages in one format.
pub struct Writer<W: Write> {
    out: BufWriter<W>,
    format: Format,
    /// The message of a stream that is one message, until it is known to be the only one.
    only: Option<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    /// An empty stream.
    pub fn new(out: W, format: Format) -> Writer<W> {
        Writer { out: BufWriter::with_capacity(CHUNK, out), format, only: None }
    }

    /// Adds a message: a JSON text or a wire, as the format has it.
    ///
    /// # Errors
    /// When nobody reads the stream or it cannot be written, a second message where there can be one only, and one
    /// that is too long for its frame.
    pub fn write(&mut self, message: &[u8]) -> Result<(), Problem> {
        let out = &mut self.out;
        let written = match self.format {
            Format::Json | Format::Ndjson => {
                out.write_all(message).and_then(|()| out.write_all(b"\n"))
            }
            Format::Delimited => {
                let (header, size) = varint(message.len());
                out.write_all(header.get(..size).unwrap_or(&header))
                    .and_then(|()| out.write_all(message))
            }
            Format::Grpc => {
                let length = u32::try_from(message.len()).map_err(|_| {
                    Problem::new(ProblemKind::TooLarge, "a gRPC frame holds less than 4 GiB")
                })?;
                out.write_all(&[0])
                    .and_then(|()| out.write_all(&length.to_be_bytes()))
                    .and_then(|()| out.write_all(message))
            }
            Format::Protobuf => {
                if self.only.is_some() {
                    let message = "there is a second message, and --to protobuf writes one only";
                    return Err(Problem::new(ProblemKind::Mismatch, message)
                        .help("write several with --to delimited"));
                }
                self.only = Some(message.to_vec());
                Ok(())
            }
        };
        written.map_err(|error| output::unwritten(&error))
    }

    /// Hands on what was written.
    ///
    /// # Errors
    /// When nobody reads the stream or it cannot be written.
    pub fn flush(&mut self) -> Result<(), Problem> {
        self.out.flush().map_err(|error| output::unwritten(&error))
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// As [`flush`](Writer::flush), and no message where there has to be one.
    pub fn finish(mut self) -> Result<(), Problem> {
        if self.format == Format::Protobuf {
            let Some(message) = &self.only else {
                let message = "there is no message, and --to protobuf writes one";
                return Err(Problem::new(ProblemKind::Mismatch, message)
                    .help("an empty message is {} in JSON; --to delimited may hold none"));
            };
            self.out.write_all(message).map_err(|error| output::unwritten(&error))?;
        }
        self.flush()
    }
}

/// A length as a base-128 varint, and how many bytes of the array it takes.
fn varint(length: usize) -> ([u8; 10], usize) {
    let (mut bytes, mut rest, mut size) = ([0; 10], length as u64, 0);
    for byte in &mut bytes {
        size += 1;
        // The low seven bits.
        *byte = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            break;
        }
        *byte |= 0x80;
    }
    (bytes, size)
}
