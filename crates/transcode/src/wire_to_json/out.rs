//! The text that is being written: a buffer that is filled with zeros ahead of the writer, so that blocks of a
//! fixed size can be stored at a cursor that lives in a register.

use super::Why;

/// Bytes that a writer may touch beyond what it asked for.
const SLACK: usize = 64;

/// Filled with zeros at a time, so that the block is still in the nearest cache when it is written.
const STRIDE: usize = 16 << 10;

/// Room for a value that is no text.
pub(super) type Area = [u8; 32];

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
        bytes.resize(start + expected.min(STRIDE), 0);
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
        *self.block(at).expect("there is room") = *block;
    }

    #[inline(always)]
    pub fn set(&mut self, at: usize, byte: u8) {
        self.bytes[at] = byte;
    }

    /// Stores any number of bytes for which there is room; returns where they end.
    #[inline(always)]
    pub fn copy(&mut self, at: usize, bytes: &[u8]) -> usize {
        match self.block::<32>(at) {
            Some(area) if bytes.len() <= 32 => at + overlapping(area, bytes),
            _ => {
                self.part(at, bytes.len()).copy_from_slice(bytes);
                at + bytes.len()
            }
        }
    }

    /// Lets `write` fill an area, of which it says how much counts; returns where that ends. There is room for it.
    #[inline(always)]
    pub fn area(&mut self, at: usize, write: impl FnOnce(&mut Area) -> usize) -> usize {
        at + write(self.block(at).expect("there is room"))
    }

    /// The block at `at`, if there is room for it.
    #[inline(always)]
    pub fn block<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        self.bytes.get_mut(at..)?.first_chunk_mut::<N>()
    }

    /// `length` bytes to be filled by another's hand.
    pub fn part(&mut self, at: usize, length: usize) -> &mut [u8] {
        &mut self.bytes[at..at + length]
    }

    /// A line break and the spaces before what comes next.
    pub fn line(&mut self, at: usize, indent: usize) -> Result<usize, Why> {
        self.room(at, 2 * indent + 1)?;
        self.set(at, b'\n');
        self.part(at + 1, 2 * indent).fill(b' ');
        Ok(at + 1 + 2 * indent)
    }
}

/// Copies at most 32 bytes as two blocks that overlap, without a call or a loop; returns how many.
#[inline(always)]
pub(super) fn overlapping(area: &mut Area, bytes: &[u8]) -> usize {
    #[inline(always)]
    fn both<const N: usize>(area: &mut Area, bytes: &[u8]) -> Option<()> {
        let (first, last) = (bytes.first_chunk::<N>()?, bytes.last_chunk::<N>()?);
        area[..N].copy_from_slice(first);
        *area[bytes.len() - N..].first_chunk_mut()? = *last;
        Some(())
    }
    let length = bytes.len();
    if length >= 8 {
        both::<16>(area, bytes).or_else(|| both::<8>(area, bytes));
    } else if length >= 4 {
        both::<4>(area, bytes);
    } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
        area[0] = *first;
        area[length / 2] = bytes[length / 2];
        area[length - 1] = *last;
    }
    length
}
