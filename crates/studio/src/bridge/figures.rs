//! What a bridge counts, as screens are told it.

use std::time::Duration;
use wirelab_bridge::observe::{FaceFigures, Snapshot};
use wirelab_model::{BRIDGE_STREAMS, BridgeMetrics, BridgeStream, FaceMetrics};

/// The figures of a bridge and its oldest open streams.
pub fn told(snapshot: Snapshot) -> (BridgeMetrics, Vec<BridgeStream>) {
    let Snapshot { uptime, total, faces, open_streams, streams } = snapshot;
    let metrics = BridgeMetrics {
        uptime_ms: millis(uptime),
        total: face(total),
        faces: faces.into_iter().map(face).collect(),
        open_streams,
    };
    let streams = streams.into_iter().take(BRIDGE_STREAMS).map(|stream| BridgeStream {
        id: stream.id,
        method: stream.method.to_string(),
        face: stream.face.to_owned(),
        kind: stream.kind,
        age_ms: millis(stream.age),
        sent: stream.request_messages,
        received: stream.response_messages,
        bytes: stream.bytes,
    });
    (metrics, streams.collect())
}

fn face(figures: FaceFigures) -> FaceMetrics {
    FaceMetrics {
        face: figures.face.to_owned(),
        requests: figures.requests,
        refused: figures.refused,
        codes: figures.codes,
        timed: figures.timed,
        p50_ns: figures.p50.map(nanos),
        p99_ns: figures.p99.map(nanos),
        open: figures.open,
        request_bytes: figures.request_bytes,
        response_bytes: figures.response_bytes,
        queued: figures.queued,
        dropped: figures.dropped,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
