//! Where the time of a call goes, path by path: only what was measured.

use crate::canvas::{self, Align, Canvas, Token, text_width};
use crate::{Size, format};
use wirelab_model::{BenchPath, BenchReport};

/// Height of a bar, pixels.
const BAR: f64 = 20.0;

/// The least width of a part that took time, pixels: thinner it could not be seen.
const SLIVER: f64 = 2.0;

/// The colour of a path.
pub(crate) fn token(path: BenchPath) -> Token {
    match path {
        BenchPath::GrpcProtobuf => Token::Proto,
        BenchPath::JsonText | BenchPath::RestJson => Token::Json,
        BenchPath::GrpcWebProtobuf => Token::Bidi,
        BenchPath::WebSocketJson => Token::Client,
    }
}

/// The name of a path.
pub(crate) fn name(path: BenchPath) -> &'static str {
    match path {
        BenchPath::GrpcProtobuf => "gRPC · Protobuf",
        BenchPath::JsonText => "JSON text",
        BenchPath::GrpcWebProtobuf => "gRPC-Web · Protobuf",
        BenchPath::RestJson => "REST · JSON",
        BenchPath::WebSocketJson => "WebSocket · JSON",
    }
}

/// The name of a path where there is little room.
fn short(path: BenchPath) -> &'static str {
    match path {
        BenchPath::GrpcProtobuf => "gRPC",
        BenchPath::GrpcWebProtobuf => "gRPC-Web",
        BenchPath::JsonText => "JSON",
        BenchPath::RestJson => "REST",
        BenchPath::WebSocketJson => "WS",
    }
}

/// Whether the messages of a path are Protobuf.
fn is_protobuf(path: BenchPath) -> bool {
    matches!(path, BenchPath::GrpcProtobuf | BenchPath::GrpcWebProtobuf)
}

/// A bar: its name and its parts in order.
struct Bar {
    name: &'static str,
    parts: Vec<(Token, f64)>,
}

impl Bar {
    fn total(&self) -> f64 {
        self.parts.iter().map(|(_, ns)| ns).sum()
    }
}

/// Encoding the request, network with server, and decoding the response of one call. Whole calls have one
/// scale; converting alone, which is a sliver of them, is drawn below on a scale of its own.
pub fn cost_breakdown(report: &BenchReport, size: Size) -> String {
    let title = "Where each microsecond goes, per call";
    let (request, response) = (report.request_costs, report.response_costs);
    let converting = |encode: Option<f64>, decode: Option<f64>, token| {
        [(token, encode), (Token::Server, decode)]
            .into_iter()
            .filter_map(|(token, ns)| Some((token, ns.filter(|ns| ns.is_finite() && *ns > 0.0)?)))
            .collect::<Vec<_>>()
    };
    let proto = converting(
        request.map(|costs| costs.proto_encode_ns),
        response.map(|costs| costs.proto_decode_ns),
        Token::Proto,
    );
    let json = converting(
        request.map(|costs| costs.json_encode_ns),
        response.map(|costs| costs.json_decode_ns),
        Token::Json,
    );
    let calls: Vec<Bar> = report
        .paths
        .iter()
        .filter_map(|path| {
            let ns = path.latency.as_ref().filter(|latency| latency.count > 0)?.p50_ns as f64;
            let own = if is_protobuf(path.path) { &proto } else { &json };
            let mut parts = own.clone();
            let encoded = parts.iter().filter(|(part, _)| *part != Token::Server).count();
            parts.insert(encoded, (Token::Accent, ns));
            Some(Bar { name: short(path.path), parts })
        })
        .collect();
    let alone: Vec<Bar> = [("Protobuf", proto), ("JSON", json)]
        .into_iter()
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(name, parts)| Bar { name, parts })
        .collect();
    if calls.is_empty() && alone.is_empty() {
        return canvas::empty(
            size,
            title,
            "Nothing was measured, so there is nothing to break down",
        );
    }
    canvas::draw(size, title, |canvas| {
        let encode = [(Token::Proto, ""), (Token::Json, "encode")];
        let end = canvas.legend((0.0, 8.0), &encode[..1]) - 23.0;
        let end = canvas.legend((end, 8.0), &encode[1..]);
        canvas
            .legend((end, 8.0), &[(Token::Accent, "network + server"), (Token::Server, "decode")]);
        // Two groups with a caption each share what is below the legend.
        let rows = (calls.len() + alone.len()) as f64;
        let captions = f64::from(u8::from(!calls.is_empty()) + u8::from(!alone.is_empty()));
        let free = (canvas.height - 30.0 - rows * BAR - captions * 20.0).max(0.0);
        let gap = (free / (rows + captions)).min(14.0);
        let mut y = 30.0;
        if !calls.is_empty() {
            y = group(canvas, y, gap, "A whole call, p50", &calls);
        }
        if !alone.is_empty() {
            group(canvas, y + gap, gap, "Converting alone", &alone);
        }
    })
}

fn group(canvas: &Canvas<'_>, top: f64, gap: f64, caption: &str, bars: &[Bar]) -> f64 {
    let left = 62.0;
    let longest = bars.iter().map(Bar::total).fold(0.0, f64::max).max(1.0);
    let mut y = top + 8.0;
    canvas.text((0.0, y), caption, Token::Ink3, Align::Left);
    canvas.text(
        (canvas.width, y),
        &format!("0 – {}", format::ns(longest as u64)),
        Token::Ink3,
        Align::Right,
    );
    y += 12.0;
    let label_room = 64.0;
    let width = (canvas.width - left - label_room).max(20.0);
    for bar in bars {
        canvas.text((0.0, y + BAR / 2.0), bar.name, Token::Ink2, Align::Left);
        let mut x = left;
        for (token, ns) in &bar.parts {
            let part = (ns / longest * width).max(SLIVER);
            canvas.rect((x, y), (x + part, y + BAR), *token, 1.0);
            x += part;
        }
        let total = format::ns(bar.total() as u64);
        let at = (x + 8.0).min(canvas.width - text_width(&total));
        canvas.text((at, y + BAR / 2.0), &total, Token::Ink2, Align::Left);
        y += BAR + gap;
    }
    y
}
