//! `wirelab serve`: the web edition.
//!
//! [`guard`] decides who gets in, [`assets`] serves the screens, [`api`] answers studio methods, [`events`] pushes
//! studio events. None of them knows what a method does.

mod api;
mod assets;
mod events;
mod guard;
#[cfg(test)]
mod tests;

use crate::{args::Serve, browser, demo, output, source};
use axum::{Router, middleware, routing};
use guard::Guard;
use std::{
    io::{self, IsTerminal},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_model::{Endpoint, Problem, ProblemKind, SourceSpec};
use wirelab_studio::{Config, Studio};

/// Where the sample server listens unless told otherwise.
const DEMO: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_051);
/// How long open connections may keep the server from ending.
const GRACE: Duration = Duration::from_secs(3);

/// What every request handler has.
#[derive(Clone)]
struct Shared {
    studio: Studio,
    guard: Arc<Guard>,
    shutdown: CancellationToken,
}

/// Serves the studio until Ctrl-C.
pub async fn run(args: Serve) -> Result<u8, Problem> {
    let mut at = args.listen;
    if let Some(port) = args.port {
        at.set_port(port);
    }
    let listener =
        listen(at, "choose another port with --port N, or any free one with --port 0").await?;
    let address = demo::local(&listener)?;
    let shutdown = CancellationToken::new();

    let sample = match args.demo {
        None => None,
        Some(wanted) => Some(sample_server(wanted, shutdown.clone()).await?),
    };
    let sources: Vec<SourceSpec> = args.paths.iter().map(|path| source::spec(path)).collect();
    let config = Config {
        data_dir: args.data.data_dir,
        sources,
        default_endpoint: sample
            .map(|address| Endpoint { address: address.to_string(), ..Endpoint::default() }),
        remember: true,
    };
    let studio = Studio::open(config).await?;
    let guard = Guard::new(address)?;
    let url = guard.url();
    announce(&url, sample, args.json)?;
    let visit = args.open || (!args.no_open && io::stdout().is_terminal());
    if visit {
        browser::open(url);
    }
    browser::sign_in(&studio, visit);

    let shared =
        Shared { studio: studio.clone(), guard: Arc::new(guard), shutdown: shutdown.clone() };
    let stop = shutdown.clone();
    tokio::spawn(async move {
        interrupted().await;
        stop.cancel();
    });
    let served = serve(listener, shared).await;
    shutdown.cancel();
    studio.close().await;
    served.map(|()| 0)
}

/// Serves until shutdown, then gives open connections a moment.
async fn serve(listener: TcpListener, shared: Shared) -> Result<(), Problem> {
    let shutdown = shared.shutdown.clone();
    let server = axum::serve(listener, router(shared))
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let grace = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server => ended.map_err(|error| output::io("the web server ended", &error)),
        () = grace => Ok(()),
    }
}

/// Everything behind the guard.
fn router(shared: Shared) -> Router {
    let api = Router::new()
        .route("/events", routing::get(events::upgrade))
        .route("/{method}", routing::post(api::answer))
        .route_layer(middleware::from_fn_with_state(shared.clone(), guard::known))
        .fallback(api::nothing)
        .method_not_allowed_fallback(api::wrong_method);
    Router::new()
        .nest("/api", api)
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(shared.clone(), guard::same_site))
        .with_state(shared)
}

/// Listens, or says in one line why not and what to do.
pub async fn listen(at: SocketAddr, help: &str) -> Result<TcpListener, Problem> {
    TcpListener::bind(at).await.map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::AddrInUse => {
                Problem::new(ProblemKind::Io, "the port is taken by another program")
            }
            io::ErrorKind::PermissionDenied => {
                Problem::new(ProblemKind::Io, "the system does not allow this port")
            }
            io::ErrorKind::AddrNotAvailable => {
                return Problem::new(ProblemKind::Io, "this machine does not have the address")
                    .at(at.to_string())
                    .help("127.0.0.1 is always there");
            }
            _ => output::io("cannot listen", &error),
        };
        problem.at(at.to_string()).help(help)
    })
}

/// Ctrl-C, or what service managers send.
pub async fn interrupted() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminated => {}
    }
}

/// Starts the sample server where asked, else at its usual port, else at any.
async fn sample_server(
    wanted: Option<SocketAddr>,
    shutdown: CancellationToken,
) -> Result<SocketAddr, Problem> {
    let listener = match wanted {
        Some(wanted) => listen(wanted, "choose another address with --demo=ADDR").await?,
        None => match TcpListener::bind(DEMO).await {
            Ok(listener) => listener,
            Err(_) => listen(SocketAddr::new(DEMO.ip(), 0), "leave --demo out").await?,
        },
    };
    let address = demo::local(&listener)?;
    tokio::spawn(async move {
        if let Err(problem) = demo::serve(listener, shutdown).await {
            output::problem(&problem);
        }
    });
    Ok(address)
}

fn announce(url: &str, sample: Option<SocketAddr>, json: bool) -> Result<(), Problem> {
    if json {
        let sample = sample.map(|address| address.to_string());
        return output::print(&serde_json::json!({"url": url, "demo": sample}).to_string());
    }
    let mut text = format!("Wirelab is ready at {url}\n");
    if let Some(address) = sample {
        text += &format!("The sample server listens on {address}\n");
    }
    text += "Ctrl-C ends it";
    output::print(&text)
}
