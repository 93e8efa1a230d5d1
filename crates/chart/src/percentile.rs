//! Latency by percentile: one curve a path that was called.

use crate::canvas::{self, Align, Canvas, Frame, Token};
use crate::scale::{self, Scale};
use crate::{Size, format};
use wirelab_model::{BenchPath, BenchReport, Latency};

/// How many straight pieces a curve is drawn with.
const PIECES: usize = 160;

/// How many points of the data a curve is led through.
const KNOTS: usize = 17;

/// Where percentiles lie, ever more room towards the end: `(percentile, calls that it takes, name)`.
const MARKS: [(f64, u64, &str); 5] = [
    (0.0, 1, "p0"),
    (50.0, 2, "p50"),
    (90.0, 10, "p90"),
    (99.0, 100, "p99"),
    (99.9, 1000, "p99.9"),
];

/// Latency of each path that was called, from the fastest call to the highest percentile that so many calls
/// can tell. Paths that were not called have no curve.
pub fn latency_by_percentile(report: &BenchReport, size: Size) -> String {
    let title = "Latency by percentile";
    let curves: Vec<(BenchPath, &Latency)> = report
        .paths
        .iter()
        .filter_map(|path| Some((path.path, path.latency.as_ref()?)))
        .filter(|(_, latency)| latency.count > 0 && !latency.curve.is_empty())
        .collect();
    let Some(most) = curves.iter().map(|(_, latency)| latency.count).max() else {
        return canvas::empty(size, title, "No call succeeded, so there is no latency to show");
    };
    let marks: Vec<_> = MARKS.into_iter().filter(|(_, calls, _)| most >= *calls).collect();
    let last = marks.last().map_or(0.0, |(percentile, ..)| *percentile);
    let top = curves.iter().map(|(_, latency)| at(latency, last)).fold(0.0, f64::max);
    let axis = Scale::from_zero(top * 1.05, 4, scale::time_unit(top));
    canvas::draw(size, title, |canvas| {
        let names: Vec<_> = curves
            .iter()
            .map(|(path, _)| (crate::cost::token(*path), crate::cost::name(*path)))
            .collect();
        let down = canvas.wrapped_legend((0.0, 8.0), &names);
        let frame = canvas.frame(&axis, 28.0 + down);
        canvas.rows(frame, &axis);
        let place = |index: usize| match marks.len() {
            0 | 1 => 0.5,
            count => index as f64 / (count - 1) as f64,
        };
        let ticks: Vec<_> = marks
            .iter()
            .enumerate()
            .map(|(index, (_, _, name))| (place(index), (*name).to_owned()))
            .collect();
        canvas.columns(frame, &ticks);
        for (path, latency) in &curves {
            let alone = curves.len() == 1;
            curve(canvas, frame, &axis, latency, &marks, crate::cost::token(*path), alone);
        }
    })
}

fn curve(
    canvas: &Canvas<'_>,
    frame: Frame,
    axis: &Scale,
    latency: &Latency,
    marks: &[(f64, u64, &str)],
    token: Token,
    labelled: bool,
) {
    let percentile = |x: f64| {
        let x = x * marks.len().saturating_sub(1) as f64;
        let from = marks.get(x.floor() as usize).map_or(0.0, |mark| mark.0);
        let to = marks.get(x.floor() as usize + 1).map_or(from, |mark| mark.0);
        from + (to - from) * x.fract()
    };
    if marks.len() > 1 {
        let knots: Vec<f64> = (0..KNOTS)
            .map(|knot| axis.place(at(latency, percentile(knot as f64 / (KNOTS - 1) as f64))))
            .collect();
        let points: Vec<_> = (0..=PIECES)
            .map(|piece| piece as f64 / PIECES as f64)
            .map(|x| frame.at(x, between(&knots, x)))
            .collect();
        canvas.area_under(&points, frame.bottom, token, 0.08);
        canvas.path(&points, token, 2.0, 1.0);
    }
    for (index, (percentile, ..)) in marks.iter().enumerate() {
        let count = marks.len();
        let x = if count > 1 { index as f64 / (count - 1) as f64 } else { 0.5 };
        let value = at(latency, *percentile);
        let point = frame.at(x, axis.place(value));
        canvas.dot(point, 3.0, token, 1.0);
        if labelled {
            let text = format::ns(exact(latency, *percentile).unwrap_or(value as u64));
            let (align, dx) = match index {
                0 if count > 1 => (Align::Left, 0.0),
                _ if index + 1 == count && count > 1 => (Align::Right, 4.0),
                _ => (Align::Middle, 0.0),
            };
            canvas.text((point.0 + dx, (point.1 - 12.0).max(20.0)), &text, Token::Ink2, align);
        }
    }
}

/// The figure that tables show for a percentile, where there is one: the curve's own may differ by a call.
fn exact(latency: &Latency, percentile: f64) -> Option<u64> {
    let figures = [
        (0.0, latency.min_ns),
        (50.0, latency.p50_ns),
        (90.0, latency.p90_ns),
        (99.0, latency.p99_ns),
    ];
    let found = figures.into_iter().find(|(at, ns)| *at == percentile && *ns > 0);
    found.map(|(_, ns)| ns)
}

/// The latency at a percentile, between the points of the curve along a straight line.
fn at(latency: &Latency, percentile: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (place, ns) in &latency.curve {
        let (place, ns) = (scale::clean(*place), *ns as f64);
        if place >= percentile {
            return match before {
                Some((from, low)) if place > from => {
                    low + (ns - low) * ((percentile - from) / (place - from)).clamp(0.0, 1.0)
                }
                _ => ns,
            };
        }
        before = Some((place, ns));
    }
    before.map_or(0.0, |(_, ns)| ns)
}

/// A smooth line through evenly spaced knots that rises only where they rise (monotone cubic, Fritsch and
/// Carlson 1980), so that it shows no dip that was not measured.
fn between(knots: &[f64], x: f64) -> f64 {
    let last = knots.len().saturating_sub(1);
    let place = x.clamp(0.0, 1.0) * last as f64;
    let index = (place.floor() as usize).min(last.saturating_sub(1));
    let knot = |index: usize| knots.get(index.min(last)).copied().unwrap_or_default();
    let rise = |index: usize| knot(index + 1) - knot(index);
    let slope = |index: usize| {
        if index == 0 || index >= last {
            return if index == 0 { rise(0) } else { rise(last.saturating_sub(1)) };
        }
        let (before, after) = (rise(index - 1), rise(index));
        // The harmonic mean: zero at a turn, and never steep enough to overshoot.
        if before * after <= 0.0 { 0.0 } else { 2.0 * before * after / (before + after) }
    };
    let t = place - index as f64;
    let (t2, t3) = (t * t, t * t * t);
    (2.0 * t3 - 3.0 * t2 + 1.0) * knot(index)
        + (t3 - 2.0 * t2 + t) * slope(index)
        + (3.0 * t2 - 2.0 * t3) * knot(index + 1)
        + (t3 - t2) * slope(index + 1)
}
