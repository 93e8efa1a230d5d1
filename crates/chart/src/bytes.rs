//! Bytes of a stream as they add up, Protobuf beside JSON.

use crate::canvas::{self, Align, Canvas, Frame, Token, text_width};
use crate::scale::{self, Scale};
use crate::{Size, format};

/// No curve is drawn with more points than this.
const MAX_POINTS: usize = 600;

/// How much had moved by a time, both directions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesPoint {
    /// Nanoseconds since the call began, ascending.
    pub at_ns: u64,
    /// Protobuf bytes so far.
    pub proto_bytes: u64,
    /// The same messages as compact JSON, bytes so far.
    pub json_bytes: u64,
}

/// Bytes so far over time, Protobuf and JSON.
pub fn bytes_over_time(points: &[BytesPoint], size: Size) -> String {
    let title = "Bytes sent and received";
    let Some(last) = points.last() else {
        return canvas::empty(size, title, "No messages yet");
    };
    let most = points.iter().map(|point| point.proto_bytes.max(point.json_bytes)).max();
    let most = most.unwrap_or_default() as f64;
    let axis = Scale::from_zero(most, 3, scale::byte_unit(most));
    let begin = points.first().map_or(0, |point| point.at_ns);
    let span = last.at_ns.saturating_sub(begin) as f64;
    let time = Scale::from_zero(span, 4, scale::time_unit(span));
    canvas::draw(size, title, |canvas| {
        let mut frame = canvas.frame(&axis, 8.0);
        let ends = [
            (Token::Json, last.json_bytes, format::bytes(last.json_bytes)),
            (Token::Proto, last.proto_bytes, format::bytes(last.proto_bytes)),
        ];
        let room = ends.iter().map(|(.., text)| text_width(text)).fold(0.0, f64::max) + 8.0;
        frame.right = (canvas.width - room).max(frame.left + 20.0);
        canvas.rows(frame, &axis);
        // A stream that took no time at all is drawn from rim to rim.
        let x = |point: &BytesPoint| match span > 0.0 {
            true => point.at_ns.saturating_sub(begin) as f64 / span,
            false => 1.0,
        };
        if span > 0.0 {
            canvas.columns(frame, &time.ticks_until(span));
        }
        let every = points.len().div_ceil(MAX_POINTS).max(1);
        let kept = || points.iter().step_by(every).chain([last]);
        let json: Vec<_> =
            kept().map(|p| frame.at(x(p), axis.place(p.json_bytes as f64))).collect();
        let proto: Vec<_> =
            kept().map(|p| frame.at(x(p), axis.place(p.proto_bytes as f64))).collect();
        series(canvas, frame, &json, Token::Json);
        series(canvas, frame, &proto, Token::Proto);
        let mut free_from = f64::NEG_INFINITY;
        for (token, bytes, text) in ends {
            let y = frame.at(1.0, axis.place(bytes as f64)).1.max(free_from);
            canvas.text((frame.right + 7.0, y), &text, token, Align::Left);
            free_from = y + 13.0;
        }
    })
}

fn series(canvas: &Canvas<'_>, frame: Frame, points: &[(f64, f64)], token: Token) {
    canvas.area_under(points, frame.bottom, token, 0.08);
    canvas.path(points, token, 2.0, 1.0);
    if let Some(end) = points.last() {
        canvas.dot(*end, 2.5, token, 1.0);
    }
}
