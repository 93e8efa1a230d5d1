//! How often which time was met.

use crate::canvas::{self, Align, Canvas, Frame, Token, text_width};
use crate::scale::{self, COUNT, Scale};
use crate::{Size, format};
use wirelab_model::LatencyPoint;

/// Latencies of finished calls, failed ones stacked on top, with their p50, p90 and p99.
pub fn latency_distribution(points: &[LatencyPoint], size: Size) -> String {
    let values: Vec<_> = points.iter().map(|point| (point.total_ns, point.ok)).collect();
    let title = "Latency distribution";
    let sentence = "No finished calls to show yet";
    histogram(&values, size, title, sentence, Token::Accent)
}

/// The times between messages of a stream, nanoseconds, with their p50, p90 and p99.
pub fn gap_distribution(gaps_ns: &[u64], size: Size) -> String {
    let values: Vec<_> = gaps_ns.iter().map(|gap| (*gap, true)).collect();
    let title = "Time between messages";
    histogram(&values, size, title, "Two messages have to come first", Token::Bidi)
}

fn histogram(
    values: &[(u64, bool)],
    size: Size,
    title: &str,
    sentence: &str,
    token: Token,
) -> String {
    let mut sorted: Vec<u64> = values.iter().map(|(ns, _)| *ns).collect();
    sorted.sort_unstable();
    let (Some(least), Some(most)) = (sorted.first().copied(), sorted.last().copied()) else {
        return canvas::empty(size, title, sentence);
    };
    let unit = scale::time_unit(most as f64);
    let axis = Scale::closely(least as f64, most as f64, 5, unit);
    canvas::draw(size, title, |canvas| {
        // About the square root of the number of values is a usual number of bins.
        let room = (canvas.width / 12.0) as usize;
        let bins = (values.len() as f64).sqrt().ceil() as usize * 2;
        let bins = bins.clamp(8, room.clamp(8, 48));
        let mut counts = vec![(0u64, 0u64); bins];
        for (ns, ok) in values {
            let bin = ((axis.place(*ns as f64) * bins as f64) as usize).min(bins - 1);
            if let Some((good, bad)) = counts.get_mut(bin) {
                *(if *ok { good } else { bad }) += 1;
            }
        }
        let highest = counts.iter().map(|(good, bad)| good + bad).max().unwrap_or(1);
        let rows = Scale::from_zero(highest as f64, 3, COUNT);
        let frame = canvas.frame(&rows, 20.0);
        canvas.rows(frame, &rows);
        canvas.columns(frame, &axis.ticks());
        let width = frame.width() / bins as f64;
        let gap = (width * 0.15).min(2.0);
        for (bin, (good, bad)) in counts.iter().enumerate() {
            let left = frame.left + bin as f64 * width + gap / 2.0;
            let bar = |from: u64, to: u64, token| {
                let (_, top) = frame.at(0.0, rows.place(to as f64));
                let (_, bottom) = frame.at(0.0, rows.place(from as f64));
                if to > from {
                    canvas.rect((left, top), (left + width - gap, bottom), token, 1.0);
                }
            };
            bar(0, *good, token);
            bar(*good, good + bad, Token::Bad);
        }
        percentiles(canvas, frame, &axis, &sorted);
    })
}

/// Thin lines at the percentiles that so many values can tell, named above.
fn percentiles(canvas: &Canvas<'_>, frame: Frame, axis: &Scale, sorted: &[u64]) {
    let mut free_from = f64::NEG_INFINITY;
    for (percent, calls, name) in [(50, 1, "p50"), (90, 10, "p90"), (99, 100, "p99")] {
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        let Some(ns) = sorted.get(rank).filter(|_| sorted.len() >= calls) else { continue };
        let (x, _) = frame.at(axis.place(*ns as f64), 0.0);
        canvas.line((x, frame.top - 4.0), (x, frame.bottom), Token::Ink3, 1.0);
        let text = format!("{name} {}", format::ns(*ns));
        let half = text_width(&text) / 2.0;
        let middle = x.min(canvas.width - half).max(half).max(free_from + half);
        if middle + half <= canvas.width + 1.0 {
            canvas.text((middle, frame.top - 12.0), &text, Token::Ink2, Align::Middle);
            free_from = middle + half + 10.0;
        }
    }
}
