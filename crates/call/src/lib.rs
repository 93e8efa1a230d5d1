//! Calls gRPC servers and tells every step of each call.
//!
//! Owns addresses and how they resolve, balancing and retries, connections (plaintext and TLS), their pool,
//! metadata, credentials, the four call kinds on raw message bytes, and the reflection and health clients. Knows no Protobuf schema beyond those two services, no
//! database and no screen: messages are bytes, a call's life is a stream of [`CallEvent`](wirelab_model::CallEvent)s.
//!
//! HTTP/2 comes from `h2` rather than from a gRPC client, because a studio must show what such a client hides:
//! status numbers that gRPC does not define, compressed sizes, each phase of the connection, which side reset a
//! stream and why, and the bytes on the connection.
//!
//! ```no_run
//! # async fn example() {
//! use futures_util::StreamExt;
//! use wirelab_call::{Client, Invoke, requests};
//! use wirelab_model::{CallSpec, Endpoint};
//!
//! let client = Client::new();
//! let spec = CallSpec {
//!     endpoint: Endpoint { address: "localhost:50051".into(), ..Endpoint::default() },
//!     method: "helloworld.Greeter/SayHello".into(),
//!     ..CallSpec::default()
//! };
//! let mut events = client.invoke(spec, requests([vec![10, 1, 65]]), Default::default());
//! while let Some(event) = events.next().await {
//!     println!("{event:?}");
//! }
//! # }
//! ```

mod address;
mod attempts;
mod auth;
mod balance;
mod channel;
mod client;
mod compress;
mod connect;
mod drive;
mod endpoint;
mod exchange;
mod explain;
mod frame;
mod health;
mod http;
mod invoke;
mod keepalive;
mod metadata;
mod plan;
mod pool;
mod queue;
mod reflect;
mod replay;
mod resolve;
mod retry;
pub mod scripted;
mod service_config;
mod socket;
mod status;
mod tap;
mod text;
mod tls;
mod transport;
mod web;
pub mod wire;

pub use address::Address;
pub use auth::{SIGN_IN_WAIT, TOKEN_MARGIN, TOKEN_TIMEOUT};
pub use balance::{EJECT_AFTER, FIRST_EJECTION, LAST_EJECTION};
pub use client::Client;
pub use connect::{CONNECT_TIMEOUT, READY_MAX_WAIT, READY_WAIT};
pub use drive::STAND_IN_AFTER;
pub use health::{HEALTH_BACKOFF, HEALTH_INTERVAL, HEALTH_MAX_BACKOFF, HEALTH_TIMEOUT};
pub use invoke::{Events, Invoke, Requests, requests};
pub use keepalive::{KEEPALIVE_TIMEOUT, MIN_KEEPALIVE};
pub use pool::{
    CALLS_PER_CONNECTION, MAX_CONNECTIONS_PER_ENDPOINT, MAX_HTTP1_CALLS_PER_ENDPOINT,
    POOL_IDLE_TIMEOUT,
};
pub use queue::{QUEUE_BYTES, QUEUE_EVENTS};
pub use reflect::{REFLECT_TIMEOUT, Reflected};
pub use replay::REPLAY_BYTES;
pub use resolve::{DNS_MIN_GAP, DNS_REFRESH, MAX_INSTANCES};
pub use retry::MAX_TRANSPARENT;
pub use socket::{KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, KEEPALIVE_TIME};
pub use tap::{Tap, Tapped};
pub use tls::certificate_info;
pub use transport::Types;
pub use web::{Bounds, Web};
