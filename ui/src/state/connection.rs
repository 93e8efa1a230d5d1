//! How a request reaches its server: what differs from the defaults, in words, and what is wrong with it.
//!
//! Owns the wording of the address bar's lock and chips. Knows no screen, and nothing of how the engine resolves,
//! connects or verifies.

use super::{json, span};
use wirelab_model::{Endpoint, HttpVersion, Tls, TlsOptions};

/// The forms that an address may have, and what each means.
pub const ADDRESS_FORMS: [(&str, &str); 8] = [
    ("host:port", "one server; its name is asked of the system"),
    ("https://host:port", "the same with TLS; http:// without, whatever the lock says"),
    (
        "dns:///name:port",
        "every address of the name; asked again from time to time and after failures",
    ),
    ("ipv4:a:1,b:2", "these instances"),
    ("ipv6:[a]:1,[b]:2", "these instances"),
    ("unix:///path", "a Unix socket"),
    ("etcd://host:port/prefix", "the instances registered below the prefix, watched"),
    ("consul://host:port/service", "the healthy instances of a service, watched"),
];

/// One setting that can be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// Through a bridge.
    Bridged,
    /// The version of HTTP.
    Http,
    /// The authorities to trust.
    Ca,
    /// The client's certificate and key.
    ClientCertificate,
    /// The name to verify.
    ServerName,
    /// No verification.
    Insecure,
    /// `:authority`.
    Authority,
    /// `user-agent`.
    UserAgent,
    /// The balancing policy.
    Policy,
    /// Health-gated picking.
    Health,
    /// No ejection.
    NeverEject,
    /// HTTP/2 pings.
    Keepalive,
    /// How long connecting may take.
    ConnectTimeout,
    /// The service config.
    ServiceConfig,
}

/// A setting that differs from its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Which.
    pub setting: Setting,
    /// A few words.
    pub label: String,
    /// More about it.
    pub title: String,
    /// Whether it is unsafe and to be said loudly.
    pub loud: bool,
    /// Whether it does nothing as things are.
    pub idle: bool,
}

/// What the lock of the address bar says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// `TLS off`, `TLS`, `mTLS` or `TLS unverified`.
    pub word: &'static str,
    /// The class that colours it.
    pub class: &'static str,
    /// More about it.
    pub title: &'static str,
}

/// Whether the address itself says that TLS is on or off.
pub fn scheme(address: &str) -> Option<bool> {
    let address = address.trim().to_ascii_lowercase();
    match address.split_once("://")?.0 {
        "https" => Some(true),
        "http" => Some(false),
        _ => None,
    }
}

/// Whether calls are protected.
pub fn tls_on(endpoint: &Endpoint) -> bool {
    scheme(&endpoint.address).unwrap_or(endpoint.tls == Tls::System)
}

/// Whether what is sent crosses a network that others may listen to.
pub fn exposed(endpoint: &Endpoint) -> bool {
    let address = endpoint.address.trim();
    let host = address.split_once("://").map_or(address, |(_, rest)| rest.trim_start_matches('/'));
    let local = ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start));
    !tls_on(endpoint) && !local && !address.starts_with("unix:")
}

/// What the lock says.
pub fn lock(endpoint: &Endpoint) -> Lock {
    let options = &endpoint.tls_options;
    let (word, class, title) = match (tls_on(endpoint), options.insecure, &options.cert) {
        (false, ..) => ("TLS off", "off", "Plaintext: anyone on the way can read the calls"),
        (true, true, _) => (
            "TLS unverified",
            "unsafe",
            "TLS without verification: whoever answers is believed to be the server",
        ),
        (true, false, Some(_)) => ("mTLS", "on", "TLS with a client certificate"),
        (true, false, None) if options.ca.is_some() => {
            ("TLS", "on", "TLS, verified by your own CA")
        }
        (true, false, None) => ("TLS", "on", "TLS, verified by the system's root certificates"),
    };
    Lock { word, class, title }
}

/// The settings that differ from their defaults, loud ones first. Transport and TLS have their own places.
pub fn chips(endpoint: &Endpoint) -> Vec<Chip> {
    let Endpoint { tls_options: tls, balancing, .. } = endpoint;
    let on = tls_on(endpoint);
    let mut chips = Vec::new();
    let mut add = |setting, label: String, title: String| {
        let of_tls = matches!(
            setting,
            Setting::Ca | Setting::ClientCertificate | Setting::ServerName | Setting::Insecure
        );
        let idle = of_tls && !on;
        let title = if idle { format!("{title}. Does nothing while TLS is off") } else { title };
        chips.push(Chip { setting, label, title, loud: setting == Setting::Insecure && on, idle });
    };
    if tls.insecure {
        let title = "Any certificate is accepted, an attacker's too".to_owned();
        add(Setting::Insecure, "not verified".into(), title);
    }
    if let Some(ca) = &tls.ca {
        add(Setting::Ca, format!("CA {}", file(ca)), format!("Trusts the authorities in {ca}"));
    }
    if tls.cert.is_some() || tls.key.is_some() {
        let path = tls.cert.as_deref().or(tls.key.as_deref()).unwrap_or_default();
        let title = format!("Shows the certificate in {path}");
        add(Setting::ClientCertificate, format!("cert {}", file(path)), title);
    }
    if let Some(name) = &tls.server_name {
        add(Setting::ServerName, format!("name {name}"), format!("Asks for and verifies {name}"));
    }
    if endpoint.through_bridge() && !endpoint.transport.needs_bridge() {
        let title = "A bridge beside the studio carries it on as gRPC; without, the server itself must speak it";
        add(Setting::Bridged, "via bridge".into(), title.into());
    }
    if let Some(version) = http_word(endpoint.http) {
        add(Setting::Http, version.to_owned(), format!("Always {version}"));
    }
    if let Some(authority) = &endpoint.authority {
        add(
            Setting::Authority,
            format!("authority {authority}"),
            format!("Sends :authority {authority}"),
        );
    }
    if let Some(agent) = &endpoint.user_agent {
        add(Setting::UserAgent, "user-agent".into(), format!("Sends user-agent {agent}"));
    }
    if let Some(policy) = balancing.policy {
        let title = format!("Calls spread over the instances by {}", policy.name());
        add(Setting::Policy, policy.name().to_owned(), title);
    }
    if let Some(service) = &balancing.health {
        let what = if service.is_empty() { "the server" } else { service };
        let title =
            format!("Leaves out instances whose health service does not say that {what} serves");
        add(Setting::Health, "healthy only".into(), title);
    }
    if balancing.never_eject {
        let title = "Failing instances are not ejected".to_owned();
        add(Setting::NeverEject, "never eject".into(), title);
    }
    if let Some(ms) = endpoint.keepalive_ms {
        let title = format!("An HTTP/2 ping every {}", span::text(ms));
        add(Setting::Keepalive, format!("ping {}", span::text(ms)), title);
    }
    if let Some(ms) = endpoint.connect_timeout_ms {
        let title = format!("A connection may take {}", span::text(ms));
        add(Setting::ConnectTimeout, format!("connect {}", span::text(ms)), title);
    }
    if let Some(config) = &endpoint.service_config {
        let title = service_config_problem(config).unwrap_or_else(|| config.clone());
        add(Setting::ServiceConfig, "service config".into(), title);
    }
    chips
}

/// Puts a setting back to its default.
pub fn reset(endpoint: &mut Endpoint, setting: Setting) {
    let Endpoint { tls_options: tls, balancing, .. } = endpoint;
    match setting {
        Setting::Bridged => endpoint.bridged = false,
        Setting::Http => endpoint.http = HttpVersion::Auto,
        Setting::Ca => tls.ca = None,
        Setting::ClientCertificate => (tls.cert, tls.key) = (None, None),
        Setting::ServerName => tls.server_name = None,
        Setting::Insecure => tls.insecure = false,
        Setting::Authority => endpoint.authority = None,
        Setting::UserAgent => endpoint.user_agent = None,
        Setting::Policy => balancing.policy = None,
        Setting::Health => balancing.health = None,
        Setting::NeverEject => balancing.never_eject = false,
        Setting::Keepalive => endpoint.keepalive_ms = None,
        Setting::ConnectTimeout => endpoint.connect_timeout_ms = None,
        Setting::ServiceConfig => endpoint.service_config = None,
    }
}

/// What keeps an endpoint from being called: which setting, and a sentence for people.
pub fn problem(endpoint: &Endpoint) -> Option<(&'static str, String)> {
    let pair = tls_on(endpoint).then(|| pair_problem(&endpoint.tls_options)).flatten();
    let config = || service_config_problem(endpoint.service_config.as_deref()?);
    pair.map(|why| ("client certificate", why)).or_else(|| Some(("service config", config()?)))
}

/// A key without a certificate. The reverse is none: a file may hold both.
pub fn pair_problem(tls: &TlsOptions) -> Option<String> {
    let alone = tls.key.is_some() && tls.cert.is_none();
    alone.then(|| "The private key needs its certificate".to_owned())
}

/// What is wrong with a service config.
pub fn service_config_problem(text: &str) -> Option<String> {
    object_problem(text, "{\"methodConfig\": []}")
}

/// What keeps a text from being a JSON object, with the place.
pub fn object_problem(text: &str, example: &str) -> Option<String> {
    match json::parse(text) {
        Ok(json::Json::Object(_)) => None,
        Ok(_) => Some(format!("Expected a JSON object, for example {example}")),
        Err(error) => {
            Some(format!("Line {}, column {}: {}", error.line, error.column, error.message))
        }
    }
}

/// Milliseconds between pings as typed; none for none.
///
/// # Errors
/// A sentence for people.
pub fn keepalive_ms(text: &str) -> Result<Option<u64>, String> {
    match span::time_ms(text)? {
        Some(ms) if ms < 1_000 => Err("At least one second lies between two pings".into()),
        Some(ms) if ms > 24 * 3_600_000 => Err("At most a day lies between two pings".into()),
        ms => Ok(ms),
    }
}

/// Milliseconds that connecting may take as typed; none for the default.
///
/// # Errors
/// A sentence for people.
pub fn connect_timeout_ms(text: &str) -> Result<Option<u64>, String> {
    match span::time_ms(text)? {
        Some(0) => Err("Connecting takes at least a millisecond".into()),
        Some(ms) if ms > 3_600_000 => {
            Err("Nobody waits longer than an hour for a connection".into())
        }
        ms => Ok(ms),
    }
}

/// What a setting of text is when this was typed: none for nothing.
pub fn typed(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// `HTTP/1.1` or `HTTP/2`; none where it is left to the transport.
pub fn http_word(version: HttpVersion) -> Option<&'static str> {
    match version {
        HttpVersion::Auto => None,
        HttpVersion::Http1 => Some("HTTP/1.1"),
        HttpVersion::Http2 => Some("HTTP/2"),
    }
}

/// The last part of a path.
fn file(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
