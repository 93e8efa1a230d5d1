//! The health of a server, as `grpc.health.v1` tells it
//! (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>): asked once, or watched.

use crate::invoke::{Events, Invoke, requests};
use crate::transport::without_json;
use futures_util::{Stream, StreamExt, stream};
use prost::Message;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use wirelab_model::{
    Blob, CallEventKind, CallKind, CallSpec, Health, HealthQuery, Problem, ProblemKind, Status,
    StatusCode,
};

/// How long a server is waited for.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a server that cannot be watched is asked.
pub const HEALTH_INTERVAL: Duration = Duration::from_secs(5);
/// How long a watch waits before it asks a server again that was lost; it doubles from time to time.
pub const HEALTH_BACKOFF: Duration = Duration::from_secs(1);
/// The longest that it waits.
pub const HEALTH_MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Asks once.
pub(crate) async fn check(client: &impl Invoke, query: &HealthQuery) -> Health {
    let mut events = call(client, query, CallKind::Unary);
    let mut told = None;
    let mut end = Status::default();
    while let Some(event) = events.next().await {
        match event.kind {
            CallEventKind::Received { message, .. } => told = read(message),
            CallEventKind::Finished { status, .. } => end = status,
            _ => {}
        }
    }
    match told {
        Some(health) if end.problem.is_none() => health,
        _ => ended(end, query),
    }
}

/// What the server says, now and whenever it changes; never ends. A server that is lost is asked again after a while,
/// and one that has a health service without Watch is asked from time to time.
pub(crate) fn watch<C: Invoke>(
    client: C,
    query: HealthQuery,
) -> impl Stream<Item = Health> + Send + 'static {
    let watch =
        Watch { client, query, events: None, polls: false, backoff: HEALTH_BACKOFF, wait: None };
    stream::unfold((watch, None), |(mut watch, last)| async move {
        loop {
            let health = watch.next().await;
            if last.as_ref() != Some(&health) {
                return Some((health.clone(), (watch, Some(health))));
            }
        }
    })
}

struct Watch<C> {
    client: C,
    query: HealthQuery,
    /// The open call, and whether it has said anything.
    events: Option<(Events, bool)>,
    /// Whether the server has to be asked, since it cannot be watched.
    polls: bool,
    backoff: Duration,
    /// Before the next call.
    wait: Option<Duration>,
}

impl<C: Invoke> Watch<C> {
    /// What is to be told next, changed or not.
    async fn next(&mut self) -> Health {
        loop {
            if let Some(wait) = self.wait.take() {
                sleep(wait).await;
            }
            if self.polls {
                let health = check(&self.client, &self.query).await;
                // Whoever answers there next may be another program.
                self.polls = !matches!(health, Health::Down(_));
                self.wait = Some(if self.polls { HEALTH_INTERVAL } else { self.back_off() });
                return health;
            }
            let (mut events, spoke) = self.events.take().unwrap_or_else(|| {
                (call(&self.client, &self.query, CallKind::ServerStream), false)
            });
            let event = match spoke {
                true => events.next().await,
                false => match timeout(HEALTH_TIMEOUT, events.next()).await {
                    Ok(event) => event,
                    Err(_) => {
                        self.wait = Some(self.back_off());
                        return Health::Down(silent(&self.query));
                    }
                },
            };
            match event.map(|event| event.kind) {
                Some(CallEventKind::Received { message, .. }) => {
                    self.events = Some((events, true));
                    self.backoff = HEALTH_BACKOFF;
                    if let Some(health) = read(message) {
                        return health;
                    }
                }
                Some(CallEventKind::Finished { status, .. }) => {
                    if status.code == StatusCode::Unimplemented as u32 && !spoke {
                        self.polls = true;
                        continue;
                    }
                    // A server may end a watch, for age for instance; what it said holds.
                    if status.is_ok() && spoke {
                        self.wait = Some(self.back_off());
                        continue;
                    }
                    self.wait = Some(self.back_off());
                    return ended(status, &self.query);
                }
                Some(_) => self.events = Some((events, spoke)),
                None => self.wait = Some(self.back_off()),
            }
        }
    }

    /// How long to wait now; longer the next time.
    fn back_off(&mut self) -> Duration {
        let wait = self.backoff;
        self.backoff = (wait * 2).min(HEALTH_MAX_BACKOFF);
        wait
    }
}

fn call(client: &impl Invoke, query: &HealthQuery, kind: CallKind) -> Events {
    let unary = kind == CallKind::Unary;
    let spec = CallSpec {
        endpoint: without_json(&query.endpoint),
        method: format!("grpc.health.v1.Health/{}", if unary { "Check" } else { "Watch" }),
        kind,
        metadata: query.metadata.clone(),
        deadline_ms: u64::try_from(HEALTH_TIMEOUT.as_millis()).ok().filter(|_| unary),
        ..CallSpec::default()
    };
    // The empty service name asks for the server as a whole.
    let request = HealthCheckRequest { service: query.service.clone() }.encode_to_vec();
    client.invoke(spec, requests([request]), CancellationToken::new())
}

fn read(message: Blob) -> Option<Health> {
    let response = HealthCheckResponse::decode(message.0).ok()?;
    Some(match response.status() {
        ServingStatus::Serving => Health::Serving,
        ServingStatus::ServiceUnknown => Health::Unknown,
        ServingStatus::NotServing | ServingStatus::Unknown => Health::NotServing,
    })
}

/// What the end of a call without an answer says.
fn ended(status: Status, query: &HealthQuery) -> Health {
    let unknown = status.code == StatusCode::NotFound as u32 && !query.service.is_empty();
    match status.problem {
        None => Health::Up,
        // A status that the server made: it speaks gRPC, if not of health.
        Some(problem) if problem.kind == ProblemKind::Status => {
            if unknown {
                Health::Unknown
            } else {
                Health::Up
            }
        }
        Some(problem) if problem.kind == ProblemKind::Deadline => Health::Down(silent(query)),
        Some(problem) => Health::Down(problem),
    }
}

fn silent(query: &HealthQuery) -> Problem {
    let message = format!("no answer within {} s", HEALTH_TIMEOUT.as_secs());
    Problem::new(ProblemKind::Deadline, message)
        .at(query.endpoint.address.trim())
        .help("the server hangs, or something on the way does")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;
    use std::time::Instant;
    use wirelab_model::{CallEvent, Endpoint};

    fn says(status: ServingStatus) -> CallEventKind {
        let message = HealthCheckResponse { status: status.into() }.encode_to_vec();
        CallEventKind::Received { message: message.into(), compressed: None }
    }

    fn ends(code: StatusCode, kind: ProblemKind) -> CallEventKind {
        let status = Status {
            problem: Some(Problem::new(kind, "it went wrong")),
            ..Status::new(code, "it went wrong")
        };
        CallEventKind::Finished { status, wire: None }
    }

    fn query(service: &str) -> HealthQuery {
        let endpoint = Endpoint { address: "h:1".into(), ..Endpoint::default() };
        HealthQuery { endpoint, service: service.into(), ..HealthQuery::default() }
    }

    /// `W` for a call of Watch, `C` for one of Check, and the seconds since the call before.
    fn client(script: fn(&str, usize) -> Vec<CallEventKind>) -> Scripted {
        Scripted::with(move |spec, number| {
            let kinds = script(spec.method.rsplit('/').next().unwrap_or_default(), number);
            kinds.into_iter().map(|kind| CallEvent { at_ns: 0, kind }).collect()
        })
    }

    /// The first `count` things told, and the calls that it took with the seconds that passed by the paused clock.
    async fn told(
        script: fn(&str, usize) -> Vec<CallEventKind>,
        count: usize,
    ) -> (Vec<Health>, String) {
        let client = client(script);
        let begin = tokio::time::Instant::now();
        let hang = Instant::now();
        let watch = watch(client.clone(), query("a.B")).take(count);
        let told: Vec<Health> = watch.collect().await;
        assert!(hang.elapsed() < Duration::from_secs(60), "the clock is paused");
        let calls: Vec<String> = client
            .calls()
            .iter()
            .map(|spec| spec.method.rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        (told, format!("{} in {} s", calls.join(" "), begin.elapsed().as_secs()))
    }

    fn down() -> Health {
        Health::Down(Problem::new(ProblemKind::Unreachable, "it went wrong"))
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_told_once() {
        let (told, calls) = told(
            |_, _| {
                use ServingStatus::*;
                [Serving, Serving, NotServing, ServiceUnknown, Unknown, Serving].map(says).into()
            },
            5,
        )
        .await;
        let expected = [
            Health::Serving,
            Health::NotServing,
            Health::Unknown,
            Health::NotServing,
            Health::Serving,
        ];
        assert_eq!((told.as_slice(), calls.as_str()), (&expected[..], "Watch in 0 s"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_server_is_asked_again_ever_more_rarely() {
        let (told, calls) = told(
            |_, number| match number {
                0 => vec![
                    says(ServingStatus::Serving),
                    ends(StatusCode::Unavailable, ProblemKind::Unreachable),
                ],
                8 => vec![
                    says(ServingStatus::Serving),
                    ends(StatusCode::Unavailable, ProblemKind::Unreachable),
                ],
                _ => vec![ends(StatusCode::Unavailable, ProblemKind::Unreachable)],
            },
            4,
        )
        .await;
        assert_eq!(told, [Health::Serving, down(), Health::Serving, down()]);
        // 1 + 2 + 4 + 8 + 16 + 30 + 30 + 30
        assert_eq!(calls, format!("{} in 121 s", ["Watch"; 9].join(" ")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_without_watch_is_asked_from_time_to_time() {
        let (told, calls) = told(
            |method, number| match (method, number) {
                ("Watch", 0) => vec![ends(StatusCode::Unimplemented, ProblemKind::Status)],
                ("Watch", _) => vec![says(ServingStatus::Serving)],
                (_, 3) => vec![
                    says(ServingStatus::NotServing),
                    ends(StatusCode::Internal, ProblemKind::Status),
                ],
                (_, 4) => vec![ends(StatusCode::Unavailable, ProblemKind::Unreachable)],
                _ => vec![ends(StatusCode::NotFound, ProblemKind::Status)],
            },
            4,
        )
        .await;
        // A status makes the answer beside it void.
        assert_eq!(told, [Health::Unknown, Health::Up, down(), Health::Serving]);
        assert_eq!(calls, "Watch Check Check Check Check Watch in 16 s");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_no_health() {
        let (told, calls) = told(|_, _| Vec::new(), 1).await;
        assert_eq!(told, [Health::Down(silent(&query("a.B")))]);
        assert_eq!(calls, "Watch in 5 s");
    }
}
