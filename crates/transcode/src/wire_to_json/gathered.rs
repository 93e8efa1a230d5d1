//! Buffers of the merging path. Most conversions never come to need them, so they are taken when first written to;
//! the next conversion of the thread takes over what they have grown to.

use super::gather::{Group, Record};
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

/// Longer vectors are not kept.
const KEPT: usize = 1 << 14;

pub(super) struct Buffers {
    /// Marks of map keys that outgrew their place on the stack.
    pub marks: Vec<u64>,
    /// What the messages on the merging path have gathered, outer before inner.
    pub records: Vec<Record>,
    pub groups: Vec<Group>,
    pub segments: Vec<(usize, usize)>,
    pub slots: Vec<usize>,
    pub oneof_slots: Vec<usize>,
    /// Where groups end, by where they begin: each is walked through once.
    pub group_ends: Option<HashMap<usize, (usize, usize)>>,
}

const EMPTY: Buffers = Buffers {
    marks: Vec::new(),
    records: Vec::new(),
    groups: Vec::new(),
    segments: Vec::new(),
    slots: Vec::new(),
    oneof_slots: Vec::new(),
    group_ends: None,
};

/// Read before they are written to, buffers are these.
static NONE: Buffers = EMPTY;

thread_local! {
    static KEEP: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// The buffers of one conversion, taken from and given back to its thread.
#[derive(Default)]
pub(super) struct Gathered(Option<Box<Buffers>>);

impl Gathered {
    #[cold]
    #[inline(never)]
    fn take() -> Box<Buffers> {
        KEEP.take().unwrap_or_else(|| Box::new(EMPTY))
    }

    #[cold]
    #[inline(never)]
    fn give_back(mut buffers: Box<Buffers>) {
        fn clear<T>(vector: &mut Vec<T>) {
            vector.clear();
            if vector.capacity() > KEPT {
                *vector = Vec::new();
            }
        }
        clear(&mut buffers.marks);
        clear(&mut buffers.records);
        clear(&mut buffers.groups);
        clear(&mut buffers.segments);
        clear(&mut buffers.slots);
        clear(&mut buffers.oneof_slots);
        buffers.group_ends = None;
        KEEP.set(Some(buffers));
    }
}

impl Deref for Gathered {
    type Target = Buffers;

    #[inline(always)]
    fn deref(&self) -> &Buffers {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Gathered {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Buffers {
        self.0.get_or_insert_with(Gathered::take)
    }
}

impl Drop for Gathered {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(buffers) = self.0.take() {
            Gathered::give_back(buffers);
        }
    }
}
