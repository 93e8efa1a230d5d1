//! Comparisons: runs them in the background and keeps what they found.

use crate::{
    Studio,
    bridge::ByEndpoint,
    calls::{encode_all, now_unix_ms},
    json::{self, Types},
    records::{Shelf, not_found},
};
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use wirelab_bench::{MAX_CALLS, MAX_IN_FLIGHT, Measured};
use wirelab_model::*;
use wirelab_transcode::{Codec, Encoding};

/// How long measuring what converting one call's messages costs may take, each way.
const COSTS_BUDGET: Duration = Duration::from_millis(300);
/// A call with more messages than this is measured as JSON and Protobuf only.
const MOST_IN_EVERY_FORM: usize = 256;

/// The comparisons that run, or whose reports could not be stored.
#[derive(Default)]
pub struct Benches(Mutex<HashMap<BenchId, Running>>);

struct Running {
    report: BenchReport,
    cancel: CancellationToken,
}

impl Benches {
    fn lock(&self) -> MutexGuard<'_, HashMap<BenchId, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bounds(spec: &BenchSpec, kind: CallKind) -> Result<(), Problem> {
    let wrong = |message: String| Err(Problem::new(ProblemKind::Mismatch, message));
    if !(1..=MAX_CALLS).contains(&spec.calls) {
        return wrong(format!("the number of calls is 1 to {MAX_CALLS}, not {}", spec.calls));
    }
    if !(1..=MAX_IN_FLIGHT).contains(&spec.in_flight) {
        return wrong(format!(
            "the number of calls in flight is 1 to {MAX_IN_FLIGHT}, not {}",
            spec.in_flight
        ));
    }
    if spec.warm_up > MAX_CALLS {
        return wrong(format!(
            "the number of warm-up calls is 0 to {MAX_CALLS}, not {}",
            spec.warm_up
        ));
    }
    let called = |path: &BenchPath| *path != BenchPath::JsonText;
    let twice = |at: usize| spec.paths.iter().take(at).any(|path| *path == spec.paths[at]);
    if !spec.paths.iter().all(called) || (0..spec.paths.len()).any(twice) {
        return wrong("the paths to call are named once each, and JSON text is none".to_owned());
    }
    if !kind.client_streams() && spec.messages.len() != 1 {
        return wrong(format!(
            "{} takes exactly one message, not {}",
            spec.call.method,
            spec.messages.len()
        ));
    }
    Ok(())
}

/// Calls that are counted, all paths together.
fn total(spec: &BenchSpec) -> u32 {
    let paths = u32::try_from(spec.paths.len()).unwrap_or(u32::MAX).max(1);
    spec.calls.saturating_mul(paths)
}

impl Studio {
    pub(crate) async fn begin_bench(&self, mut spec: BenchSpec) -> Result<BenchProgress, Problem> {
        let codecs = self.0.sources.codecs();
        let types = codecs
            .method(&spec.call.method)
            .ok_or_else(|| json::unknown_method(&spec.call.method))?;
        bounds(&spec, types.kind)?;
        spec.call.kind = types.kind;
        let requests = encode_all(&types, &spec.messages)?;
        let total = total(&spec);
        let mut report =
            BenchReport { spec, started_unix_ms: now_unix_ms(), ..BenchReport::default() };
        let shelf = self.0.records.shelf().clone();
        report.id = shelf.put_bench(&report).await?;
        let id = report.id;
        let cancel = self.0.closing.child_token();
        let running = Running { report: report.clone(), cancel: cancel.clone() };
        self.0.benches.lock().insert(id, running);
        let studio = self.clone();
        self.0
            .tasks
            .spawn(async move { studio.run_bench(report, types, requests, shelf, cancel).await });
        Ok(BenchProgress { id, state: BenchState::Running, done: 0, total, errors: 0 })
    }

    async fn run_bench(
        self,
        mut report: BenchReport,
        types: Types,
        requests: Vec<Bytes>,
        shelf: Shelf,
        cancel: CancellationToken,
    ) {
        let mut progress =
            BenchProgress { id: report.id, total: total(&report.spec), ..BenchProgress::default() };
        let tell = |done, errors| {
            (progress.done, progress.errors) = (done, errors);
            self.0.bus.send(StudioEvent::Bench(progress.clone()));
        };
        let client = Arc::new(ByEndpoint(self.0.clone()));
        let measured =
            wirelab_bench::run(client, &report.spec, requests.clone(), tell, cancel).await;
        // Sizes and costs are measured when nothing else is.
        let begun = report.clone();
        let completing =
            tokio::task::spawn_blocking(move || complete(begun, &types, &requests, measured));
        report = completing.await.unwrap_or_else(|_| BenchReport {
            state: BenchState::Failed,
            problem: Some(Problem::new(ProblemKind::Internal, "measuring the messages failed")),
            ..report
        });
        progress.state = report.state;
        match shelf.put_bench(&report).await {
            Ok(_) => drop(self.0.benches.lock().remove(&report.id)),
            Err(problem) => {
                self.0.records.troubled(&problem);
                // It stays in memory, so that it is there as long as the studio is.
                if let Some(kept) = self.0.benches.lock().get_mut(&report.id) {
                    kept.report = report;
                }
            }
        }
        self.0.bus.send(StudioEvent::Bench(progress));
    }

    pub(crate) async fn stop_bench(&self, id: BenchId) -> Result<(), Problem> {
        let running = self.0.benches.lock().get(&id).map(|running| running.cancel.clone());
        match running {
            Some(cancel) => cancel.cancel(),
            // Over already, or never there.
            None => drop(self.bench_report(id).await?),
        }
        Ok(())
    }

    pub(crate) async fn bench_report(&self, id: BenchId) -> Result<BenchReport, Problem> {
        let running = self.0.benches.lock().get(&id).map(|running| running.report.clone());
        match running {
            Some(report) => Ok(report),
            None => {
                self.0.records.of(id)?.bench(id).await?.ok_or_else(|| not_found("comparison", id))
            }
        }
    }

    pub(crate) async fn forget_bench(&self, id: BenchId) -> Result<(), Problem> {
        let state = self.0.benches.lock().get(&id).map(|bench| bench.report.state);
        if state == Some(BenchState::Running) {
            return Err(Problem::new(ProblemKind::Mismatch, format!("comparison {id} is running"))
                .help("stop it first"));
        }
        self.0.benches.lock().remove(&id);
        self.0.records.of(id)?.delete_bench(id).await
    }
}

/// The report with what was measured of the calls, and with the sizes and costs of their messages.
fn complete(
    report: BenchReport,
    types: &Types,
    requests: &[Bytes],
    measured: Measured,
) -> BenchReport {
    let Measured { state, elapsed_ns, mut paths, first_error, responses, .. } = measured;
    let (request, request_encodings) = weigh(&types.input, requests);
    let (response, response_encodings) = weigh(&types.output, &responses);
    let json = PathReport {
        path: BenchPath::JsonText,
        calls: 0,
        errors: 0,
        latency: None,
        request_bytes: request.json as f64,
        response_bytes: response.json as f64,
        wire_bytes: None,
    };
    if paths.iter().all(|path| path.path == BenchPath::GrpcProtobuf) {
        paths.push(json);
    }
    BenchReport {
        state,
        elapsed_ns,
        problem: first_error,
        paths,
        request,
        response,
        request_costs: json::costs(&request_encodings),
        response_costs: json::costs(&response_encodings),
        request_encodings,
        response_encodings,
        ..report
    }
}

/// Sizes of messages and what they take in each form, summed; the latter is empty when one cannot be read.
fn weigh(codec: &Codec, messages: &[Bytes]) -> (Sizes, Vec<Encoded>) {
    let mut sizes = Sizes::default();
    let mut sums: Option<Vec<Encoded>> = None;
    let budget = COSTS_BUDGET / u32::try_from(messages.len()).unwrap_or(u32::MAX).max(1);
    let forms =
        if messages.len() > MOST_IN_EVERY_FORM { &json::COSTED } else { &Encoding::ALL[..] };
    for wire in messages {
        let json = json::compact(codec, wire).unwrap_or_default();
        let one = json::sizes(wire, &json);
        sizes.proto += one.proto;
        sizes.proto_gzip += one.proto_gzip;
        sizes.json += one.json;
        sizes.json_gzip += one.json_gzip;
        let encoded = json::encodings(codec, wire, forms, budget);
        match &mut sums {
            None => sums = Some(encoded),
            // One that cannot be read leaves none: a sum without it would be of other messages.
            Some(sums) if encoded.is_empty() => sums.clear(),
            Some(sums) => sums.iter_mut().zip(&encoded).for_each(|(sum, one)| add(sum, one)),
        }
    }
    (sizes, sums.unwrap_or_default())
}

fn add(sum: &mut Encoded, one: &Encoded) {
    sum.bytes += one.bytes;
    sum.samples = sum.samples.min(one.samples);
    sum.encode_ns += one.encode_ns;
    sum.decode_ns += one.decode_ns;
}
