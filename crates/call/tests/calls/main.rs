//! Calls against servers that run beside the test.

mod answers;
mod certificates;
mod client_certificates;
mod compression;
mod faults;
mod faulty;
mod pool;
mod raw;
mod reflection;
mod sample_server;
mod streams;
mod support;
mod tls;
