//! Shim.
#![allow(missing_docs, dead_code)]
use bytes::Bytes; use std::sync::Arc; use wirelab_model::*;
pub struct Measured { pub state: BenchState, pub elapsed_ns: u64, pub path: PathReport, pub first_error: Option<Problem>, pub responses: Vec<Bytes> }
pub async fn run(_: Arc<dyn wirelab_call::Invoke>, _: &BenchSpec, _: Vec<Bytes>, _: impl FnMut(u32,u32)+Send, _: tokio_util::sync::CancellationToken) -> Measured { std::future::pending().await }
