//! Writes a wire from its end to its beginning, so that each length is known when it is due and nothing moves.

use crate::plan::Kind;

/// The bytes so far, the last one first.
#[derive(Default)]
pub(crate) struct Reverse(Vec<u8>);

impl Reverse {
    /// How many bytes there are; the difference between two of these is the length of what came between.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend(bytes.iter().rev());
    }

    pub fn varint(&mut self, mut value: u64) {
        let (mut bytes, mut len) = ([0u8; 10], 0);
        loop {
            bytes[len] = (value & 0x7F) as u8;
            value >>= 7;
            if value == 0 {
                break;
            }
            bytes[len] |= 0x80;
            len += 1;
        }
        self.bytes(&bytes[..=len]);
    }

    pub fn tag(&mut self, number: u32, wire_type: u8) {
        self.varint(u64::from(number) << 3 | u64::from(wire_type));
    }

    /// The length of everything since `len` was `before`.
    pub fn length_since(&mut self, before: usize) {
        self.varint((self.len() - before) as u64);
    }

    /// A number as its kind is written.
    pub fn number(&mut self, kind: Kind, bits: u64) {
        match kind.wire_type() {
            1 => self.bytes(&bits.to_le_bytes()),
            5 => self.bytes(&(bits as u32).to_le_bytes()),
            _ => self.varint(bits),
        }
    }

    /// Everything, in order, after what `wire` has.
    pub fn append_to(&self, wire: &mut Vec<u8>) {
        wire.extend(self.0.iter().rev());
    }
}
