//! Command lines of grpcurl, and of Wirelab itself, where people paste them.

use wirelab_model::Transport;

/// What a request by this transport is copied for.
pub fn program(transport: Transport, unary: bool) -> &'static str {
    match transport {
        Transport::Grpc => "grpcurl",
        Transport::Rest => "curl",
        Transport::Connect | Transport::ConnectJson if unary => "curl",
        _ => "wirelab call",
    }
}

/// The command line in what was pasted; none where it is something else. A shell's prompt before it is left out.
pub fn pasted(text: &str) -> Option<&str> {
    let line = text.trim();
    let line = line.strip_prefix("$ ").unwrap_or(line).trim_start();
    let mut words = line.split_whitespace();
    let program = words.next()?;
    let name = program.rsplit(['/', '\\']).next()?;
    match name.strip_suffix(".exe").unwrap_or(name) {
        "grpcurl" => words.next().map(|_| line),
        "wirelab" => words.next().filter(|word| *word == "call").map(|_| line),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_told_from_addresses_and_queries() {
        for (text, line) in [
            ("grpcurl -plaintext a:1 p.S/M", Some("grpcurl -plaintext a:1 p.S/M")),
            (" $ grpcurl \\\n  a:1 p.S/M\n", Some("grpcurl \\\n  a:1 p.S/M")),
            ("/usr/local/bin/grpcurl a:1 list", Some("/usr/local/bin/grpcurl a:1 list")),
            ("C:\\tools\\grpcurl.exe a:1 list", Some("C:\\tools\\grpcurl.exe a:1 list")),
            ("wirelab call a:1 p.S/M", Some("wirelab call a:1 p.S/M")),
            ("wirelab serve", None),
            ("grpcurl", None),
            ("grpcurl.example:443", None),
            ("localhost:50051", None),
            ("", None),
        ] {
            assert_eq!(pasted(text), line, "{text}");
        }
    }
}
