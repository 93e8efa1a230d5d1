//! How a bridge behaves.

use crate::bind::Binding;
use wirelab_model::Endpoint;

/// What a bridge is told. [`Default`] is safe to run on loopback.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The server behind it.
    pub endpoint: Endpoint,
    /// Whose habits it has where transcoders differ.
    pub profile: Profile,
    /// How path and query are read.
    pub binding: Binding,
    /// Bytes that one message may have, in any form; none means
    /// [`DEFAULT_MAX_MESSAGE_BYTES`](wirelab_model::DEFAULT_MAX_MESSAGE_BYTES).
    pub max_message_bytes: Option<u64>,
}

/// Whose habits a bridge has where transcoders differ: a team can compare before it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// What the specifications say; strict where they are silent.
    #[default]
    Wirelab,
    /// Envoy's `grpc_json_transcoder` filter.
    Envoy,
    /// grpc-gateway's `runtime.ServeMux`.
    GrpcGateway,
    /// Connect's vanguard-go.
    Vanguard,
}

impl Profile {
    /// Every profile, the default first.
    pub const ALL: [Profile; 4] =
        [Profile::Wirelab, Profile::Envoy, Profile::GrpcGateway, Profile::Vanguard];

    /// `wirelab`, `envoy`, `grpc-gateway`, `vanguard`.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Wirelab => "wirelab",
            Profile::Envoy => "envoy",
            Profile::GrpcGateway => "grpc-gateway",
            Profile::Vanguard => "vanguard",
        }
    }
}
