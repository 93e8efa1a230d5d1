//! `wirelab bridge`: REST, WebSocket, gRPC-Web, Connect and gRPC in front of a server.

mod upstreams;

use crate::{args, endpoint, output, serve, source};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wirelab_bridge::serve::{Drain, Limits, Listen, SOCKET_MODE, Settings};
use wirelab_bridge::{Gateway, Options, Setup};
use wirelab_model::{Problem, Tls};

/// Serves until it is told to end.
pub async fn run(args: args::Bridge) -> Result<u8, Problem> {
    let (gateway, problems) = Gateway::open(setup(&args)?).await?;
    problems.iter().for_each(output::problem);
    let addresses = gateway.addresses();
    addresses.iter().filter(|at| at.is_public()).for_each(warn);
    announce(&addresses, &args)?;

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
    Ok(Setup {
        options: Options { endpoint, profile: args.profile, ..Options::default() },
        sources,
        reflect_interval: args.schema.reflect_interval,
        require_upstream: args.schema.require_upstream,
        settings: Settings {
            listen: args.listen.clone(),
            socket_mode: SOCKET_MODE,
            limits: Limits::default(),
            drain: Drain::default(),
        },
    })
}

fn warn(at: &Listen) {
    output::note(&format!(
        "wirelab: {at} can be reached from other machines: whoever gets there can call the server behind it"
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

fn announce(addresses: &[Listen], args: &args::Bridge) -> Result<(), Problem> {
    let urls: Vec<String> = addresses.iter().map(|at| url(at, Tls::Off)).collect();
    if args.json {
        let line = serde_json::json!({"url": urls.first(), "urls": urls});
        return output::print(&line.to_string());
    }
    let text = format!("The bridge is ready at {}\nCtrl-C ends it", urls.join(" and "));
    output::print(&text)
}

fn url(at: &Listen, tls: Tls) -> String {
    match (at, tls) {
        (Listen::Tcp(address), Tls::Off) => format!("http://{address}"),
        (Listen::Tcp(address), Tls::System) => format!("https://{address}"),
        (Listen::Unix(_), _) => at.to_string(),
    }
}
