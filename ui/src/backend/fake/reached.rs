//! How the canned studio reaches its canned servers: instances, attempts, TLS, commands. What is asked for decides
//! what is shown, so that every state can be looked at:
//!
//! - TLS brings a chain whose first certificate ends soon; without verification it is said to be believed
//! - an address with a list (`dns:///`, `ipv4:`, `etcd://`, …) brings instances in every state
//! - a retry policy brings two failed attempts; `CreateOrder` fails in the end

use wirelab_model::{
    Attempt, BalancingPolicy, CallRecord, CertificateInfo, ChannelInfo, Endpoint, FormattedCommand,
    Health, InstanceInfo, InstanceState, Metadatum, ParsedCommand, Problem, ProblemKind,
    SavedRequest, StartCall, Status, StatusCode, Timings, Tls, TlsInfo,
};

const DAY_S: i64 = 86_400;
/// 21 November 2026.
const NOW_S: i64 = 1_795_219_200;

/// Fills in how a call was served.
pub fn serve(record: &mut CallRecord, auth: Option<&'static str>) {
    let endpoint = &record.spec.endpoint;
    let many = instances(endpoint);
    record.peer = many.first().map(|one| one.address.clone());
    record.resolved = many.iter().map(|one| one.address.clone()).collect();
    record.tls = secured(endpoint).then(|| tls(endpoint));
    record.rtt_ns = endpoint.keepalive_ms.map(|_| 312_000);
    record.auth = auth.map(str::to_owned);
    record.headers = vec![
        Metadatum::text("content-type", "application/grpc"),
        Metadatum::text("x-served-by", "inventory-2"),
        Metadatum::binary("trace-context-bin", vec![0x00, 0x01, 0xff, 0x7e, 0x10, 0x2a]),
        Metadatum::binary("note-bin", b"warm cache".to_vec()),
    ];
    if record.spec.retry.is_some() {
        let failed = |number: u32, ended_at_ns, backoff_ns| Attempt {
            number,
            instance: many.get(number as usize).map(|one| one.address.clone()),
            ended_at_ns,
            status: Status::new(StatusCode::Unavailable, "nobody listens there"),
            backoff_ns,
        };
        record.attempts = vec![failed(1, 1_200_000, 820_000), failed(2, 2_600_000, 1_460_000)];
    }
}

/// Where the time of a call went.
pub fn timings(record: &CallRecord) -> Timings {
    let new = record.spec.cold || record.id == 1;
    let tried = record.attempts.last().map(|last| last.ended_at_ns + last.backoff_ns);
    let began = tried.unwrap_or_default();
    Timings {
        reused: !new,
        retry_ns: tried,
        resolve_ns: new.then_some(410_000),
        connect_ns: new.then_some(280_000),
        tls_ns: (new && record.tls.is_some()).then_some(1_900_000),
        encode_ns: Some(4_000),
        send_ns: Some(61_000),
        headers_at_ns: Some(began + if new { 4_400_000 } else { 2_100_000 }),
        wait_ns: Some(3_520_000),
        receive_ns: Some(210_000),
        trailers_ns: Some(40_000),
        decode_ns: Some(9_000),
        total_ns: began + 3_840_000,
    }
}

/// How a call ends.
pub fn status(record: &CallRecord) -> Status {
    if !record.spec.method.ends_with("/CreateOrder") {
        return Status::default();
    }
    let problem = Problem::new(ProblemKind::Unreachable, "no instance can be reached")
        .help("Check that one is running; the popover of the status bar shows why each failed");
    Status {
        problem: Some(problem),
        ..Status::new(StatusCode::Unavailable, "no instance is ready")
    }
}

fn secured(endpoint: &Endpoint) -> bool {
    crate::state::connection::scheme(&endpoint.address).unwrap_or(endpoint.tls == Tls::System)
}

fn tls(endpoint: &Endpoint) -> TlsInfo {
    let options = &endpoint.tls_options;
    let certificate =
        |subject: &str, issuer: &str, names: &[&str], from, to, serial: &str| CertificateInfo {
            subject: subject.into(),
            issuer: issuer.into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before_unix_s: NOW_S + from * DAY_S,
            not_after_unix_s: NOW_S + to * DAY_S,
            serial: serial.into(),
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        };
    let (shop, own) = ("CN=shop.example,O=Shop", "CN=Shop Internal CA,O=Shop");
    let names = ["shop.example", "*.shop.example", "10.4.0.11"];
    TlsInfo {
        version: "TLSv1.3".into(),
        cipher: "TLS13_AES_256_GCM_SHA384".into(),
        alpn: "h2".into(),
        server_name: options.server_name.clone().unwrap_or_else(|| "shop.example".into()),
        insecure: options.insecure,
        client_certificate: options.cert.is_some(),
        chain: vec![
            certificate(shop, own, &names, -353, 12, "04d2"),
            certificate(own, own, &[], -800, 2_850, "01"),
        ],
    }
}

/// What a server says of its health; `consul://` is not there.
pub fn health(endpoint: &Endpoint) -> Health {
    match channel(endpoint) {
        Ok(_) => Health::Serving,
        Err(problem) => Health::Down(problem),
    }
}

/// The instances behind an endpoint.
pub fn channel(endpoint: &Endpoint) -> Result<ChannelInfo, Problem> {
    let address = endpoint.address.as_str();
    let resolver = match address.split_once(':') {
        Some((scheme @ ("dns" | "ipv4" | "ipv6" | "unix" | "etcd" | "consul"), _)) => scheme,
        _ => "dns",
    };
    if resolver == "consul" {
        let help = "Start its agent, or correct the address before the service";
        return Err(Problem::new(
            ProblemKind::Unreachable,
            "Consul does not answer at 127.0.0.1:8500",
        )
        .help(help));
    }
    Ok(ChannelInfo {
        resolver: resolver.into(),
        problem: None,
        policy: endpoint.balancing.policy.unwrap_or(BalancingPolicy::PickFirst),
        instances: instances(endpoint),
    })
}

fn instances(endpoint: &Endpoint) -> Vec<InstanceInfo> {
    let address = endpoint.address.as_str();
    let ready = InstanceInfo {
        address: "127.0.0.1:50051".into(),
        weight: 1,
        state: InstanceState::Ready,
        calls: 128,
        rtt_ns: Some(312_000),
        ..InstanceInfo::default()
    };
    if let Some(path) = address.strip_prefix("unix:") {
        let path = path.trim_start_matches("//").to_owned();
        return vec![InstanceInfo { address: path, rtt_ns: None, ..ready }];
    }
    let listed = ["dns:", "ipv4:", "ipv6:", "etcd:"].iter().any(|s| address.starts_with(s));
    if !listed {
        return vec![ready];
    }
    let states = [
        InstanceState::Ready,
        InstanceState::Ejected { for_ms: 11_400 },
        InstanceState::Unhealthy,
        InstanceState::Probing,
        InstanceState::Connecting,
        InstanceState::Failed,
        InstanceState::Idle,
    ];
    let one = |(n, state): (usize, InstanceState)| {
        let down = matches!(state, InstanceState::Ejected { .. } | InstanceState::Failed);
        let problem = Problem::new(ProblemKind::Unreachable, "nobody listens there");
        InstanceInfo {
            address: format!("10.4.0.{}:50051", 11 + n),
            weight: if address.starts_with("etcd:") { 1 + n as u32 } else { 1 },
            state,
            active: u64::from(state == InstanceState::Ready) * 2,
            calls: 1_284 / (n as u64 + 1),
            failures: if down { 5 } else { 0 },
            rtt_ns: (state == InstanceState::Ready).then_some(312_000),
            problem: down.then_some(problem),
        }
    };
    states.into_iter().enumerate().map(one).collect()
}

/// Reads `grpcurl … ADDRESS METHOD` roughly.
pub fn parse(line: &str) -> Result<ParsedCommand, Problem> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let method = words.last().filter(|word| word.contains('/')).ok_or_else(|| {
        Problem::new(ProblemKind::Mismatch, "the command line names no method")
            .help("Write it last, as pkg.Service/Method")
    })?;
    let address = words.iter().rev().nth(1).copied().unwrap_or_default();
    let mut request =
        SavedRequest { messages: vec!["{\"sku\": \"KB-204\"}".into()], ..SavedRequest::default() };
    request.spec.method = (*method).to_owned();
    request.spec.endpoint.address = address.trim_matches('\'').to_owned();
    request.spec.endpoint.tls = if words.contains(&"-plaintext") { Tls::Off } else { Tls::System };
    request.spec.metadata = vec![Metadatum::text("x-region", "eu")];
    let note = Problem::new(ProblemKind::Mismatch, "-emit-defaults has no place in a request")
        .help("Answers are shown as they came");
    Ok(ParsedCommand { request, sources: Vec::new(), notes: vec![note] })
}

/// A line that [`parse`] reads.
pub fn format(call: &StartCall) -> FormattedCommand {
    let plain = if secured(&call.spec.endpoint) { "" } else { "-plaintext " };
    let line = format!(
        "grpcurl {plain}-d '{}' {} {}",
        call.messages.join(" "),
        call.spec.endpoint.address,
        call.spec.method
    );
    FormattedCommand { line, left_out: Vec::new() }
}
