//! gRPC, gRPC-Web and Connect as clients see them.

mod bytes;
mod calls;
mod flow;
mod ruled;
mod support;
mod upstreams;
