//! The drawing surface: plotters' SVG backend on a fine grid, with the screen's colours by name.

use crate::{Size, scale::Scale};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Grid steps a pixel: plotters places things on whole steps, which a curve would show.
const FINE: i32 = 8;

/// Size of text, CSS pixels.
const TEXT_PX: f64 = 11.0;

/// plotters' SVG backend divides the size of a font by this.
const BACKEND_FONT_RATIO: f64 = 1.24;

/// A colour of the token sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Proto,
    Json,
    Accent,
    Server,
    Bidi,
    Client,
    Bad,
    Ink2,
    Ink3,
    Line,
}

impl Token {
    const ALL: [Token; 10] = [
        Token::Proto,
        Token::Json,
        Token::Accent,
        Token::Server,
        Token::Bidi,
        Token::Client,
        Token::Bad,
        Token::Ink2,
        Token::Ink3,
        Token::Line,
    ];

    fn variable(self) -> &'static str {
        match self {
            Token::Proto => "var(--proto)",
            Token::Json => "var(--json)",
            Token::Accent => "var(--unary)",
            Token::Server => "var(--server)",
            Token::Bidi => "var(--bidi)",
            Token::Client => "var(--client)",
            Token::Bad => "var(--bad)",
            Token::Ink2 => "var(--ink-2)",
            Token::Ink3 => "var(--ink-3)",
            Token::Line => "var(--line)",
        }
    }

    /// The colour that stands for the token until the drawing is done.
    fn stand_in(self) -> RGBColor {
        RGBColor(1, 2, self as u8)
    }

    fn backend_text(self) -> String {
        let RGBColor(red, green, blue) = self.stand_in();
        format!("=\"#{red:02X}{green:02X}{blue:02X}\"")
    }
}

/// How text hangs on its point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Align {
    Left,
    Middle,
    Right,
}

/// Where data is drawn, pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// The point at a place of both axes, 0..=1, up being more.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + x * self.width(), self.bottom - y * (self.bottom - self.top))
    }
}

/// A chart being drawn. Failures of the backend, which writes to memory only, leave a part out.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    pub width: f64,
    pub height: f64,
}

/// Draws a chart and finishes it into one `<svg>` element that says what it shows.
pub(crate) fn draw(size: Size, title: &str, paint: impl FnOnce(&Canvas<'_>)) -> String {
    let (width, height) = (size.width.clamp(120, 4096), size.height.clamp(60, 4096));
    let mut body = String::new();
    {
        let fine = FINE.unsigned_abs();
        let backend = SVGBackend::with_string(&mut body, (width * fine, height * fine));
        let area = backend.into_drawing_area();
        paint(&Canvas { area: area.clone(), width: f64::from(width), height: f64::from(height) });
        let _ = area.present();
    }
    for token in Token::ALL {
        body = body.replace(&token.backend_text(), &format!("=\"{}\"", token.variable()));
    }
    // The backend's own opening tag has a fixed size.
    let body = body.split_once('>').map_or("", |(_, rest)| rest);
    let body = body.replace(" opacity=\"1\"", "");
    let mut label = String::new();
    for c in title.chars() {
        match c {
            '<' => label.push_str("&lt;"),
            '>' => label.push_str("&gt;"),
            '&' => label.push_str("&amp;"),
            c => label.push(printable(c)),
        }
    }
    let (fine_width, fine_height) = (width * FINE.unsigned_abs(), height * FINE.unsigned_abs());
    format!(
        "<svg viewBox=\"0 0 {fine_width} {fine_height}\" width=\"100%\" role=\"img\" \
         xmlns=\"http://www.w3.org/2000/svg\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\
         <title>{label}</title>{body}"
    )
}

/// A chart without data: its frame with a sentence.
pub(crate) fn empty(size: Size, title: &str, sentence: &str) -> String {
    draw(size, title, |canvas| {
        let frame =
            Frame { left: 0.5, top: 0.5, right: canvas.width - 0.5, bottom: canvas.height - 0.5 };
        canvas.outline(frame, Token::Line);
        let middle = (canvas.width / 2.0, canvas.height / 2.0);
        canvas.text(middle, sentence, Token::Ink3, Align::Middle);
    })
}

/// What XML cannot carry is shown as a replacement character.
fn printable(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => c,
        _ => '\u{fffd}',
    }
}

/// About how wide a text is, pixels; the real font is the screen's affair.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * TEXT_PX * 0.6
}

impl Canvas<'_> {
    pub fn line(&self, from: (f64, f64), to: (f64, f64), token: Token, width: f64) {
        self.path(&[from, to], token, width, 1.0);
    }

    pub fn path(&self, points: &[(f64, f64)], token: Token, width: f64, opacity: f64) {
        let style = token.stand_in().mix(opacity).stroke_width(fine(width).unsigned_abs());
        let points: Vec<_> = points.iter().copied().map(step).collect();
        let _ = self.area.draw(&PathElement::new(points, style));
    }

    /// The area between a line and a horizontal.
    pub fn area_under(&self, points: &[(f64, f64)], bottom: f64, token: Token, opacity: f64) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        let mut outline: Vec<_> = points.iter().copied().map(step).collect();
        outline.extend([step((last.0, bottom)), step((first.0, bottom))]);
        let _ = self.area.draw(&Polygon::new(outline, token.stand_in().mix(opacity).filled()));
    }

    pub fn rect(&self, from: (f64, f64), to: (f64, f64), token: Token, opacity: f64) {
        let style = token.stand_in().mix(opacity).filled();
        let _ = self.area.draw(&Rectangle::new([step(from), step(to)], style));
    }

    pub fn outline(&self, frame: Frame, token: Token) {
        let Frame { left, top, right, bottom } = frame;
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.path(&corners, token, 1.0, 1.0);
    }

    pub fn dot(&self, at: (f64, f64), radius: f64, token: Token, opacity: f64) {
        let style = token.stand_in().mix(opacity).filled();
        let _ = self.area.draw(&Circle::new(step(at), fine(radius), style));
    }

    /// Text whose middle line goes through the point.
    pub fn text(&self, at: (f64, f64), text: &str, token: Token, align: Align) {
        let size = TEXT_PX * f64::from(FINE) * BACKEND_FONT_RATIO;
        let align = match align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        let colour = token.stand_in();
        let style = TextStyle::from(("var(--font-ui)", size).into_font())
            .color(&colour)
            .pos(Pos::new(align, VPos::Center));
        let text: String = text.chars().map(printable).collect();
        // The place of a `Text` element is its own; the area only carries it to the backend.
        let _ = self.area.draw(&Text::new(text, step(at), style));
    }

    /// Squares with names, from the left; returns where they end.
    pub fn legend(&self, at: (f64, f64), entries: &[(Token, &str)]) -> f64 {
        let (mut x, y) = at;
        for (token, name) in entries {
            self.rect((x, y - 4.0), (x + 8.0, y + 4.0), *token, 1.0);
            self.text((x + 13.0, y), name, Token::Ink2, Align::Left);
            x += 13.0 + text_width(name) + 14.0;
        }
        x
    }

    /// The same in as many lines as it takes; returns how far down the last is from the first.
    pub fn wrapped_legend(&self, at: (f64, f64), entries: &[(Token, &str)]) -> f64 {
        const LINE_PX: f64 = 16.0;
        let (mut x, mut down) = (at.0, 0.0);
        for entry in entries {
            // The last entry of a line needs no room behind it.
            if x > at.0 && x + 13.0 + text_width(entry.1) > self.width {
                (x, down) = (at.0, down + LINE_PX);
            }
            x = self.legend((x, at.1 + down), std::slice::from_ref(entry));
        }
        down
    }

    /// Horizontal grid lines with labels to their left, thinned out where they would touch.
    pub fn rows(&self, frame: Frame, scale: &Scale) {
        let ticks = scale.ticks();
        let room = ((frame.bottom - frame.top) / 16.0).max(1.0) as usize;
        let every = ticks.len().div_ceil(room).max(1);
        let last = ticks.len().saturating_sub(1);
        for (index, (place, label)) in ticks.iter().enumerate() {
            // Half a pixel in, a hairline covers one row of pixels instead of two.
            let y = frame.at(0.0, *place).1.floor() + 0.5;
            // Counted from the end, so that the tick with the unit stays.
            if (last - index).is_multiple_of(every) {
                self.line((frame.left, y), (frame.right, y), Token::Line, 1.0);
                self.text((frame.left - 8.0, y), label, Token::Ink3, Align::Right);
            }
        }
    }

    /// Labels below the frame. The last, which has the unit, stays; others that would touch are left out.
    pub fn columns(&self, frame: Frame, ticks: &[(f64, String)]) {
        let placed = ticks.iter().map(|(place, label)| {
            let (x, y) = frame.at(*place, 0.0);
            let half = text_width(label) / 2.0;
            // A label at the rim is moved inside rather than cut.
            (x.min(self.width - half).max(half), half, y + 14.0, label)
        });
        let placed: Vec<_> = placed.collect();
        let last_from = placed.last().map_or(0.0, |(middle, half, ..)| middle - half);
        let mut free_from = f64::NEG_INFINITY;
        for (index, (middle, half, y, label)) in placed.iter().enumerate() {
            let last = index + 1 == placed.len();
            if last || (middle - half >= free_from && middle + half + 8.0 <= last_from) {
                self.text((*middle, *y), label, Token::Ink3, Align::Middle);
                free_from = middle + half + 8.0;
            }
        }
    }

    /// The room for data right of row labels and above column labels.
    pub fn frame(&self, scale: &Scale, top: f64) -> Frame {
        let labels = scale.ticks().iter().map(|(_, label)| text_width(label)).fold(0.0, f64::max);
        let left = (labels + 10.0).min(self.width / 2.0);
        let bottom = (self.height - 24.0).max(top + 8.0);
        Frame { left, top, right: self.width - 8.0, bottom }
    }
}

fn fine(pixels: f64) -> i32 {
    (crate::scale::clean(pixels) * f64::from(FINE)).round().clamp(-1e6, 1e6) as i32
}

fn step((x, y): (f64, f64)) -> (i32, i32) {
    (fine(x), fine(y))
}
