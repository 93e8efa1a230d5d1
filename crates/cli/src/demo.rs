//! `wirelab demo`.

use crate::{args::Demo, output, serve};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_model::Problem;

/// Runs the sample server until Ctrl-C.
pub async fn run(args: Demo) -> Result<u8, Problem> {
    let listener = serve::listen(args.listen, "--listen 127.0.0.1:0 takes any free port").await?;
    let address = local(&listener)?;
    output::print(&format!(
        "The sample server listens on {address}\nTry: wirelab list {address}\nCtrl-C ends it"
    ))?;
    let shutdown = CancellationToken::new();
    let until = shutdown.clone();
    tokio::spawn(async move {
        serve::interrupted().await;
        until.cancel();
    });
    serve(listener, shutdown).await?;
    Ok(0)
}

/// The address that was bound.
pub fn local(listener: &TcpListener) -> Result<SocketAddr, Problem> {
    listener.local_addr().map_err(|error| output::io("cannot tell the address", &error))
}

/// Serves until `shutdown`.
pub async fn serve(listener: TcpListener, shutdown: CancellationToken) -> Result<(), Problem> {
    let ended: io::Result<()> = wirelab_demo::serve(listener, shutdown).await;
    ended.map_err(|error| output::io("the sample server ended", &error))
}
