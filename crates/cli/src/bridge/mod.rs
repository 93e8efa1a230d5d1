//! `wirelab bridge`: REST, WebSocket, gRPC-Web, Connect and gRPC in front of a server.

pub mod config;
mod configured;
mod descriptors;
mod otlp;
mod probe;
mod upstreams;

use crate::{args, endpoint, output, serve, source};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wirelab_bridge::observe::ObserveOptions;
use wirelab_bridge::serve::{AdminPaths, Drain, Hosts, Limits, Listen, Settings, TlsFiles};
use wirelab_bridge::{CorsOptions, Gateway, Options, Origins, Setup};
use wirelab_model::Problem;

/// Serves until it is told to end.
pub async fn run(args: args::Bridge) -> Result<u8, Problem> {
    if let Some(url) = &args.probe {
        return probe::run(url).await;
    }
    let (gateway, problems) = Gateway::open(setup(&args)?).await?;
    problems.iter().for_each(output::problem);
    let addresses = gateway.addresses();
    let admin = gateway.admin_address();
    let public = addresses.iter().chain(&admin).filter(|at| at.is_public());
    public.for_each(|at| warn(at, gateway.is_secure()));
    announce(&addresses, admin.as_ref(), gateway.is_secure(), args.json)?;

    let stop = CancellationToken::new();
    let until = stop.clone();
    tokio::spawn(async move {
        serve::interrupted().await;
        until.cancel();
    });
    let refresh = Arc::new(Notify::new());
    tokio::spawn(hang_ups(refresh.clone()));
    let cut = gateway.run(stop, refresh).await;
    if cut > 0 {
        output::note(&format!("wirelab: {cut} connections were cut, they did not end in time"));
    }
    Ok(0)
}

fn setup(args: &args::Bridge) -> Result<Setup, Problem> {
    let address = upstreams::together(&args.upstream)?;
    let endpoint = endpoint::endpoint(&address, &args.connection)?;
    let sources = source::specs(&args.schema.schemas(), &[], Some(&endpoint))?;
    let args::Bridge { serving, observing, .. } = args;
    let configured = configured::read(args.config.as_ref(), &args.schema.rules)?;
    let otel = otlp::Environment::new(|name| std::env::var(name).ok());
    let (otlp, ratio) = (otel.otlp(observing.otlp.as_deref())?, otel.ratio()?);
    let tls = match (&serving.tls_cert, &serving.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            clients: serving.client_ca.clone(),
        }),
        // One is not given without the other.
        _ => None,
    };
    Ok(Setup {
        options: Options {
            endpoint,
            cors: CorsOptions {
                origins: Origins::parse(&args.cors_origins)?,
                credentials: args.cors_credentials,
                ..CorsOptions::default()
            },
            profile: args.profile,
            max_message_bytes: args.max_message_size.map(|size| size as u64),
            own: configured::own(args)?,
            admission: configured.admission,
            observe: ObserveOptions {
                access_log: observing.access_log,
                otlp,
                trace_ratio: observing.trace_ratio.unwrap_or(ratio),
                service_name: observing.service_name.clone(),
            },
            routing: configured.routing,
            rest: args.rest.options(),
            binding: args.rest.binding(),
            headers: args.calls.headers(),
            socket: args.sockets.options(),
            ..Options::default()
        },
        sources,
        reread: configured::again(args),
        reflect_interval: args.schema.reflect_interval,
        require_upstream: args.schema.require_upstream,
        settings: Settings {
            listen: args.listen.clone(),
            socket_mode: serving.socket_mode,
            tls,
            admin: serving.admin.clone(),
            paths: AdminPaths {
                health: serving.health_path.clone(),
                ready: serving.ready_path.clone(),
                metrics: serving.metrics_path.clone(),
            },
            hosts: Hosts::parse(&args.hosts)?,
            limits: Limits {
                connections: descriptors::connections(serving.max_connections),
                streams: serving.max_streams.max(1),
                header_bytes: serving.max_header_size,
                header_timeout: serving.header_timeout,
            },
            drain: Drain {
                delay: serving.drain_delay.unwrap_or_default(),
                limit: serving.drain,
                streams: serving.stream_grace,
            },
        },
    })
}

fn warn(at: &Listen, secure: bool) {
    let how = if secure { "" } else { ", without TLS" };
    output::note(&format!(
        "wirelab: {at} can be reached from other machines{how}: whoever gets there and is let in by the configuration can call the server behind it"
    ));
}

/// Tells `refresh` of every SIGHUP.
async fn hang_ups(refresh: Arc<Notify>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut signal) = signal(SignalKind::hangup()) else { return };
        while signal.recv().await.is_some() {
            refresh.notify_one();
        }
    }
    #[cfg(not(unix))]
    drop(refresh);
}

fn announce(
    addresses: &[Listen],
    admin: Option<&Listen>,
    secure: bool,
    json: bool,
) -> Result<(), Problem> {
    let urls: Vec<String> = addresses.iter().map(|at| url(at, secure)).collect();
    let admin = admin.map(|at| url(at, false));
    if json {
        let line = serde_json::json!({"url": urls.first(), "urls": urls, "admin": admin});
        return output::print(&line.to_string());
    }
    let mut text = format!("The bridge is ready at {}\n", urls.join(" and "));
    if let Some(admin) = admin {
        text += &format!("Health and figures are at {admin}\n");
    }
    text += "Ctrl-C ends it";
    output::print(&text)
}

fn url(at: &Listen, secure: bool) -> String {
    match at {
        Listen::Tcp(address) => {
            let scheme = if secure { "https" } else { "http" };
            format!("{scheme}://{address}")
        }
        Listen::Unix(_) => at.to_string(),
    }
}
