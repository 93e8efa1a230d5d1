//! The studio's methods: one list, expanded by the façade, by every shell and by the UI's client, so that a
//! missing handler does not compile.

use crate::*;
use serde::{Deserialize, Serialize};

/// Expands a macro over every studio method: `$callback! { /// doc name(Request) -> Reply; … }`.
///
/// A request and a reply are one JSON value each; `()` is `null`. Failures are a [`Problem`].
#[macro_export]
macro_rules! studio_methods {
    ($callback:ident) => {
        $callback! {
            /// Who answers, and what the screens need first.
            hello(()) -> $crate::Hello;
            /// Everything the loaded sources offer.
            catalog(()) -> $crate::Catalog;
            /// Loads one more source; files given twice are read again. What a server said of itself by reflection
            /// holds until `reload` asks again. The source's problems are in the catalog.
            add_source($crate::SourceSpec) -> $crate::Catalog;
            /// Forgets a source.
            remove_source($crate::SourceId) -> $crate::Catalog;
            /// Reads one source again, or all.
            reload(Option<$crate::SourceId>) -> $crate::Catalog;
            /// The request form of `pkg.Service/Method` (or of a message by full name).
            form(String) -> $crate::Form;
            /// A service, method, message or enum by full name, as `.proto` text with its comments.
            describe(String) -> $crate::Description;
            /// Checks a request's JSON text against its method without sending it.
            check($crate::CheckRequest) -> $crate::Checked;
            /// Starts a call; what happens comes as [`StudioEvent::Call`].
            start_call($crate::StartCall) -> $crate::CallRecord;
            /// Sends one more message on an open call.
            send_message($crate::SendMessage) -> ();
            /// Says that no more messages will come. A call that is over already is no error.
            finish_sending($crate::CallId) -> ();
            /// Ends a call now. A call that is over already is no error.
            cancel_call($crate::CallId) -> ();
            /// A call, running or recorded.
            call($crate::CallId) -> $crate::CallRecord;
            /// Messages of a call, running or recorded, by index.
            messages($crate::MessagesQuery) -> Vec<$crate::MessageRow>;
            /// One message whole.
            message($crate::MessageQuery) -> $crate::MessageDetail;
            /// What one message takes in each form that it may travel in, measured; empty when it cannot be read.
            encodings($crate::MessageQuery) -> Vec<$crate::Encoded>;
            /// What the `details` of a `Status` hold (a `google.rpc.Status`), each detail as JSON where its
            /// type is known to a source or built in, else as bytes; what is no `Status` is one entry of bytes.
            status_details($crate::Blob) -> Vec<$crate::StatusDetail>;
            /// Recorded calls, newest first.
            history($crate::HistoryQuery) -> $crate::HistoryPage;
            /// Forgets recorded calls by id; returns how many there were.
            delete_calls(Vec<$crate::CallId>) -> u64;
            /// Forgets every recorded call that matches; returns how many there were.
            clear_history($crate::HistoryFilter) -> u64;
            /// Makes a recorded call again: same server, metadata and bytes.
            replay($crate::CallId) -> $crate::CallRecord;
            /// The newest finished calls that match, oldest first, at most 5,000.
            latencies($crate::HistoryFilter) -> Vec<$crate::LatencyPoint>;
            /// Mean payload of each method over the calls that match, most calls first, at most 50.
            payloads($crate::HistoryFilter) -> Vec<$crate::MethodPayload>;
            /// Saved requests by name.
            saved(()) -> Vec<$crate::SavedRequest>;
            /// Saves a request, new (id 0) or changed.
            save($crate::SavedRequest) -> $crate::SavedRequest;
            /// Forgets a saved request.
            delete_saved($crate::SavedId) -> ();
            /// Starts a comparison; how it goes comes as [`StudioEvent::Bench`].
            start_bench($crate::BenchSpec) -> $crate::BenchProgress;
            /// Stops a comparison; what was measured is kept.
            cancel_bench($crate::BenchId) -> ();
            /// Comparisons, newest first, at most 500.
            benches(()) -> Vec<$crate::BenchRow>;
            /// One comparison.
            bench($crate::BenchId) -> $crate::BenchReport;
            /// Forgets a comparison.
            delete_bench($crate::BenchId) -> ();
            /// Whether a server is there and what its health service says.
            health($crate::Endpoint) -> $crate::Health;
            /// Watches the health of a server (none: of no server any longer) instead of the one before; what it says
            /// comes as [`StudioEvent::Health`], at first and whenever it changes.
            watch_health(Option<$crate::HealthQuery>) -> ();
            /// The instances behind an address as they are now; begins to watch them when nobody has called yet.
            channel($crate::Endpoint) -> $crate::ChannelInfo;
            /// How the bridge is.
            bridge(()) -> $crate::BridgeState;
            /// Starts the bridge, instead of the one that runs; how it goes comes as [`StudioEvent::Bridge`].
            start_bridge($crate::BridgeSettings) -> $crate::BridgeState;
            /// Ends the bridge and the requests under way in it. One that does not run is no error.
            stop_bridge(()) -> $crate::BridgeState;
            /// Every way to every method that the loaded sources offer.
            bindings(()) -> $crate::Bindings;
            /// A request as a binding sends it; what is wrong with it is in the reply.
            preview_binding($crate::PreviewBinding) -> $crate::BindingPreview;
            /// Reads a `grpcurl` or `wirelab call` command line as a request.
            parse_command(String) -> $crate::ParsedCommand;
            /// A request as a complete command line: for `curl` by REST and by Connect with one message, for `grpcurl` by
            /// gRPC, else for `wirelab call`.
            format_command($crate::StartCall) -> $crate::FormattedCommand;
        }
    };
}

/// Who answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of Wirelab.
    pub version: String,
    /// The address that new requests start with; the sample server's when it runs beside the studio.
    pub default_endpoint: Endpoint,
    /// The data folder.
    pub data_dir: String,
    /// Why history cannot be kept, when it cannot.
    pub history_problem: Option<Problem>,
    /// How many calls are recorded.
    pub history_count: u64,
}

/// A request form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// The message's shape.
    pub types: FormTypes,
    /// A filled-in example, pretty ProtoJSON.
    pub example: String,
}

/// A symbol described.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Full name.
    pub name: String,
    /// `service`, `method`, `message`, `enum`.
    pub kind: String,
    /// The file that defines it.
    pub file: String,
    /// `.proto` text.
    pub text: String,
}

/// A request to check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRequest {
    /// `pkg.Service/Method`.
    pub method: String,
    /// JSON text.
    pub json: String,
}

/// A request checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// What is wrong; empty when it can be sent.
    pub problems: Vec<Problem>,
    /// Its sizes when it can be sent; gzip ones included.
    pub sizes: Option<Sizes>,
}

/// A call to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartCall {
    /// The call; `kind` is taken from the schema.
    pub spec: CallSpec,
    /// JSON texts to send at once: exactly one unless the client streams, any number then.
    pub messages: Vec<String>,
    /// Half-close after these; always so unless the client streams.
    pub finish: bool,
    /// Credentials to make metadata of; not recorded.
    #[serde(default)]
    pub auth: Option<Auth>,
}

/// A command line read as a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParsedCommand {
    /// The request; its method may be one that no loaded source has.
    pub request: SavedRequest,
    /// Schemas that the line names: files, descriptor sets, or the server by reflection.
    pub sources: Vec<SourceSpec>,
    /// What the line asks for that a request cannot hold, and what is missing.
    pub notes: Vec<Problem>,
}

/// A request as a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormattedCommand {
    /// As a POSIX shell reads it; secrets are variables.
    pub line: String,
    /// What the request asks for that the line cannot say, each in a word or two.
    pub left_out: Vec<String>,
}

/// One more message for an open call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendMessage {
    /// Which call.
    pub call: CallId,
    /// JSON text.
    pub json: String,
}

/// A part of a call's messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesQuery {
    /// Which call.
    pub call: CallId,
    /// First index.
    pub from: u64,
    /// How many; at most 10,000 are returned.
    pub limit: u32,
}

/// One message of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageQuery {
    /// Which call.
    pub call: CallId,
    /// Its index.
    pub index: u64,
}

/// One entry of a `google.rpc.Status`' details.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusDetail {
    /// Full name of its message, such as `google.rpc.BadRequest`.
    pub type_name: String,
    /// Pretty ProtoJSON; empty when the type is not known or the bytes are not one.
    pub json: String,
    /// The Protobuf bytes.
    pub wire: Blob,
}

/// Whose health is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthQuery {
    /// The server.
    pub endpoint: Endpoint,
    /// Full name of a service; empty for the server as a whole.
    #[serde(default)]
    pub service: String,
    /// Sent with the question.
    #[serde(default)]
    pub metadata: Vec<Metadatum>,
}

/// What a watched server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthUpdate {
    /// What was asked.
    pub query: HealthQuery,
    /// The answer.
    pub health: Health,
}

/// What a server says of its health.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Health {
    /// `grpc.health.v1` says SERVING.
    Serving,
    /// It says NOT_SERVING.
    NotServing,
    /// It does not know the service that was asked for.
    Unknown,
    /// The server answers gRPC, but has no health service.
    Up,
    /// It does not answer as a gRPC server.
    Down(Problem),
}

/// What the studio tells its screens without being asked. A screen that lags is told
/// [`Lagged`](StudioEvent::Lagged) and asks for what it shows again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StudioEvent {
    /// A call went on. Updates of a call come at most some twenty times a second and the last is never left out.
    Call(Box<CallUpdate>),
    /// A comparison went on.
    Bench(BenchProgress),
    /// The sources changed; ask for the catalog.
    Catalog {
        /// Its new revision.
        revision: u64,
    },
    /// Calls were recorded or forgotten.
    History {
        /// How many are recorded now.
        total: u64,
    },
    /// A call waits until somebody has signed in at an authorization server.
    SignIn {
        /// Which call; none for what is asked apart from calls.
        call: Option<CallId>,
        /// To be opened in a browser: `http` or `https`.
        url: String,
    },
    /// What the watched server says of its health.
    Health(Box<HealthUpdate>),
    /// The bridge was started or stopped, or something passed through it; a few times a second at most.
    Bridge(Box<BridgeState>),
    /// Events were dropped because this screen was slow.
    Lagged,
}

/// How far a call has come, and the messages since the update before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallUpdate {
    /// The call as it stands.
    pub record: CallRecord,
    /// New messages, indices ascending without gaps from the last update's end; at most 1,000. When fewer than
    /// `record.totals` promises, the rest follows.
    pub rows: Vec<MessageRow>,
}
