//! Bytes as choices.

/// Choices, all of them the first one when there is nothing left.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// Less than `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// True about once in `times`, never when there is nothing left.
    pub fn once_in(&mut self, times: u8) -> bool {
        self.byte() % times == times - 1
    }

    /// Small ones, powers of two and their neighbours, and any other.
    pub fn u64(&mut self) -> u64 {
        let small = self.byte();
        match small % 5 {
            0 => u64::from(small / 5),
            1 => u64::from(small / 5).wrapping_neg(),
            2 => 1 << (small / 5),
            3 => (1u64 << (small / 5)).wrapping_sub(1),
            _ => (0..8).fold(0, |bits, _| bits << 8 | u64::from(self.byte())),
        }
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in 1..list.len() {
            let other = at - self.below((at + 1).min(256)).min(at);
            list.swap(at, other);
        }
    }

    /// Text with all that JSON has to escape, that UTF-8 has sizes for, and that somebody may mistake for syntax.
    pub fn text(&mut self) -> String {
        const PARTS: &[&str] = &[
            "a",
            "Z",
            "0",
            " ",
            "\"",
            "\\",
            "/",
            "\n",
            "\t",
            "\u{0}",
            "\u{1f}",
            "\u{7f}",
            "é",
            "\u{7ff}",
            "€",
            "\u{2028}",
            "\u{ffff}",
            "😀",
            "\u{10ffff}",
            "long enough for sixteen bytes and more",
            "{}[],:",
        ];
        (0..self.below(5)).map(|_| self.pick(PARTS)).collect()
    }
}
