//! From flags to the server that is called.

use crate::args::Connection;
use wirelab_model::{Endpoint, Tls};

/// Whether a word is an address rather than the name of a symbol.
pub fn is_address(word: &str) -> bool {
    word.contains(':')
}

/// A server as the flags say it is reached.
pub fn endpoint(address: &str, connection: &Connection) -> Endpoint {
    let by_address = address.starts_with("https://") || address.ends_with(":443");
    let tls = if connection.tls || (by_address && !connection.plaintext) {
        Tls::System
    } else {
        Tls::Off
    };
    Endpoint { address: address.to_owned(), tls, ..Endpoint::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_by_address_and_flag() {
        let cases = [
            ("localhost:50051", false, false, Tls::Off),
            ("api.example.com:443", false, false, Tls::System),
            ("https://api.example.com", false, false, Tls::System),
            ("api.example.com:443", false, true, Tls::Off),
            ("localhost:50051", true, false, Tls::System),
        ];
        for (address, tls, plaintext, expected) in cases {
            let connection = Connection { tls, plaintext, ..Connection::default() };
            assert_eq!(endpoint(address, &connection).tls, expected, "{address}");
        }
    }
}
