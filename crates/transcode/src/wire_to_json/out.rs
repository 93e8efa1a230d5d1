//! The text that is being written: a buffer that is filled with zeros ahead of the writer, so that blocks of a
//! fixed size can be stored at a cursor that lives in a register.

use super::Why;
use crate::raw::{self, Page};

/// Bytes that a writer may touch beyond what it asked for.
const SLACK: usize = raw::ROOM;

/// Filled with zeros at a time, so that the block is still in the nearest cache when it is written.
const STRIDE: usize = 16 << 10;

/// Room for a value that is no text.
pub(super) type Area = [u8; 32];

pub(super) struct Out {
    bytes: Page,
    start: usize,
    /// The length that the text may not pass.
    limit: usize,
}

impl Out {
    /// Appends to `bytes`, at most `limit` of them; `expected` is a guess.
    // Inline, lest it be copied right after it is written, for which the processor would wait.
    #[inline(always)]
    pub fn new(mut bytes: Vec<u8>, limit: usize, expected: usize) -> Out {
        let start = bytes.len();
        bytes.resize(start + expected.min(STRIDE), 0);
        Out { bytes: Page::new(bytes), start, limit: start.saturating_add(limit) }
    }

    /// Where the text begins.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The buffer with the text up to `at`, or without it when it is longer than the limit: then `false`.
    pub fn end(self, at: usize) -> (Vec<u8>, bool) {
        if at > self.limit {
            return (self.undo(), false);
        }
        let mut bytes = self.bytes.into_bytes();
        bytes.truncate(at);
        (bytes, true)
    }

    /// The buffer as it was.
    pub fn undo(self) -> Vec<u8> {
        let mut bytes = self.bytes.into_bytes();
        bytes.truncate(self.start);
        bytes
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
        self.bytes.change(|bytes| {
            if need > bytes.capacity() {
                bytes.reserve((need - bytes.len()).max(bytes.capacity()));
            }
            let ahead = (bytes.len() + STRIDE).min(bytes.capacity());
            bytes.resize(need.max(ahead), 0);
        });
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

    /// The block at `at`, if the end is not near.
    #[inline(always)]
    pub fn block<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        self.bytes.block(at)
    }

    /// The same with room for a value after it that is no text.
    #[inline(always)]
    pub fn roomy_block<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        self.bytes.roomy_block(at)
    }

    /// A block of any size.
    #[inline(always)]
    pub fn large<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
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
