//! The text that is being written: a buffer that is filled with zeros ahead of the writer, so that blocks of a
//! fixed size can be stored at a cursor that lives in a register.

use super::Why;

/// Bytes that a writer may touch beyond what it asked for.
const SLACK: usize = 64;

/// Filled with zeros at a time, so that the block is still in the nearest cache when it is written.
const STRIDE: usize = 16 << 10;

pub(super) struct Out {
    bytes: Vec<u8>,
    start: usize,
    /// The length that the text may not pass.
    limit: usize,
}

impl Out {
    /// Appends to `bytes`, at most `limit` of them; `expected` is a guess.
    pub fn new(mut bytes: Vec<u8>, limit: usize, expected: usize) -> Out {
        let start = bytes.len();
        bytes.resize(start + expected.min(STRIDE) + SLACK, 0);
        Out { bytes, start, limit: start.saturating_add(limit) }
    }

    /// Where the text begins.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The buffer with the text up to `at`, or without it when it is longer than the limit: then `false`.
    pub fn end(mut self, at: usize) -> (Vec<u8>, bool) {
        if at > self.limit {
            return (self.undo(), false);
        }
        self.bytes.truncate(at);
        (self.bytes, true)
    }

    /// The buffer as it was.
    pub fn undo(mut self) -> Vec<u8> {
        self.bytes.truncate(self.start);
        self.bytes
    }

    /// Makes room for `length` bytes at `at`, and [`SLACK`] more.
    #[inline(always)]
    pub fn room(&mut self, at: usize, length: usize) -> Result<(), Why> {
        if at + length + SLACK > self.bytes.len() { self.grow(at, length) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, at: usize, length: usize) -> Result<(), Why> {
        if at > self.limit {
            return Err(Why::Output);
        }
        let need = at + length + SLACK;
        if need > self.bytes.capacity() {
            self.bytes.reserve((need - self.bytes.len()).max(self.bytes.capacity()));
        }
        let ahead = (self.bytes.len() + STRIDE).min(self.bytes.capacity());
        self.bytes.resize(need.max(ahead), 0);
        Ok(())
    }

    /// Stores a block; the writer moves on by as much of it as counts.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, at: usize, block: &[u8; N]) {
        self.bytes[at..at + N].copy_from_slice(block);
    }

    #[inline(always)]
    pub fn set(&mut self, at: usize, byte: u8) {
        self.bytes[at] = byte;
    }

    /// Stores any number of bytes for which there is room; returns where they end.
    #[inline(always)]
    pub fn copy(&mut self, at: usize, bytes: &[u8]) -> usize {
        let length = bytes.len();
        match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            (Some(first), Some(last)) if length <= 32 => {
                self.put(at, first);
                self.put(at + length - 16, last);
            }
            (None, _) => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(first), Some(last)) if length <= 8 => {
                    self.put(at, first);
                    self.put(at + length - 4, last);
                }
                _ => match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
                    (Some(first), Some(last)) => {
                        self.put(at, first);
                        self.put(at + length - 8, last);
                    }
                    _ => {
                        for (index, byte) in bytes.iter().enumerate() {
                            self.set(at + index, *byte);
                        }
                    }
                },
            },
            _ => self.bytes[at..at + length].copy_from_slice(bytes),
        }
        at + length
    }

    /// `length` bytes to be filled by another's hand.
    pub fn area(&mut self, at: usize, length: usize) -> &mut [u8] {
        &mut self.bytes[at..at + length]
    }

    /// A line break and the spaces before what comes next.
    pub fn line(&mut self, at: usize, indent: usize) -> Result<usize, Why> {
        self.room(at, 2 * indent + 1)?;
        self.set(at, b'\n');
        self.area(at + 1, 2 * indent).fill(b' ');
        Ok(at + 1 + 2 * indent)
    }
}
