//! Lengths that are known only after what they are of.

use super::Reader;
use crate::raw::Short;
use crate::varint;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Bodies longer than this are not moved when their length takes more or fewer bytes than were set aside. All such
/// moves are made at once at the end, so that no byte moves once for each message that it is inside of.
const MOVED: usize = 1 << 10;

/// Where a body begins.
pub(super) struct Open {
    body: usize,
    width: usize,
    delta: isize,
}

/// A length that did not fit the bytes set aside for it.
pub(super) struct Patch {
    at: usize,
    width: usize,
    length: u64,
}

impl Reader<'_> {
    /// Appends a tag and sets bytes aside for a length, as many as it took last time.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn open(&mut self, tag: Short, width: &AtomicU8) -> Open {
        let width = usize::from(width.load(Relaxed)).min(5);
        self.out.put_after(tag, &[0; 8], width);
        Open { body: self.out.len(), width, delta: self.delta }
    }

    /// Writes the length of the body that ends here.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn close(&mut self, open: &Open, width: &AtomicU8) {
        let length = self.out.len() - open.body;
        if open.width == 1 && length < 0x80 && self.delta == open.delta {
            self.out[open.body - 1] = length as u8;
        } else {
            self.close_wide(open, width);
        }
    }

    fn close_wide(&mut self, open: &Open, width: &AtomicU8) {
        let there = self.out.len() - open.body;
        let inside = self.delta - open.delta;
        let length = there.wrapping_add_signed(inside) as u64;
        let (bytes, needed) = varint::encode(length);
        let at = open.body - open.width;
        if needed != open.width {
            if width.load(Relaxed) as usize != needed {
                width.store(needed as u8, Relaxed);
            }
            if there > MOVED || inside != 0 {
                self.scratch.patches.push(Patch { at, width: open.width, length });
                self.delta += needed as isize - open.width as isize;
                return;
            }
            let end = self.out.len();
            if needed > open.width {
                self.out.with(|out| out.resize(end + needed - open.width, 0));
                self.out.copy_within(open.body..end, at + needed);
            } else {
                self.out.copy_within(open.body..end, at + needed);
                self.out.truncate(at + needed + there);
            }
        }
        self.out[at..at + needed].copy_from_slice(&bytes[..needed]);
    }

    /// Makes all moves that were put off, in one go over what is after the first of them.
    pub(super) fn apply_patches(&mut self, before: usize) {
        if self.scratch.patches.is_empty() {
            return;
        }
        let mut patches = std::mem::take(&mut self.scratch.patches);
        patches.sort_unstable_by_key(|patch| patch.at);
        let growth: usize =
            patches.iter().map(|patch| varint::len(patch.length).saturating_sub(patch.width)).sum();
        // First as far right as anything will have to go; then all of it goes left to its place.
        let first = patches.first().map_or(before, |patch| patch.at);
        let end = self.out.len();
        self.out.with(|out| out.resize(end + growth, 0));
        self.out.copy_within(first..end, first + growth);
        let (mut from, mut to) = (first + growth, first);
        for patch in &patches {
            let upto = patch.at + growth;
            self.out.copy_within(from..upto, to);
            to += upto - from;
            let (bytes, len) = varint::encode(patch.length);
            self.out[to..to + len].copy_from_slice(&bytes[..len]);
            to += len;
            from = upto + patch.width;
        }
        let end = self.out.len();
        self.out.copy_within(from..end, to);
        self.out.truncate(to + end - from);
        patches.clear();
        self.scratch.patches = patches;
    }
}
