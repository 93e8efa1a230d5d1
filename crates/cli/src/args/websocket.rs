//! Flags of `wirelab bridge` for WebSockets: each option of the bridge's has one.

use super::values::{Named, duration, named, size};
use clap::Args as ClapArgs;
use std::time::Duration;
use wirelab_bridge::{
    Framings, RESUME_MESSAGES, RESUME_STREAMS, ResumeOptions, SOCKET_QUEUE_MESSAGES, SlowConsumer,
    SocketOptions,
};

const SLOW: Named<SlowConsumer> = &[
    ("pause", SlowConsumer::Pause),
    ("drop-oldest", SlowConsumer::DropOldest),
    ("close", SlowConsumer::Close1013),
];

const FRAMINGS: Named<Framings> = &[
    ("wirelab", Framings::Wirelab),
    ("grpc-websocket-proxy", Framings::GrpcWebsocketProxy),
    ("grpc-websockets", Framings::GrpcWebsockets),
];

/// How WebSockets behave.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "WebSocket")]
pub struct WebSockets {
    /// How often a ping is sent; none sends none
    #[arg(long, value_name = "TIME", value_parser = or_none, default_value = "30s")]
    pub ws_ping_interval: Limit,
    /// How long its pong, or any other sign of life, may take
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "20s")]
    pub ws_pong_timeout: Duration,
    /// How long a client may take from the upgrade to what begins its call
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub ws_start_timeout: Duration,
    /// How long a socket may be without a message either way
    #[arg(long, value_name = "TIME", value_parser = or_none, default_value = "none")]
    pub ws_idle_timeout: Limit,
    /// How long a socket may live
    #[arg(long, value_name = "TIME", value_parser = or_none, default_value = "none")]
    pub ws_max_duration: Limit,
    /// What happens to a client that does not take its messages: the server waits for it, it misses the oldest, or its
    /// socket is closed with 1013
    #[arg(long, value_name = "POLICY", value_parser = named(SLOW), default_value = "pause")]
    pub ws_slow_consumer: SlowConsumer,
    /// Messages that wait for it before drop-oldest or close acts
    #[arg(long, value_name = "N", default_value_t = SOCKET_QUEUE_MESSAGES)]
    pub ws_queue_messages: usize,
    /// The same in bytes
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "256KiB")]
    pub ws_queue_size: usize,
    /// Do not compress messages (permessage-deflate)
    #[arg(long)]
    pub ws_no_compression: bool,
    /// Bytes that one message may have before decompression [default: as --max-message-size]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub ws_max_compressed_size: Option<usize>,
    /// The framing of clients that name none [default: by the URL and the profile]
    #[arg(long, value_name = "NAME", value_parser = named(FRAMINGS))]
    pub ws_framing: Option<Framings>,
    /// A method, pkg.Service/Method, whose lost streams may be resumed, beside those that declare themselves free of side
    /// effects
    #[arg(long = "ws-resume", value_name = "METHOD")]
    pub ws_resumes: Vec<String>,
    /// How long a lost stream waits to be resumed; none makes none resumable
    #[arg(long, value_name = "TIME", value_parser = or_none, default_value = "60s")]
    pub ws_resume_window: Limit,
    /// How many of its last messages a stream that can be resumed keeps
    #[arg(long, value_name = "N", default_value_t = RESUME_MESSAGES)]
    pub ws_resume_messages: usize,
    /// The same in bytes
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "256KiB")]
    pub ws_resume_size: usize,
    /// How many streams can be resumed at the same time
    #[arg(long, value_name = "N", default_value_t = RESUME_STREAMS)]
    pub ws_resume_streams: usize,
}

/// A time, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

fn or_none(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit(None)),
        text => duration(text)
            .map(|time| Limit(Some(time)))
            .map_err(|error| format!("{error}, or none")),
    }
}

impl WebSockets {
    /// The same as the bridge has it.
    pub fn options(&self) -> SocketOptions {
        SocketOptions {
            ping_interval: self.ws_ping_interval.0,
            pong_timeout: self.ws_pong_timeout,
            start_timeout: self.ws_start_timeout,
            idle_timeout: self.ws_idle_timeout.0,
            max_duration: self.ws_max_duration.0,
            compression: !self.ws_no_compression,
            max_compressed_bytes: self.ws_max_compressed_size.map(|size| size as u64),
            slow_consumer: self.ws_slow_consumer,
            queue_messages: self.ws_queue_messages,
            queue_bytes: self.ws_queue_size,
            unnamed: self.ws_framing,
            resume: ResumeOptions {
                methods: self.ws_resumes.clone(),
                window: self.ws_resume_window.0.unwrap_or_default(),
                messages: self.ws_resume_messages,
                bytes: self.ws_resume_size,
                streams: self.ws_resume_streams,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(flatten)]
        sockets: WebSockets,
    }

    fn options(flags: &str) -> SocketOptions {
        let words = std::iter::once("wirelab").chain(flags.split_whitespace());
        Only::try_parse_from(words).unwrap().sockets.options()
    }

    #[test]
    fn without_flags_sockets_are_as_by_default() {
        assert_eq!(options(""), SocketOptions::default());
    }

    #[test]
    fn each_option_has_a_flag() {
        let second = Duration::from_secs(1);
        let flags = "--ws-ping-interval none --ws-pong-timeout 1s --ws-start-timeout 1s --ws-idle-timeout 1s \
            --ws-max-duration 1s --ws-slow-consumer close --ws-queue-messages 1 --ws-queue-size 1 --ws-no-compression \
            --ws-max-compressed-size 1 --ws-framing grpc-websockets --ws-resume a.B/C --ws-resume d.E/F \
            --ws-resume-window 1s --ws-resume-messages 1 --ws-resume-size 1 --ws-resume-streams 1";
        // Without a rest: an option without a flag does not compile.
        let wanted = SocketOptions {
            ping_interval: None,
            pong_timeout: second,
            start_timeout: second,
            idle_timeout: Some(second),
            max_duration: Some(second),
            compression: false,
            max_compressed_bytes: Some(1),
            slow_consumer: SlowConsumer::Close1013,
            queue_messages: 1,
            queue_bytes: 1,
            unnamed: Some(Framings::GrpcWebsockets),
            resume: ResumeOptions {
                methods: vec!["a.B/C".to_owned(), "d.E/F".to_owned()],
                window: second,
                messages: 1,
                bytes: 1,
                streams: 1,
            },
        };
        assert_eq!(options(flags), wanted);
        assert!(options("--ws-resume-window none").resume.window.is_zero());
    }
}
