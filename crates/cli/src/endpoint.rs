//! From flags to the server that is called.

use crate::{args::Connection, output};
use std::{fs, path::Path, time::Duration};
use wirelab_model::{Balancing, Endpoint, Problem, Tls, TlsOptions};

/// Whether a word is an address rather than the name of a symbol.
pub fn is_address(word: &str) -> bool {
    word.contains(':')
}

/// A server as the flags say it is reached.
///
/// # Errors
/// When the file of the service config cannot be read.
pub fn endpoint(address: &str, connection: &Connection) -> Result<Endpoint, Problem> {
    let Connection { cacert, cert, key, insecure, .. } = connection;
    let by_address = address.starts_with("https://") || address.ends_with(":443");
    let wanted = connection.tls || *insecure || cacert.is_some() || cert.is_some();
    let tls = wanted || (by_address && !connection.plaintext);
    let service_config = match &connection.service_config {
        None => None,
        Some(text) => Some(match text.strip_prefix('@') {
            None => text.clone(),
            Some(path) => fs::read_to_string(path)
                .map_err(|error| output::io("cannot be read", &error).at(path))?,
        }),
    };
    let file = |path: &Option<_>| path.as_deref().map(absolute);
    Ok(Endpoint {
        address: match connection.unix && !is_address(address) {
            true => format!("unix://{}", absolute(Path::new(address))),
            false => address.to_owned(),
        },
        tls: if tls { Tls::System } else { Tls::Off },
        tls_options: TlsOptions {
            ca: file(cacert),
            cert: file(cert),
            key: file(key),
            server_name: connection.servername.clone(),
            insecure: *insecure,
        },
        transport: connection.transport.unwrap_or_default(),
        bridged: connection.bridged,
        http: connection.http.unwrap_or_default(),
        authority: connection.authority.clone(),
        user_agent: connection.user_agent.clone(),
        balancing: Balancing {
            policy: connection.balance,
            health: connection.health_service.clone(),
            ..Balancing::default()
        },
        connect_timeout_ms: connection.connect_timeout.map(millis),
        keepalive_ms: connection.keepalive.map(millis),
        service_config,
    })
}

/// Whole milliseconds, at least one.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// A path that means the same from every folder.
pub fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_by_address_and_flag() {
        let flags = |tls, plaintext, insecure| Connection {
            tls,
            plaintext,
            insecure,
            ..Connection::default()
        };
        let cases = [
            ("localhost:50051", flags(false, false, false), Tls::Off),
            ("api.example.com:443", flags(false, false, false), Tls::System),
            ("https://api.example.com", flags(false, false, false), Tls::System),
            ("api.example.com:443", flags(false, true, false), Tls::Off),
            ("localhost:50051", flags(true, false, false), Tls::System),
            ("localhost:50051", flags(false, false, true), Tls::System),
        ];
        for (address, connection, expected) in cases {
            assert_eq!(endpoint(address, &connection).unwrap().tls, expected, "{address}");
        }
    }

    #[test]
    fn sockets() {
        let unix = Connection { unix: true, ..Connection::default() };
        let cases = [("/run/a.sock", "unix:///run/a.sock"), ("unix:///a", "unix:///a")];
        for (address, expected) in cases {
            assert_eq!(endpoint(address, &unix).unwrap().address, expected);
        }
    }
}
