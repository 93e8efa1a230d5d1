//! Recorded calls: latency over time, and payload by method.

use crate::canvas::{self, Align, Canvas, Frame, Token, text_width};
use crate::scale::{self, Scale, clock_ticks};
use crate::{Size, format};
use std::collections::HashSet;
use wirelab_model::{LatencyPoint, MethodPayload};

/// How many neighbours the median line is over.
const WINDOW: usize = 15;

/// How many points the median line has at most.
const MEDIANS: usize = 240;

/// Each finished call as a point, failed ones in red, with their running median. Points in the order in which
/// the calls were made; labels are clock times in UTC.
pub fn latency_over_time(points: &[LatencyPoint], size: Size) -> String {
    let title = "Latency over time";
    let mut sorted = points.to_vec();
    sorted.sort_by_key(|point| point.started_unix_ms);
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return canvas::empty(size, title, "No finished calls to show yet");
    };
    let (from, until) = (first.started_unix_ms, last.started_unix_ms);
    let range = (i128::from(until) - i128::from(from)) as f64;
    let least = sorted.iter().map(|point| point.total_ns).min().unwrap_or(0) as f64;
    let most = sorted.iter().map(|point| point.total_ns).max().unwrap_or(0) as f64;
    let axis = Scale::fitting(least, most, 4, scale::time_unit(most));
    canvas::draw(size, title, |canvas| {
        let frame = canvas.frame(&axis, 10.0);
        canvas.rows(frame, &axis);
        let columns = (frame.width() / 90.0) as usize;
        // What happened at one time stands in the middle.
        let x = |ms: i64| match range > 0.0 {
            true => (i128::from(ms) - i128::from(from)) as f64 / range,
            false => 0.5,
        };
        if range > 0.0 {
            canvas.columns(frame, &clock_ticks(from, until, columns.max(2)));
        } else {
            let ticks = clock_ticks(from, from.saturating_add(1), 1);
            let label = ticks.first().map(|(_, label)| label.clone()).unwrap_or_default();
            canvas.columns(frame, &[(0.5, label)]);
        }
        let place = |point: &LatencyPoint| {
            frame.at(x(point.started_unix_ms), axis.place(point.total_ns as f64))
        };
        dots(canvas, &sorted, place);
        medians(canvas, frame, &sorted, x, &axis);
        if let [only] = sorted.as_slice() {
            let (x, y) = place(only);
            let text = format::ns(only.total_ns);
            canvas.text((x, (y - 13.0).max(8.0)), &text, Token::Ink2, Align::Middle);
        }
    })
}

/// Points that would hide each other are drawn once, failed calls last.
fn dots(canvas: &Canvas<'_>, points: &[LatencyPoint], place: impl Fn(&LatencyPoint) -> (f64, f64)) {
    let opacity = if points.len() > 200 { 0.45 } else { 0.75 };
    for ok in [true, false] {
        let token = if ok { Token::Accent } else { Token::Bad };
        let mut taken = HashSet::new();
        for (x, y) in points.iter().filter(|point| point.ok == ok).map(&place) {
            if taken.insert(((x / 2.0) as i32, (y / 2.0) as i32)) {
                canvas.dot((x, y), 2.5, token, if ok { opacity } else { 0.9 });
            }
        }
    }
}

fn medians(
    canvas: &Canvas<'_>,
    frame: Frame,
    points: &[LatencyPoint],
    x: impl Fn(i64) -> f64,
    axis: &Scale,
) {
    if points.len() < 2 * WINDOW {
        return;
    }
    let every = points.len().div_ceil(MEDIANS).max(1);
    let window = WINDOW.max(2 * every);
    let line: Vec<_> = points
        .windows(window)
        .step_by(every)
        .map(|window| {
            let mut values: Vec<u64> = window.iter().map(|point| point.total_ns).collect();
            values.sort_unstable();
            let (middle, median) = (window.len() / 2, values.len() / 2);
            let at = window.get(middle).map_or(0.0, |point| x(point.started_unix_ms));
            let median = values.get(median).copied().unwrap_or_default();
            frame.at(at, axis.place(median as f64))
        })
        .collect();
    canvas.path(&line, Token::Accent, 1.5, 1.0);
}

/// Mean payload of a call of each method, Protobuf and JSON, most calls first.
pub fn payload_by_method(methods: &[MethodPayload], size: Size) -> String {
    const ROW: f64 = 34.0;
    const TOP: f64 = 24.0;
    let title = "Payload by method, JSON against Protobuf";
    let mut sorted: Vec<&MethodPayload> = methods.iter().collect();
    sorted.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.method.cmp(&b.method)));
    if sorted.is_empty() {
        return canvas::empty(size, title, "No recorded calls to show yet");
    }
    canvas::draw(size, title, |canvas| {
        canvas.legend((0.0, 8.0), &[(Token::Proto, "Protobuf"), (Token::Json, "JSON")]);
        let fitting = ((canvas.height - TOP) / ROW).max(1.0) as usize;
        let cut = sorted.len() > fitting;
        // The last row then says how many are left out.
        let shown = if cut { fitting.saturating_sub(1).max(1) } else { sorted.len() };
        let rows: Vec<_> = sorted.iter().take(shown).collect();
        let label = |method: &str| method.rsplit('/').next().unwrap_or(method).to_owned();
        let widest = rows.iter().map(|row| text_width(&label(&row.method))).fold(0.0, f64::max);
        let left = (widest + 12.0).min(canvas.width * 0.4);
        let letters = ((left - 12.0) / text_width("x")).max(1.0) as usize;
        let largest = rows
            .iter()
            .map(|row| scale::clean(row.proto_bytes).max(scale::clean(row.json_bytes)))
            .fold(1.0, f64::max);
        let room = (canvas.width - left - 64.0).max(20.0);
        for (index, row) in rows.iter().enumerate() {
            let y = TOP + index as f64 * ROW;
            let name = shortened(&label(&row.method), letters);
            canvas.text((0.0, y + 13.0), &name, Token::Ink2, Align::Left);
            for (bytes, token, y) in
                [(row.proto_bytes, Token::Proto, y + 2.0), (row.json_bytes, Token::Json, y + 14.0)]
            {
                let bytes = scale::clean(bytes).max(0.0);
                let end = left + (bytes / largest * room).max(1.0);
                canvas.rect((left, y), (end, y + 10.0), token, 1.0);
                let text = format::bytes(bytes.round() as u64);
                canvas.text((end + 6.0, y + 5.0), &text, Token::Ink3, Align::Left);
            }
        }
        if cut {
            let more = format!("and {} more", format::count((sorted.len() - shown) as u64));
            let y = TOP + shown as f64 * ROW + 12.0;
            canvas.text((0.0, y), &more, Token::Ink3, Align::Left);
        }
    })
}

fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}
