//! A sample gRPC server: the services of `proto-samples/` with real behaviour, and a server that can be told to
//! misbehave.
//!
//! Owns the sample services and nothing else; knows tonic, but neither Wirelab's engine nor its screens.
//!
//! | service | what it does |
//! |---|---|
//! | `shop.inventory.v1.InventoryService` | stock in memory, reservations, a watch stream |
//! | `shop.order.v1.OrderService` | orders in memory, an import stream, tracking with a step a second |
//! | `user.v1.UserService`, `node.v1.NodeService`, `helloworld.Greeter` | what gRPC tutorials have |
//! | `everything.v1.Everything`, `everything.v1.Editions` | give every message back byte for byte; the latter is not in reflection |
//! | `grpc.reflection.v1`, `grpc.reflection.v1alpha` | with comments and `google.api.http` rules |
//! | `grpc.health.v1.Health` | for the server and each service |
//!
//! # What metadata can tell it
//!
//! These keys work with every method. A value that makes no sense is answered with `INVALID_ARGUMENT` and a
//! `google.rpc.BadRequest` that names the key.
//!
//! | key | value | effect |
//! |---|---|---|
//! | `demo-delay-ms` | 0 to 60000 | waits before it answers at all |
//! | `demo-interval-ms` | 0 to 60000 | waits between two messages of an answer stream; the tick of `WatchStock`, `TrackOrders` and `StreamMetrics` |
//! | `demo-count` | 0 to 1000000 | answers a stream with so many messages, then ends it |
//! | `demo-fail` | `NOT_FOUND`, `not-found` or `5` | fails with this status and details of every `google.rpc` kind |
//! | `demo-fail-message` | text | the message of that status |
//! | `demo-fail-after` | 0 to 1000000 | fails after so many answers of an answer stream, or requests of a request stream (with `UNAVAILABLE` unless `demo-fail` says otherwise); a unary method just answers |
//! | `demo-stall` | `true` | never answers |
//! | `demo-echo-metadata` | `true` | sends the request's metadata back as headers and again as trailers, repeated and `-bin` keys included |
//!
//! Everything held in memory is bounded; a full store says `RESOURCE_EXHAUSTED`.

mod codec;
mod control;
mod details;
mod everything;
mod proto;
mod serve;
mod shop;
mod tutorials;

#[cfg(test)]
mod tests;

pub use serve::serve;

/// Everything the server serves apart from reflection and health, as an encoded
/// `google.protobuf.FileDescriptorSet` with imports, comments and options.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
