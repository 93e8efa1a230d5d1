//! `node.v1.NodeService`.

use crate::{
    control::{Answers, Pace},
    details,
    proto::node::v1::{
        GetNodeRequest, Metrics, Node, StreamMetricsRequest, node, node_service_server,
    },
};
use futures_util::{StreamExt, stream};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, MissedTickBehavior};
use tonic::{Request, Response, Status, async_trait};

/// Time between two measurements unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two measurements that a request may ask for.
const MIN_INTERVAL: Duration = Duration::from_millis(1);
/// The longest.
const MAX_INTERVAL: Duration = crate::control::MAX_WAIT;

const GIB: u64 = 1 << 30;

/// Name, state, cores, memory in GiB, uptime in seconds, zone.
const NODES: [(&str, node::State, u32, u64, i64, &str); 3] = [
    ("node-1", node::State::Ready, 8, 32, 1_209_600, "eu-central-1a"),
    ("node-2", node::State::Draining, 16, 64, 86_400, "eu-central-1b"),
    ("node-3", node::State::Down, 4, 16, 0, "eu-central-1a"),
];

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct Nodes;

fn find(id: &str) -> Result<Node, Status> {
    let &(id, state, cores, memory, uptime, zone) =
        NODES.iter().find(|node| node.0 == id).ok_or_else(|| details::not_found("node", id))?;
    Ok(Node {
        id: id.to_owned(),
        hostname: format!("{id}.cluster.example"),
        state: state.into(),
        labels: [("zone".to_owned(), zone.to_owned())].into(),
        uptime: Some(prost_types::Duration { seconds: uptime, nanos: 0 }),
        resources: Some(node::Resources {
            cores,
            memory_bytes: memory * GIB,
            disk_bytes: memory * 16 * GIB,
        }),
    })
}

/// The `turn`th measurement: curves that look like work, the same in each run.
fn measure(node: &Node, turn: u32) -> Metrics {
    let phase = f64::from(turn) / 10.0;
    let cpu = 0.45 + 0.3 * phase.sin() + 0.1 * (phase * 3.7).sin();
    let memory = node.resources.as_ref().map_or(0, |resources| resources.memory_bytes);
    let load = (cpu * 8.0) as f32;
    Metrics {
        node_id: node.id.clone(),
        at: Some(SystemTime::now().into()),
        cpu,
        memory_bytes: memory / 2 + u64::from(turn % 100) * (memory / 1_000),
        network_bytes_per_second: [
            ("eth0".to_owned(), 1_250_000.0 * (1.0 + load)),
            ("lo".to_owned(), 4_096.0),
        ]
        .into(),
        load: vec![load, load * 0.9, load * 0.8],
    }
}

#[async_trait]
impl node_service_server::NodeService for Nodes {
    type StreamMetricsStream = Answers<Metrics>;

    async fn get_node(&self, request: Request<GetNodeRequest>) -> Result<Response<Node>, Status> {
        Ok(Response::new(find(&request.into_inner().id)?))
    }

    async fn stream_metrics(
        &self,
        request: Request<StreamMetricsRequest>,
    ) -> Result<Response<Self::StreamMetricsStream>, Status> {
        let pace = Pace::of(&request);
        let StreamMetricsRequest { node_id, interval, count } = request.into_inner();
        let node = find(&node_id)?;
        let interval = match interval.map(Duration::try_from) {
            None => INTERVAL,
            Some(Ok(given)) if (MIN_INTERVAL..=MAX_INTERVAL).contains(&given) => given,
            Some(_) => {
                return Err(details::invalid(&[("interval", "must be from 0.001s to 60s")]));
            }
        };
        let count = match (pace.count(), count) {
            (Some(count), _) => usize::try_from(count).unwrap_or(usize::MAX),
            (None, 0) => usize::MAX,
            (None, count) => usize::try_from(count).unwrap_or(usize::MAX),
        };
        let interval = pace.tick(interval);
        let answers = stream::iter(0..).take(count);
        if interval.is_zero() {
            let answers = answers.map(move |turn| Ok(measure(&node, turn)));
            return Ok(Response::new(pace.limited(answers)));
        }
        let mut ticks = tokio::time::interval_at(Instant::now(), interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ticks = stream::unfold(ticks, |mut ticks| async move {
            ticks.tick().await;
            Some(((), ticks))
        });
        let answers = ticks.zip(answers).map(move |((), turn)| Ok(measure(&node, turn)));
        Ok(Response::new(pace.limited(answers)))
    }
}
