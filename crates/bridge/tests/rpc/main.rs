//! gRPC, gRPC-Web and Connect as clients see them.

mod bytes;
mod calls;
mod flow;
mod options;
mod raw;
mod resets;
mod ruled;
mod support;
mod upstreams;
