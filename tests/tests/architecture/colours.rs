//! Colours are written in the token sheet alone; everything else names a token.

use crate::sources;

const TOKENS: &str = "ui/styles/tokens.css";

/// Where plotters' colours stand for tokens until a drawing is done.
const STAND_INS: &str = "crates/chart/src/canvas.rs: RGBColor";

const FUNCTIONS: &[&str] =
    &["rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color"];

/// Properties and attributes that take a colour.
const PROPERTIES: &[&str] = &[
    "accent-color",
    "background",
    "background-color",
    "background-image",
    "border",
    "border-block",
    "border-bottom",
    "border-bottom-color",
    "border-color",
    "border-inline",
    "border-left",
    "border-left-color",
    "border-right",
    "border-right-color",
    "border-top",
    "border-top-color",
    "box-shadow",
    "caret-color",
    "color",
    "column-rule",
    "column-rule-color",
    "fill",
    "filter",
    "flood-color",
    "lighting-color",
    "outline",
    "outline-color",
    "scrollbar-color",
    "stop-color",
    "stroke",
    "text-decoration",
    "text-decoration-color",
    "text-emphasis-color",
    "text-shadow",
];

/// The named colours of CSS, without `transparent` and `currentcolor`, which are no colours of their own.
const NAMES: &str = "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond \
blue blueviolet brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson \
cyan darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen \
darkorange darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey \
darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite \
forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink \
indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral \
lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen \
lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta \
maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue \
mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin \
navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen \
paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red \
rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue \
slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white \
whitesmoke yellow yellowgreen";

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Words with where they begin.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let begin = rest + line[rest..].find(is_word)?;
        let end = line[begin..].find(|c| !is_word(c)).map_or(line.len(), |length| begin + length);
        rest = end;
        Some((begin, &line[begin..end]))
    })
}

/// The first colour written in a line, if any.
fn colour(line: &str, rust: bool) -> Option<String> {
    for (begin, word) in words(line) {
        let (before, after) = (&line[..begin], &line[begin + word.len()..]);
        let hex =
            matches!(word.len(), 3 | 4 | 6 | 8) && word.chars().all(|c| c.is_ascii_hexdigit());
        if hex && before.ends_with('#') && !before.ends_with("&#") {
            return Some(format!("#{word}"));
        }
        // In Rust a function may be called so; colours stand in texts, after an odd number of quotes.
        let text = !rust || before.matches('"').count() % 2 == 1;
        if FUNCTIONS.contains(&word) && after.starts_with('(') && text {
            return Some(format!("{word}(…)"));
        }
        if matches!(word, "RGBColor" | "RGBAColor" | "HSLColor") {
            return Some(word.to_owned());
        }
        if (PROPERTIES.contains(&word) || word.starts_with("--"))
            && let Some(value) = after.trim_start().strip_prefix([':', '='])
        {
            let value = value.split([';', '}']).next().unwrap_or_default();
            let named = words(value).find(|(_, word)| NAMES.split(' ').any(|name| name == *word));
            if let Some((_, name)) = named {
                return Some(format!("{word}: {name}"));
            }
        }
    }
    None
}

/// The text without its comments, line for line.
fn without_comments(path: &str, text: &str) -> String {
    if path.ends_with(".rs") || path.ends_with(".js") {
        let strip = |line: &str| match line.find("//") {
            // `http://` is no comment.
            Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
            _ => line.to_owned(),
        };
        return text.lines().map(strip).collect::<Vec<_>>().join("\n");
    }
    let (open, close) = if path.ends_with(".css") { ("/*", "*/") } else { ("<!--", "-->") };
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once(open) {
        kept += before;
        let (comment, after) = comment.split_once(close).unwrap_or((comment, ""));
        kept.extend(comment.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    kept + rest
}

fn colours(path: &str, text: &str) -> Vec<String> {
    let (rust, text) = (path.ends_with(".rs"), without_comments(path, text));
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(number, line)| {
            Some(format!("{path}:{}: {}", number + 1, colour(line, rust)?))
        })
        .collect()
}

fn is_stand_in(found: &str) -> bool {
    let (file, colour) = STAND_INS.split_once(": ").expect("a file and a colour");
    found.starts_with(&format!("{file}:")) && found.ends_with(&format!(": {colour}"))
}

#[test]
fn colours_are_written_in_the_token_sheet_alone() {
    let sources = sources::below(&["ui", "crates/chart/src"], &[".css", ".rs", ".html", ".js"]);
    assert!(sources.iter().any(|source| source.path == TOKENS), "{TOKENS} has moved");
    let found: Vec<String> = sources
        .iter()
        .filter(|source| source.path != TOKENS)
        .flat_map(|source| colours(&source.path, &source.text))
        .filter(|found| !is_stand_in(found))
        .collect();
    assert!(found.is_empty(), "give these a token in {TOKENS}:\n{}", found.join("\n"));
}

#[test]
fn written_colours_are_found_and_tokens_are_not() {
    for (path, text) in [
        ("a.css", "a { color: #fff }"),
        ("a.css", "a { color: #17202E; }"),
        ("a.css", "a { box-shadow: 0 1px 2px rgb(20 30 50 / 6%) }"),
        ("a.css", "a { background: hsl(3 4% 5%) }"),
        ("a.css", "a { border-top: 1px solid red }"),
        ("a.css", "a { --k: white }"),
        ("a.css", "/* fine */ a { color: black } /* fine */"),
        ("a.rs", "view! { <rect fill=\"white\"/> }"),
        ("a.rs", "let style = \"color: rebeccapurple\";"),
        ("a.rs", "let c = RGBColor(1, 2, 3);"),
        ("a.rs", "let c = \"#2f5ee8\";"),
        ("a.rs", "let c = \"rgb(1 2 3)\";"),
        ("a.html", "<body style=\"background: oklch(1 2 3)\">"),
    ] {
        assert_eq!(colours(path, text).len(), 1, "{text}");
    }
    for (path, text) in [
        (
            "a.css",
            "a { color: var(--ink); background: transparent; fill: none; stroke: currentColor }",
        ),
        ("a.css", "a { background: color-mix(in srgb, var(--k) 14%, transparent) }"),
        ("a.css", "/* #fff\n rgb(1 2 3) */ .red { color: var(--bad) }"),
        ("a.css", ".k-unary { --k: var(--unary) }"),
        ("a.rs", "// like #fff\nlet anchor = \"#main\"; let green = red;"),
        ("a.rs", "#[derive(Debug)] struct Red { color: Token }"),
        ("a.rs", "style.color(&token); fn rgb(kind: Kind) -> &'static str { \"var(--proto)\" }"),
        ("a.html", "<p>&#123; red &#955;</p>"),
    ] {
        assert_eq!(colours(path, text), [""; 0], "{text}");
    }
}
