//! Flags that say how a server is reached.

use clap::Args as ClapArgs;

/// How a server is reached: what becomes an `Endpoint`.
#[derive(Debug, Default, ClapArgs)]
pub struct Connection {
    /// TLS with the system's root certificates [default: for https:// and port 443]
    #[arg(long)]
    pub tls: bool,
    /// No TLS [default: for every other address]
    #[arg(long, conflicts_with = "tls")]
    pub plaintext: bool,
}
