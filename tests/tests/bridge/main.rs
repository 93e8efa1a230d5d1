//! The bridge beside what others do with the same rules.

mod cases;
mod envoy;
mod etcd;
mod openapi;
