//! Which rows of a long list are in view.
//!
//! Owns the arithmetic of a list of equally tall rows: how tall the scrolled content is, which rows to draw at a
//! scroll position, and where to scroll so that a row is seen. Knows no DOM.
//!
//! Browsers stop at some 16 to 33 million pixels of element height, so a longer list is drawn in a content of
//! [`MAX_CONTENT_PX`] and the scroll position is scaled: its ends still reach the first and the last row.

use std::ops::Range;

/// The tallest content drawn, below the limits of every browser engine.
pub const MAX_CONTENT_PX: f64 = 15_000_000.0;

/// Rows drawn beyond each edge, so that a fast scroll does not show blanks.
pub const OVERSCAN_ROWS: u64 = 8;

/// A list of `count` rows, each `row_px` tall, seen through `view_px`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows {
    /// How many rows there are.
    pub count: u64,
    /// Height of each, pixels.
    pub row_px: f64,
    /// Height of the view, pixels.
    pub view_px: f64,
}

/// The rows to draw and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Indices of the rows, overscan included.
    pub rows: Range<u64>,
    /// Distance of the first of them from the content's top, pixels.
    pub top_px: f64,
}

impl Rows {
    /// Height of the content to scroll, pixels.
    pub fn content_px(&self) -> f64 {
        self.full_px().min(MAX_CONTENT_PX)
    }

    /// The rows to draw when the content is scrolled down by `scroll_px`. A position out of range is taken as the
    /// nearest end.
    pub fn window(&self, scroll_px: f64) -> Window {
        if self.count == 0 || self.row_px <= 0.0 {
            return Window { rows: 0..0, top_px: 0.0 };
        }
        let scroll = clamp(scroll_px, self.max_scroll_px());
        let real = scroll * self.scale();
        let first = ((real / self.row_px) as u64).saturating_sub(OVERSCAN_ROWS);
        let last = (((real + self.view_px.max(0.0)) / self.row_px).ceil() as u64)
            .saturating_add(OVERSCAN_ROWS)
            .min(self.count);
        let first = first.min(last);
        Window { rows: first..last, top_px: scroll + first as f64 * self.row_px - real }
    }

    /// Where to scroll so that row `index` is wholly in view, moving as little as possible from `scroll_px`; none
    /// when it is in view already.
    pub fn reveal(&self, index: u64, scroll_px: f64) -> Option<f64> {
        let index = index.min(self.count.saturating_sub(1));
        let scroll = clamp(scroll_px, self.max_scroll_px());
        let real = scroll * self.scale();
        let top = index as f64 * self.row_px;
        let wanted = if top < real {
            top
        } else if top + self.row_px > real + self.view_px {
            top + self.row_px - self.view_px
        } else {
            return None;
        };
        Some(clamp(wanted / self.scale(), self.max_scroll_px()))
    }

    /// Where to scroll so that row `index` is in the middle of the view; none when it is well in view already.
    pub fn centre(&self, index: u64, scroll_px: f64) -> Option<f64> {
        let scroll = clamp(scroll_px, self.max_scroll_px());
        let above = index as f64 * self.row_px - scroll * self.scale();
        let margin = self.row_px.min(self.view_px / 4.0);
        if above >= margin && above + self.row_px <= self.view_px - margin {
            return None;
        }
        let wanted = index as f64 * self.row_px - (self.view_px - self.row_px) / 2.0;
        let px = clamp(wanted / self.scale(), self.max_scroll_px());
        (px != scroll).then_some(px)
    }

    /// The scroll position that shows the last row.
    pub fn max_scroll_px(&self) -> f64 {
        (self.content_px() - self.view_px).max(0.0)
    }

    /// How many rows a page key passes over.
    pub fn page(&self) -> u64 {
        if self.row_px > 0.0 { ((self.view_px / self.row_px) as u64).max(2) - 1 } else { 1 }
    }

    fn full_px(&self) -> f64 {
        self.count as f64 * self.row_px
    }

    /// Real pixels per scrolled pixel.
    fn scale(&self) -> f64 {
        let scrolled = self.content_px() - self.view_px;
        if self.full_px() <= MAX_CONTENT_PX || scrolled <= 0.0 {
            1.0
        } else {
            (self.full_px() - self.view_px) / scrolled
        }
    }
}

/// Where a key moves the selection of a list of `count` rows; none when the key is not one of a list's, or the list
/// is empty. Keys are named as in `KeyboardEvent.key`.
pub fn key_target(key: &str, selected: Option<u64>, count: u64, page: u64) -> Option<u64> {
    let last = count.checked_sub(1)?;
    let target = match (key, selected) {
        ("Home", _) => 0,
        ("End", _) => last,
        ("ArrowDown" | "PageDown", None) => 0,
        ("ArrowUp" | "PageUp", None) => last,
        ("ArrowDown", Some(at)) => at.saturating_add(1),
        ("ArrowUp", Some(at)) => at.saturating_sub(1),
        ("PageDown", Some(at)) => at.saturating_add(page),
        ("PageUp", Some(at)) => at.saturating_sub(page),
        _ => return None,
    };
    Some(target.min(last))
}

fn clamp(px: f64, max: f64) -> f64 {
    // NaN compares false with everything and becomes 0.
    if px > 0.0 { px.min(max) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(count: u64) -> Rows {
        Rows { count, row_px: 25.0, view_px: 500.0 }
    }

    #[test]
    fn draws_what_is_in_view() {
        // count, scroll, rows drawn, top of the first
        for (count, scroll, drawn, top) in [
            (0, 0.0, 0..0, 0.0),
            (3, 0.0, 0..3, 0.0),
            (3, 9_999.0, 0..3, 0.0),
            (100, 0.0, 0..28, 0.0),
            (100, 1_000.0, 32..68, 800.0),
            (100, 1_010.0, 32..69, 800.0),
            (100, 2_000.0, 72..100, 1_800.0),
            (100, f64::NAN, 0..28, 0.0),
            (100, -50.0, 0..28, 0.0),
            (100_000, 2_499_500.0, 99_972..100_000, 2_499_300.0),
        ] {
            let window = rows(count).window(scroll);
            assert_eq!((window.rows, window.top_px), (drawn, top), "{count} rows at {scroll}");
        }
    }

    #[test]
    fn reveals_by_the_shortest_way() {
        for (index, scroll, expected) in [
            (0, 0.0, None),
            (19, 0.0, None),
            (20, 0.0, Some(25.0)),
            (99, 0.0, Some(2_000.0)),
            (500, 0.0, Some(2_000.0)),
            (10, 1_000.0, Some(250.0)),
            (40, 1_000.0, None),
        ] {
            assert_eq!(rows(100).reveal(index, scroll), expected, "row {index} from {scroll}");
        }
    }

    #[test]
    fn centres_what_is_not_well_in_view() {
        for (index, scroll, expected) in [
            (0, 0.0, None),
            (5, 0.0, None),
            (19, 0.0, Some(237.5)),
            (50, 0.0, Some(1_012.5)),
            (99, 0.0, Some(2_000.0)),
            (99, 2_000.0, None),
            (2, 1_000.0, Some(0.0)),
        ] {
            assert_eq!(rows(100).centre(index, scroll), expected, "row {index} from {scroll}");
        }
    }

    #[test]
    fn keys_move_the_selection() {
        for (key, selected, count, expected) in [
            ("ArrowDown", None, 5, Some(0)),
            ("ArrowUp", None, 5, Some(4)),
            ("ArrowDown", Some(4), 5, Some(4)),
            ("ArrowUp", Some(0), 5, Some(0)),
            ("PageDown", Some(1), 50, Some(11)),
            ("PageUp", Some(11), 50, Some(1)),
            ("Home", Some(3), 5, Some(0)),
            ("End", Some(3), 5, Some(4)),
            ("End", None, 0, None),
            ("x", Some(1), 5, None),
        ] {
            assert_eq!(key_target(key, selected, count, 10), expected, "{key} from {selected:?}");
        }
    }

    proptest! {
        #[test]
        fn every_row_can_be_reached_and_none_beyond(count in 1u64..20_000_000, at in 0.0f64..1.0) {
            let rows = Rows { count, row_px: 25.0, view_px: 431.0 };
            prop_assert!(rows.content_px() <= MAX_CONTENT_PX);
            let scroll = rows.max_scroll_px() * at;
            let window = rows.window(scroll);
            prop_assert!(window.rows.end <= count && window.rows.start < window.rows.end);
            prop_assert!(window.rows.end - window.rows.start <= 2 * OVERSCAN_ROWS + 19);
            // The view is covered.
            let drawn_to = window.top_px + (window.rows.end - window.rows.start) as f64 * 25.0;
            prop_assert!(window.top_px <= scroll + 0.01);
            prop_assert!(drawn_to >= (scroll + 431.0).min(rows.content_px()) - 0.01);
            // A revealed row is then drawn, at a whole place in the view.
            let index = (count as f64 * at) as u64;
            let to = rows.reveal(index, scroll).unwrap_or(scroll);
            let seen = rows.window(to);
            prop_assert!(seen.rows.contains(&index.min(count - 1)));
            let top = seen.top_px + (index.min(count - 1) - seen.rows.start) as f64 * 25.0;
            prop_assert!(top >= to - 0.5 && top + 25.0 <= to + 431.5, "{} in {}", top, to);
        }

        #[test]
        fn the_ends_are_the_ends(count in 1u64..20_000_000) {
            let rows = Rows { count, row_px: 25.0, view_px: 431.0 };
            prop_assert_eq!(rows.window(0.0).rows.start, 0);
            prop_assert_eq!(rows.window(rows.max_scroll_px()).rows.end, count);
        }
    }
}
