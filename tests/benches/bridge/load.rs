//! Sends the same request over and over, on connections that are kept, and takes the time of each.

use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use wirelab_tests::http;

/// A request that is sent again and again.
pub struct Request {
    method: &'static str,
    target: &'static str,
    body: String,
}

impl Request {
    /// Some 100 bytes each way.
    pub fn small() -> Request {
        let body = r#"{"id":"KB-204-EU","name":"Keyboard","count":3,"large":"9007199254740993","ratio":2.5,"flag":true}"#;
        Request { method: "POST", target: "/v1/things", body: body.to_owned() }
    }

    /// 100 KB each way.
    pub fn large() -> Request {
        let mut body = String::from(r#"{"id":"KB-204-EU","parts":["#);
        let mut number = 0_u64;
        while body.len() < 100_000 {
            let comma = if number == 0 { "" } else { "," };
            body += &format!(
                r#"{comma}{{"name":"part {number} of the keyboard","weightG":"{}","inner":{{"name":"spring"}}}}"#,
                (number + 1) * 7919
            );
            number += 1;
        }
        body += "]}";
        Request { method: "POST", target: "/v1/things", body }
    }

    /// One small message, answered by [`upstream::MESSAGES`](crate::upstream::MESSAGES) of them.
    pub fn stream() -> Request {
        Request { target: "/v1/stream", ..Request::small() }
    }

    fn bytes(&self, address: &str) -> Vec<u8> {
        let Request { method, target, body } = self;
        format!(
            "{method} {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// What a server answers, read as JSON.
pub fn answer(address: &str, request: &Request) -> Value {
    let headers = ["Content-Type: application/json"];
    let answer =
        http::ask(address, request.method, request.target, &headers, request.body.as_bytes());
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()
}

/// What came of one turn.
pub struct Turn {
    /// Requests answered.
    pub requests: u64,
    /// The turn's time.
    pub took: Duration,
    /// The 99th percentile of a request's time.
    pub p99: Duration,
}

impl Turn {
    /// Keeps `connections` busy for a while.
    pub fn take(address: &str, request: &Request, connections: usize, time: Duration) -> Turn {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(Turn::run(address, request, connections, time))
    }

    async fn run(address: &str, request: &Request, connections: usize, time: Duration) -> Turn {
        let bytes: std::sync::Arc<[u8]> = request.bytes(address).into();
        let mut open = Vec::new();
        for _ in 0..connections {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.set_nodelay(true).expect("a socket");
            // The first answer of a connection is not counted.
            once(&mut stream, &bytes, &mut Vec::new()).await;
            open.push(stream);
        }
        let begin = Instant::now();
        let mut callers = JoinSet::new();
        for mut stream in open {
            let bytes = bytes.clone();
            callers.spawn(async move {
                let (mut times, mut buffer) = (Vec::new(), Vec::new());
                while begin.elapsed() < time {
                    let sent = Instant::now();
                    once(&mut stream, &bytes, &mut buffer).await;
                    times.push(sent.elapsed());
                }
                times
            });
        }
        let mut times: Vec<Duration> = Vec::new();
        while let Some(of_one) = callers.join_next().await {
            times.extend(of_one.expect("a caller"));
        }
        let took = begin.elapsed();
        times.sort_unstable();
        let p99 = times[(times.len() * 99 / 100).min(times.len() - 1)];
        Turn { requests: times.len() as u64, took, p99 }
    }

    /// Requests per second.
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }
}

/// One request and its answer; `buffer` is room to read into.
async fn once(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) {
    // Written beside reading: a large one may be answered before it is sent whole.
    let (mut reading, mut writing) = stream.split();
    let write = async { writing.write_all(request).await.expect("a request is taken") };
    let read = async {
        buffer.clear();
        let mut end = End::Head;
        while !end.is_reached(buffer) {
            buffer.reserve(16 << 10);
            let count = reading.read_buf(buffer).await.expect("an answer");
            assert!(count > 0, "the answer ends early: {:?}", String::from_utf8_lossy(buffer));
        }
    };
    tokio::join!(write, read);
}

/// Where an answer ends, as far as it is known.
enum End {
    Head,
    At(usize),
    Chunks,
}

impl End {
    fn is_reached(&mut self, bytes: &[u8]) -> bool {
        if let End::Head = self {
            let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                return false;
            };
            let text = std::str::from_utf8(&bytes[..head]).expect("a head in ASCII");
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            let length = text.split("\r\n").find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            *self = length.map_or(End::Chunks, |length: usize| End::At(head + 4 + length));
        }
        match self {
            End::At(end) => bytes.len() >= *end,
            // No trailers are asked for.
            _ => bytes.ends_with(b"\r\n0\r\n\r\n"),
        }
    }
}
