//! The service that `wirelab-call` is measured with: tonic's generated client, and tonic's server behind it.

use futures_util::stream::{self, BoxStream, StreamExt};
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The generated code.
#[allow(missing_docs, clippy::all, rustdoc::all)]
pub mod proto {
    tonic::include_proto!("peer");
}

use proto::peer_server::{Peer, PeerServer};
use proto::{Payload, Wanted};

struct Answers;

#[tonic::async_trait]
impl Peer for Answers {
    type StreamStream = BoxStream<'static, Result<Payload, Status>>;

    async fn echo(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn stream(
        &self,
        request: Request<Wanted>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let Wanted { messages, bytes } = request.into_inner();
        let payload = Payload { data: vec![7; bytes as usize] };
        let payloads = (0..messages).map(move |_| Ok(payload.clone()));
        Ok(Response::new(stream::iter(payloads).boxed()))
    }
}

/// Serves on a free port of the loopback interface from a thread of its own, until the process ends.
///
/// # Errors
/// When the port or the thread cannot be had.
pub fn serve() -> Result<SocketAddr, Box<dyn Error + Send + Sync>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("peer".into()).spawn(move || {
        runtime.block_on(async move {
            let incoming = TcpIncoming::from(TcpListener::from_std(listener)?);
            let server = tonic::transport::Server::builder().add_service(PeerServer::new(Answers));
            let served = server.serve_with_incoming(incoming.with_nodelay(Some(true))).await;
            served.map_err(std::io::Error::other)
        })
    })?;
    Ok(address)
}
