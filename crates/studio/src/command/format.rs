//! From a request to a command line.

use super::{
    layout::compact,
    quote::{in_double_quotes, quote},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use wirelab_model::*;

/// Where the line takes the schema from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Not known.
    #[default]
    Unknown,
    /// The server's reflection, asked with this metadata.
    Reflection(Vec<Metadatum>),
    /// A `.proto` file by its name in imports, and the folders that imports start from.
    Proto {
        /// `shop/v1/shop.proto`.
        file: String,
        /// Absolute paths.
        roots: Vec<String>,
    },
    /// A descriptor set.
    ProtoSet(String),
}

/// The request as one line that grpcurl accepts and a POSIX shell reads as meant; what grpcurl does not speak is a line
/// of `wirelab call` with the same flags. Credentials are left as variables; what there is no flag for is left out, and
/// said.
///
/// # Errors
/// `Mismatch` for what grpcurl cannot do at all: addresses of a registry.
pub fn format(start: &StartCall, origin: &Origin) -> Result<FormattedCommand, Problem> {
    let StartCall { spec, messages, auth, .. } = start;
    let endpoint = &spec.endpoint;
    let server = Server::new(endpoint)?;
    let mut line = program(endpoint);
    let switches_at = line.len();
    let mut flag = |name: &str, value: &str| line.extend([name.to_owned(), quote(value)]);
    match origin {
        Origin::Unknown | Origin::Reflection(_) => {}
        Origin::Proto { file, roots } => {
            roots.iter().for_each(|root| flag("-import-path", root));
            flag("-proto", file);
        }
        Origin::ProtoSet(path) => flag("-protoset", path),
    }
    let options = &endpoint.tls_options;
    if server.tls {
        for (name, value) in
            [("-cacert", &options.ca), ("-cert", &options.cert), ("-key", &options.key)]
        {
            value.iter().for_each(|value| flag(name, value));
        }
    }
    match (&endpoint.authority, &options.server_name) {
        // grpcurl has one name for both, and verifying has to succeed first.
        (authority, Some(name)) if server.tls && authority.as_ref() != Some(name) => {
            flag("-servername", name)
        }
        (Some(authority), _) => flag("-authority", authority),
        (None, _) => {}
    }
    endpoint.user_agent.iter().for_each(|agent| flag("-user-agent", agent));
    for (name, millis) in [
        ("-max-time", spec.deadline_ms),
        ("-connect-timeout", endpoint.connect_timeout_ms),
        ("-keepalive-time", endpoint.keepalive_ms),
    ] {
        millis.iter().for_each(|millis| flag(name, &seconds(*millis)));
    }
    spec.max_message_bytes.iter().for_each(|most| flag("-max-msg-sz", &most.to_string()));
    // `-H` goes with reflection too.
    let reflecting: Option<&[Metadatum]> = match origin {
        Origin::Reflection(metadata) => Some(metadata),
        _ => None,
    };
    for entry in &spec.metadata {
        let both = reflecting.is_none_or(|with| with.contains(entry));
        flag(if both { "-H" } else { "-rpc-header" }, &header(entry));
    }
    let only = reflecting.unwrap_or_default().iter();
    only.filter(|entry| !spec.metadata.contains(entry))
        .for_each(|entry| flag("-reflect-header", &header(entry)));
    // In double quotes, so that the shell puts the variable's value there.
    line.extend(auth.iter().flat_map(|auth| ["-H".to_owned(), credentials(auth)]));
    if !messages.is_empty() {
        let messages: Vec<String> = messages.iter().map(|message| compact(message)).collect();
        line.extend(["-d".to_owned(), quote(&messages.join(" "))]);
    }
    let switches = [
        ("-plaintext", !server.tls),
        ("-insecure", server.tls && options.insecure),
        ("-unix", server.unix),
    ];
    let switches = switches.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned());
    line.splice(switches_at..switches_at, switches);
    line.push(quote(&server.address));
    if !spec.method.is_empty() {
        line.push(quote(&spec.method));
    }
    Ok(FormattedCommand { line: line.join(" "), left_out: left_out(spec) })
}

/// What speaks the transport, told which it is.
fn program(endpoint: &Endpoint) -> Vec<String> {
    if endpoint.transport == Transport::Grpc {
        return vec!["grpcurl".to_owned()];
    }
    let name = match endpoint.transport {
        Transport::WebSocket => "ws".to_owned(),
        other => other.name().replace(' ', "-").to_ascii_lowercase(),
    };
    let mut line = ["wirelab", "call", "-transport", &name].map(str::to_owned).to_vec();
    if endpoint.bridged && !endpoint.transport.needs_bridge() {
        line.push("-bridged".to_owned());
    }
    line
}

/// What a request asks for that grpcurl has no flag for.
fn left_out(spec: &CallSpec) -> Vec<String> {
    let endpoint = &spec.endpoint;
    let address = endpoint.address.trim();
    let several = address.starts_with("ipv") && address.contains(',');
    let compression = spec.compression.map(|how| format!("{} compression", how.name()));
    let others = [
        ("retries", spec.retry.is_some()),
        ("waiting for an instance", spec.wait_for_ready),
        ("a connection of its own", spec.cold),
        ("the service config", endpoint.service_config.is_some()),
        ("balancing", endpoint.balancing != Balancing::default()),
        ("all instances but the first", several),
    ];
    let others = others.iter().filter(|(_, asked)| *asked).map(|(what, _)| (*what).to_owned());
    compression.into_iter().chain(others).collect()
}

/// What grpcurl is told of an endpoint.
pub(super) struct Server {
    pub address: String,
    pub tls: bool,
    pub unix: bool,
}

impl Server {
    pub fn new(endpoint: &Endpoint) -> Result<Server, Problem> {
        let address = endpoint.address.trim();
        let tls = endpoint.tls == Tls::System;
        let server =
            |address: &str, tls, unix| Ok(Server { address: address.to_owned(), tls, unix });
        let (scheme, rest) = match address.split_once(':') {
            Some((scheme, rest))
                if rest.starts_with('/') || matches!(scheme, "ipv4" | "ipv6" | "unix") =>
            {
                (scheme, rest)
            }
            _ => ("", address),
        };
        let bare = rest.trim_start_matches('/');
        match scheme {
            "http" | "https" => {
                let host = bare.trim_end_matches('/');
                // An IPv6 address's own colons stand in brackets.
                let port = host.rsplit_once(']').map_or(host, |(_, port)| port).contains(':');
                let default = if scheme == "http" { 80 } else { 443 };
                let address = if port { host.to_owned() } else { format!("{host}:{default}") };
                server(&address, scheme == "https", false)
            }
            "unix" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                server(path, tls, true)
            }
            "dns" => server(bare.rsplit('/').next().unwrap_or(bare), tls, false),
            "ipv4" | "ipv6" => server(bare.split(',').next().unwrap_or(bare), tls, false),
            "" => server(address, tls, false),
            other => {
                let message = format!("grpcurl cannot look a server up in {other}://");
                Err(Problem::new(ProblemKind::Mismatch, message)
                    .at(address)
                    .help("give the request the address of one instance"))
            }
        }
    }
}

/// `key: value`, `-bin` values as base64.
pub(super) fn header(entry: &Metadatum) -> String {
    let value = match &entry.value {
        MetadataValue::Text(text) => text.clone(),
        MetadataValue::Binary(bytes) => STANDARD.encode(&**bytes),
    };
    format!("{}: {value}", entry.key)
}

/// Seconds with as many decimals as there are.
fn seconds(millis: u64) -> String {
    let (whole, rest) = (millis / 1_000, millis % 1_000);
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A header whose secret is a shell variable.
pub(super) fn credentials(auth: &Auth) -> String {
    let (name, value) = match auth {
        Auth::Bearer { .. } | Auth::Jwt(_) | Auth::OAuth2(_) => ("authorization", "Bearer $TOKEN"),
        Auth::Basic { .. } => ("authorization", "Basic $CREDENTIALS"),
        Auth::ApiKey { name, .. } => (name.as_str(), "$API_KEY"),
    };
    format!("\"{}: {value}\"", in_double_quotes(name))
}
