//! Calls against servers that run beside the test.

mod answers;
mod auth;
mod balancing;
mod certificates;
mod client_certificates;
mod compression;
mod connect;
mod faults;
mod faulty;
mod grpc_web;
mod http1;
mod oauth;
mod over_http1;
mod pool;
mod raw;
mod reflection;
mod reflection_faults;
mod registries;
mod retries;
mod sample_server;
mod streams;
mod support;
mod tls;
