//! The flag that says who calls.

use clap::Args as ClapArgs;

/// Credentials, which become metadata and are never recorded.
#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "Credentials")]
pub struct Credentials {
    /// Credentials, for reflection too: bearer:SECRET, basic:USER:SECRET, api-key:NAME:SECRET, or @FILE that holds
    /// them as JSON, tokens to sign (jwt) and to fetch (oauth2) too. A SECRET is env:VARIABLE, file:PATH, or the text
    /// itself, which other people on this machine may see
    #[arg(long, value_name = "KIND:… | @FILE")]
    pub auth: Option<String>,
}
