//! Flags of `wirelab bridge` for headers and metadata, and for how long calls may take.

use super::values::duration;
use clap::Args as ClapArgs;
use std::time::Duration;
use wirelab_bridge::HeaderOptions;

/// What holds for calls of every face.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Calls")]
pub struct Calls {
    /// No call takes longer, whatever its client asks for
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_timeout: Option<Duration>,
    /// How long a call takes when its client does not say [default: as long as the server]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub default_timeout: Option<Duration>,
    /// A header of REST and WebSocket that becomes metadata of the same name; may be repeated
    #[arg(long = "pass-header", value_name = "NAME", value_parser = name)]
    pub pass_headers: Vec<String>,
    /// Metadata that the server never gets from clients, in whatever way it came; may be repeated
    #[arg(long = "drop-header", value_name = "NAME", value_parser = name)]
    pub drop_headers: Vec<String>,
    /// Metadata that the server may send as a trailer of REST's answer streams: HTTP/1.1 carries those that are announced
    #[arg(long = "announce-trailer", value_name = "NAME", value_parser = name)]
    pub announced_trailers: Vec<String>,
}

impl Calls {
    /// The same as the bridge has it.
    pub fn headers(&self) -> HeaderOptions {
        HeaderOptions {
            pass: self.pass_headers.clone(),
            drop: self.drop_headers.clone(),
            trailers: self.announced_trailers.clone(),
            max_timeout: self.max_timeout,
            default_timeout: self.default_timeout,
        }
    }
}

/// A key of metadata
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>, "Header-Name"), in lower case.
fn name(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let is_of_key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_of_key) {
        Ok(text)
    } else {
        Err("expected a name such as x-request-id".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers() {
        for (text, wanted) in [
            ("X-Request-Id", Some("x-request-id")),
            ("a_b.c", Some("a_b.c")),
            ("", None),
            ("a b", None),
            ("x:y", None),
        ] {
            assert_eq!(name(text).ok().as_deref(), wanted, "{text:?}");
        }
    }
}
