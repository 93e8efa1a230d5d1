//! The bridge beside what others do with the same rules.

mod cases;
mod cerbos;
mod clients;
mod curl;
mod envoy;
mod etcd;
mod etcd_socket;
mod openapi;
