//! How a bridge behaves.

use crate::admission::Policy;
use crate::bind::Binding;
use crate::compress::CompressionOptions;
use crate::cors::CorsOptions;
use crate::headers::HeaderOptions;
use crate::observe::ObserveOptions;
use crate::openapi::OpenApi;
use crate::own::Own;
use crate::profile::Profile;
use crate::rest::RestOptions;
use crate::rules::Routing;
use crate::socket::SocketOptions;
use wirelab_model::{DEFAULT_MAX_MESSAGE_BYTES, Endpoint};

/// What a bridge is told. [`Default`] is safe to run on loopback.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The server behind it.
    pub endpoint: Endpoint,
    /// What the bridge itself says to that server.
    pub own: Own,
    /// Whose habits it has where transcoders differ.
    pub profile: Profile,
    /// How the service is told to people and tools.
    pub open_api: OpenApi,
    /// Which rules there are beside those of the schema.
    pub routing: Routing,
    /// How path and query are read.
    pub binding: Binding,
    /// How answers are compressed.
    pub compression: CompressionOptions,
    /// What becomes of headers and metadata.
    pub headers: HeaderOptions,
    /// REST where it shall be other than the profile has it.
    pub rest: RestOptions,
    /// Who may call what, and how often.
    pub admission: Policy,
    /// What it tells of itself.
    pub observe: ObserveOptions,
    /// Bytes that one message may have, in any form; none means [`DEFAULT_MAX_MESSAGE_BYTES`].
    pub max_message_bytes: Option<u64>,
    /// What pages of other origins may do; nothing unless told otherwise.
    pub cors: CorsOptions,
    /// How sockets behave.
    pub socket: SocketOptions,
}

impl Options {
    /// Bytes that one message may have.
    pub(crate) fn message_limit(&self) -> u64 {
        self.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES)
    }
}
