//! Reads and writes of fixed size that are checked once instead of at every byte. All `unsafe` of this crate is here.
//!
//! Why at all: conversion is bound by the number of instructions, of which a tenth to a fifth were checks that the
//! compiler cannot do without. A slice is checked for its begin and for its end at each read, and a `Vec` looks at its
//! capacity and stores its length at each append, although a value is but a tag and a few bytes.
//!
//! Why it is sound: both types below keep an invariant that no method can break, whatever it is called with, so
//! nothing is asked of callers. `cargo +nightly miri test -p wirelab-transcode raw` looks at every access.
#![allow(unsafe_code)]

use std::hint::cold_path;
use std::ops::{Deref, DerefMut};

/// What may be read or appended at once, at most.
pub(crate) const SLACK: usize = 64;

/// The same with what may follow it.
pub(crate) const ROOM: usize = 128;

/// Bytes that may be read past their end, where zeros are.
pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    /// Invariant: below this, [`SLACK`] bytes are there; from it on they are in `tail`, and then zeros.
    limit: usize,
    tail: [u8; 2 * SLACK],
}

impl<'a> Text<'a> {
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Text<'a> {
        let mut tail = [0; 2 * SLACK];
        match bytes.last_chunk::<{ SLACK - 1 }>() {
            Some(last) => tail[..SLACK - 1].copy_from_slice(last),
            None => tail[..bytes.len()].copy_from_slice(bytes),
        }
        Text { bytes, limit: (bytes.len() + 1).saturating_sub(SLACK), tail }
    }

    /// The `N` bytes from `at` on; zeros after the end.
    #[inline(always)]
    pub fn block<const N: usize>(&self, at: usize) -> &[u8; N] {
        const { assert!(N <= SLACK) };
        let from = if at < self.limit {
            // SAFETY: `at` is within the bytes.
            unsafe { self.bytes.as_ptr().add(at) }
        } else {
            cold_path();
            // SAFETY: at most `SLACK`, half of the tail.
            unsafe { self.tail.as_ptr().add((at - self.limit).min(SLACK)) }
        };
        // SAFETY: at least `SLACK` bytes follow, by the invariant or as `tail` is twice as long.
        unsafe { &*from.cast() }
    }

    /// The byte at `at`; zero after the end.
    #[inline(always)]
    pub fn byte(&self, at: usize) -> u8 {
        self.block::<1>(at)[0]
    }

    /// The eight bytes from `at` on as a little-endian number; zeros after the end.
    #[inline(always)]
    pub fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(*self.block(at))
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

/// At most seven bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    bytes: [u8; 8],
    /// Invariant: at most seven.
    len: u8,
}

impl Short {
    pub const NONE: Short = Short { bytes: [0; 8], len: 0 };

    /// # Panics
    /// When there are more than seven.
    pub fn new(bytes: &[u8]) -> Short {
        let mut own = [0; 8];
        own[..7][..bytes.len()].copy_from_slice(bytes);
        Short { bytes: own, len: bytes.len() as u8 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    #[inline(always)]
    pub fn len(self) -> usize {
        usize::from(self.len)
    }

    /// The bytes, the first lowest.
    #[inline(always)]
    pub fn word(self) -> u64 {
        u64::from_le_bytes(self.bytes)
    }

    /// The bytes with one more, of which there are eight then at most, and how many they are.
    #[inline(always)]
    fn and(self, one: u8) -> ([u8; 8], usize) {
        let word = self.word() | u64::from(one) << (8 * self.len);
        (word.to_le_bytes(), self.len() + 1)
    }
}

/// A buffer to append to. Invariant: below `limit`, its capacity is larger than its length by [`SLACK`] at least.
#[derive(Default)]
pub(crate) struct Out {
    bytes: Vec<u8>,
    limit: usize,
}

impl Out {
    /// Appends to `bytes`; about so many more are expected.
    #[inline]
    pub fn new(mut bytes: Vec<u8>, expected: usize) -> Out {
        bytes.reserve(expected + SLACK);
        let limit = limit(&bytes);
        Out { bytes, limit }
    }

    #[inline]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Lets `change` do to the bytes what it likes.
    #[inline(always)]
    pub fn with<T>(&mut self, change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        // Should `change` panic, there is no room left, as the limit says.
        self.limit = 0;
        let result = change(&mut self.bytes);
        self.limit = limit(&self.bytes);
        result
    }

    /// Makes the next stores of [`SLACK`] bytes at most possible; returns where they go.
    #[inline(always)]
    fn room(&mut self) -> usize {
        if self.bytes.len() >= self.limit {
            cold_path();
            self.grow();
        }
        self.bytes.len()
    }

    #[inline(never)]
    fn grow(&mut self) {
        self.with(|bytes| bytes.reserve(SLACK));
    }

    /// Appends the first `len` bytes of a block.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        const { assert!(N <= SLACK) };
        assert!(len <= N);
        let at = self.room();
        // SAFETY: there is room for `N` bytes at `at`, and all of them are written before the length says so.
        unsafe {
            self.bytes.as_mut_ptr().add(at).cast::<[u8; N]>().write(*block);
            self.bytes.set_len(at + len);
        }
    }

    /// Appends `head` and the first `len` bytes of a block.
    #[inline(always)]
    pub fn put_after<const N: usize>(&mut self, head: Short, block: &[u8; N], len: usize) {
        const { assert!(N + 8 <= SLACK) };
        assert!(len <= N);
        let at = self.room();
        let begin = at + head.len();
        // SAFETY: there is room for eight bytes and `N`, and all up to the new length are written: the head's eight, of
        // which at most seven count, and `N` from where these end.
        unsafe {
            let to = self.bytes.as_mut_ptr();
            to.add(at).cast::<[u8; 8]>().write(head.bytes);
            to.add(begin).cast::<[u8; N]>().write(*block);
            self.bytes.set_len(begin + len);
        }
    }

    /// The same with `one` between them.
    #[inline(always)]
    pub fn put_between<const N: usize>(
        &mut self,
        head: Short,
        one: u8,
        block: &[u8; N],
        len: usize,
    ) {
        const { assert!(N + 8 <= SLACK) };
        assert!(len <= N);
        let (head, head_len) = head.and(one);
        let at = self.room();
        let begin = at + head_len;
        // SAFETY: as in `put_after`; all eight bytes of the head may count, and all are written.
        unsafe {
            let to = self.bytes.as_mut_ptr();
            to.add(at).cast::<[u8; 8]>().write(head);
            to.add(begin).cast::<[u8; N]>().write(*block);
            self.bytes.set_len(begin + len);
        }
    }

    /// Appends `head` and one byte.
    #[inline(always)]
    pub fn put_one(&mut self, head: Short, one: u8) {
        let (block, len) = head.and(one);
        self.put(&block, len);
    }

    #[inline(always)]
    pub fn push(&mut self, byte: u8) {
        self.put(&[byte], 1);
    }

    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.with(|own| own.extend_from_slice(bytes));
    }

    #[inline(always)]
    pub fn truncate(&mut self, len: usize) {
        // The capacity stays as it is.
        self.bytes.truncate(len);
    }
}

impl Deref for Out {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Out {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

#[inline(always)]
fn limit(bytes: &Vec<u8>) -> usize {
    (bytes.capacity() + 1).saturating_sub(SLACK)
}

/// Bytes to be written over. Invariant: below `limit`, [`SLACK`] bytes are there; below `far`, [`ROOM`] bytes are.
pub(crate) struct Page {
    bytes: Vec<u8>,
    limit: usize,
    far: usize,
}

impl Page {
    #[inline(always)]
    pub fn new(bytes: Vec<u8>) -> Page {
        let limit = (bytes.len() + 1).saturating_sub(SLACK);
        let far = (bytes.len() + 1).saturating_sub(ROOM);
        Page { bytes, limit, far }
    }

    #[inline(always)]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Lets `change` do to the bytes what it likes.
    #[inline]
    pub fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        // Should `change` panic, no room is left.
        let mut bytes = std::mem::replace(self, Page::new(Vec::new())).bytes;
        change(&mut bytes);
        *self = Page::new(bytes);
    }

    /// The block at `at`, if there are [`SLACK`] bytes.
    #[inline(always)]
    pub fn block<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        const { assert!(N <= SLACK) };
        if at >= self.limit {
            cold_path();
            return None;
        }
        // SAFETY: `SLACK` bytes from `at` on are within the bytes, by the invariant.
        Some(unsafe { &mut *self.bytes.as_mut_ptr().add(at).cast() })
    }

    /// The same if there are [`ROOM`] bytes.
    #[inline(always)]
    pub fn roomy_block<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        const { assert!(N <= ROOM) };
        if at >= self.far {
            cold_path();
            return None;
        }
        // SAFETY: `ROOM` bytes from `at` on are within the bytes, by the invariant.
        Some(unsafe { &mut *self.bytes.as_mut_ptr().add(at).cast() })
    }
}

impl Deref for Page {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Page {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_zeros_after_their_end() {
        for len in (0..20).chain(55..75).chain([127, 128, 129, 200]) {
            let bytes: Vec<u8> = (1..=len).collect();
            let text = Text::new(&bytes);
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + 2 * SLACK, 0);
            for at in 0..=bytes.len() + SLACK {
                assert_eq!(text.block::<SLACK>(at), longer[at..].first_chunk().unwrap());
                assert_eq!(text.block::<9>(at), longer[at..].first_chunk().unwrap());
                assert_eq!(text.byte(at), longer[at]);
            }
            assert_eq!(text.word(usize::MAX), 0);
            assert_eq!(*text, *bytes);
        }
    }

    #[test]
    fn blocks_of_a_page_are_within_it() {
        for len in [0, 1, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM] {
            let mut page = Page::new(vec![0; len]);
            for at in 0..=len {
                let block = page.block::<SLACK>(at);
                assert_eq!(block.is_some(), at + SLACK <= len);
                block.into_iter().for_each(|block| block.fill(at as u8));
                let block = page.roomy_block::<ROOM>(at);
                assert_eq!(block.is_some(), at + ROOM <= len);
                block.into_iter().for_each(|block| block.fill(at as u8));
            }
            page.change(|bytes| bytes.truncate(SLACK));
            assert!(page.block::<1>(1).is_none());
            assert_eq!(page.len(), page.into_bytes().len());
        }
    }

    #[test]
    fn what_is_appended_is_there() {
        let block: [u8; 32] = std::array::from_fn(|index| index as u8);
        let mut out = Out::new(vec![1, 2], 0);
        let mut expected = vec![1, 2];
        for round in 0..200 {
            let head = &block[..round % 8];
            let len = round % 33;
            out.put(&block, len);
            out.put_after(Short::new(head), &block, len);
            out.put_between(Short::new(head), 7, &block, len);
            out.put_one(Short::new(head), 9);
            out.push(8);
            let parts =
                [&block[..len], head, &block[..len], head, &[7], &block[..len], head, &[9, 8]];
            expected.extend(parts.concat());
            assert_eq!(*out, *expected);
            out.truncate(out.len() - 1);
            expected.pop();
            out.extend_from_slice(&[3; 100]);
            expected.extend([3; 100]);
            out.with(Vec::shrink_to_fit);
        }
        let mut taken = std::mem::take(&mut out);
        out.put(&block, 3);
        assert_eq!(*out, block[..3]);
        taken.push(1);
        assert_eq!(taken.into_bytes().len(), expected.len() + 1);
    }
}
