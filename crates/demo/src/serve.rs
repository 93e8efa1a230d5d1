//! Puts the services behind a listener.

use crate::{
    DESCRIPTORS,
    control::Obey,
    everything::Everything,
    proto::{
        everything::{editions_server::EditionsServer, everything_server::EverythingServer},
        helloworld::greeter_server::GreeterServer,
        node::v1::node_service_server::NodeServiceServer,
        shop::{
            inventory::v1::inventory_service_server::InventoryServiceServer,
            order::v1::order_service_server::OrderServiceServer,
        },
        user::v1::user_service_server::UserServiceServer,
    },
    shop::{Inventory, Orders},
    tutorials::{Greetings, Nodes, Users},
};
use std::{io, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    server::NamedService,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{ServingStatus, server::HealthReporter};

/// The largest request taken.
const MAX_MESSAGE_BYTES: usize = 64 << 20;
/// How long streams of clients may keep the server from ending.
const GRACE: Duration = Duration::from_secs(2);

/// Serves everything on `listener` until `shutdown`; then open streams end with `UNAVAILABLE`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", ServingStatus::Serving).await;
    tell::<InventoryServiceServer<Inventory>>(&health).await;
    tell::<OrderServiceServer<Orders>>(&health).await;
    tell::<UserServiceServer<Users>>(&health).await;
    tell::<NodeServiceServer<Nodes>>(&health).await;
    tell::<GreeterServer<Greetings>>(&health).await;
    tell::<EverythingServer<Everything>>(&health).await;
    tell::<EditionsServer<Everything>>(&health).await;

    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .layer(Obey { shutdown: shutdown.clone() })
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(io::Error::other)?)
        .add_service(reflection().build_v1alpha().map_err(io::Error::other)?)
        .add_service(
            InventoryServiceServer::new(Inventory::new())
                .max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            OrderServiceServer::new(Orders::new()).max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            UserServiceServer::new(Users::new()).max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(NodeServiceServer::new(Nodes))
        .add_service(GreeterServer::new(Greetings))
        .add_service(EverythingServer::new(Everything).max_decoding_message_size(MAX_MESSAGE_BYTES))
        .add_service(EditionsServer::new(Everything).max_decoding_message_size(MAX_MESSAGE_BYTES))
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let grace = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server => ended.map_err(io::Error::other),
        () = grace => Ok(()),
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    // The encoded form is served as it is, so that options prost does not know reach the client.
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

async fn tell<S: NamedService>(health: &HealthReporter) {
    health.set_service_status(S::NAME, ServingStatus::Serving).await;
}
