//! How sockets behave.

use std::time::Duration;

/// How often a ping is sent unless told otherwise.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long its pong, or any other sign of life, may take unless told otherwise.
pub const PONG_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client may take from the upgrade to what begins its call, unless told otherwise.
pub const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Messages that wait for a slow client before a policy other than [`SlowConsumer::Pause`] acts, unless told otherwise.
pub const SOCKET_QUEUE_MESSAGES: usize = 64;
/// The same in bytes; one message may pass it.
pub const SOCKET_QUEUE_BYTES: usize = 256 << 10;
/// How long a lost socket's stream waits to be resumed unless told otherwise.
pub const RESUME_WINDOW: Duration = Duration::from_secs(60);
/// How many of its last messages a stream that can be resumed keeps, unless told otherwise.
pub const RESUME_MESSAGES: usize = 128;
/// The same in bytes; one message may pass it.
pub const RESUME_BYTES: usize = 256 << 10;
/// How many streams can be resumed at the same time unless told otherwise; more are not made resumable.
pub const RESUME_STREAMS: usize = 1000;

/// How sockets behave. [`Default`] pings every 30 seconds, compresses, pauses for slow clients and has no time limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// How often a ping is sent; none sends no pings.
    pub ping_interval: Option<Duration>,
    /// How long its pong, or any other sign of life, may take.
    pub pong_timeout: Duration,
    /// How long a client may take from the upgrade to what begins its call.
    pub start_timeout: Duration,
    /// How long a socket may be without a message either way; none is for ever.
    pub idle_timeout: Option<Duration>,
    /// How long a socket may live; none is for ever.
    pub max_duration: Option<Duration>,
    /// Whether `permessage-deflate` is accepted.
    pub compression: bool,
    /// Bytes that one message of a client may have before decompression; none allows what it may have afterwards,
    /// [`max_message_bytes`](crate::Options::max_message_bytes).
    pub max_compressed_bytes: Option<u64>,
    /// What happens to a client that does not take its messages.
    pub slow_consumer: SlowConsumer,
    /// Messages that wait for it before a policy other than [`SlowConsumer::Pause`] acts.
    pub queue_messages: usize,
    /// The same in bytes.
    pub queue_bytes: usize,
    /// The framing of clients that name none; none decides by their URL, as `WEBSOCKET.md` says.
    pub unnamed: Option<Framings>,
    /// Which streams can be resumed.
    pub resume: ResumeOptions,
}

/// What happens to a client that does not take its messages as fast as the server sends them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SlowConsumer {
    /// The server is slowed down to it: nothing is read that it does not take.
    #[default]
    Pause,
    /// It misses the oldest messages that wait, and is told how many.
    DropOldest,
    /// Its socket is closed with code 1013.
    Close1013,
}

/// The framings of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framings {
    /// Ours, as `WEBSOCKET.md` says.
    Wirelab,
    /// That of tmc/grpc-websocket-proxy.
    GrpcWebsocketProxy,
    /// That of the subprotocol `grpc-websockets` of improbable-eng/grpc-web.
    GrpcWebsockets,
}

/// Which streams can be resumed after their socket was lost, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeOptions {
    /// Methods that it is safe for, as `pkg.Service/Method`, beside those whose `idempotency_level` is
    /// `NO_SIDE_EFFECTS`.
    pub methods: Vec<String>,
    /// How long a lost socket's stream waits; zero makes no stream resumable.
    pub window: Duration,
    /// How many of its last messages a stream keeps.
    pub messages: usize,
    /// The same in bytes.
    pub bytes: usize,
    /// How many streams can be resumed at the same time.
    pub streams: usize,
}

impl Default for SocketOptions {
    fn default() -> SocketOptions {
        SocketOptions {
            ping_interval: Some(PING_INTERVAL),
            pong_timeout: PONG_TIMEOUT,
            start_timeout: START_TIMEOUT,
            idle_timeout: None,
            max_duration: None,
            compression: true,
            max_compressed_bytes: None,
            slow_consumer: SlowConsumer::default(),
            queue_messages: SOCKET_QUEUE_MESSAGES,
            queue_bytes: SOCKET_QUEUE_BYTES,
            unnamed: None,
            resume: ResumeOptions::default(),
        }
    }
}

impl Default for ResumeOptions {
    fn default() -> ResumeOptions {
        ResumeOptions {
            methods: Vec::new(),
            window: RESUME_WINDOW,
            messages: RESUME_MESSAGES,
            bytes: RESUME_BYTES,
            streams: RESUME_STREAMS,
        }
    }
}
