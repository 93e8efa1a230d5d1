//! Which rows of a long list are to be drawn.

use std::ops::Range;

/// Rows drawn above and below what can be seen, so that fast scrolling shows no gaps.
pub const OVERSCAN: usize = 12;

/// The rows to draw of `count` rows of `row` pixels each, when `height` pixels can be seen from `scroll` on.
pub fn visible(scroll: f64, height: f64, row: f64, count: usize) -> Range<usize> {
    let index = |pixels: f64| (pixels / row).floor().clamp(0.0, count as f64) as usize;
    let from = index(scroll).saturating_sub(OVERSCAN);
    let to = (index(scroll + height) + 1 + OVERSCAN).min(count);
    from.min(to)..to
}

/// Where to scroll so that row `index` can be seen, when it cannot already.
pub fn reveal(index: usize, scroll: f64, height: f64, row: f64) -> Option<f64> {
    let (top, bottom) = (index as f64 * row, (index + 1) as f64 * row);
    if top < scroll {
        Some(top)
    } else if bottom > scroll + height {
        Some((bottom - height).max(0.0))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_what_is_seen_and_a_little_more() {
        for (scroll, height, count, expected) in [
            (0.0, 260.0, 100_000, 0..23),
            (26_000.0, 260.0, 100_000, 988..1_023),
            (2_599_740.0, 260.0, 100_000, 99_978..100_000),
            (0.0, 260.0, 3, 0..3),
            (0.0, 0.0, 0, 0..0),
            (1e9, 260.0, 5, 0..5),
            (-50.0, 260.0, 5, 0..5),
        ] {
            assert_eq!(visible(scroll, height, 26.0, count), expected, "{scroll}");
        }
    }

    #[test]
    fn reveals_with_the_least_movement() {
        assert_eq!(reveal(0, 0.0, 260.0, 26.0), None);
        assert_eq!(reveal(10, 0.0, 260.0, 26.0), Some(26.0));
        assert_eq!(reveal(3, 260.0, 260.0, 26.0), Some(78.0));
    }
}
