//! The faces whose messages are framed as gRPC frames them: one file a protocol.

pub(crate) mod connect;
pub(crate) mod grpc;
pub(crate) mod grpc_web;
