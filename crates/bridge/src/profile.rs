//! Whose habits a bridge has where transcoders differ. One table of behaviours; `PROFILES.md` says where each line comes
//! from and which is right by the specification.

use crate::refusal::http_status;
use http::StatusCode as Http;
use wirelab_model::StatusCode;

/// Whose habits a bridge has where transcoders differ: a team can compare before it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// What the specifications say; strict where they are silent.
    #[default]
    Wirelab,
    /// Envoy's `grpc_json_transcoder` filter.
    Envoy,
    /// grpc-gateway's `runtime.ServeMux`, version 2.
    GrpcGateway,
    /// The same of version 1, which etcd 3.4 has.
    GrpcGatewayV1,
    /// Connect's vanguard-go.
    Vanguard,
}

/// What profiles differ in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behaviour {
    /// `stock_level` instead of `stockLevel`.
    pub original_names: bool,
    /// Fields that have their default value are written.
    pub print_defaults: bool,
    /// With them, `null` for what has presence and is not set, as Go's `protojson` does.
    pub print_nulls: bool,
    /// JSON members that the message does not have are refused.
    pub refuse_unknown_fields: bool,
    /// Query parameters that the message does not have are refused.
    pub refuse_unknown_parameters: bool,
    /// What counts of a scalar that path, query and body give.
    pub precedence: Precedence,
    /// Parameters are taken where the body is the whole request.
    pub query_beside_body: bool,
    /// Methods are at `POST /pkg.Service/Method` too.
    pub unbound_methods: bool,
    /// Bodies are read as JSON only when they say that they are.
    pub check_content_type: bool,
    /// What `Accept` does.
    pub accept: Accept,
    /// HEAD is answered where GET is, OPTIONS everywhere.
    pub implied_verbs: bool,
    /// A body is refused where the rule takes none.
    pub refuse_stray_body: bool,
    /// What UNAUTHENTICATED says is sent as `WWW-Authenticate`.
    pub message_is_challenge: bool,
    /// PATCH without an update mask has it made from the JSON.
    pub derive_update_mask: bool,
    /// `fields` in the query prunes the answer.
    pub fields_parameter: bool,
    /// Path and query are bound to the first message of a stream only.
    pub bind_first_only: bool,
    /// How an answer stream is written when `Accept` names no form.
    pub stream: StreamShape,
    /// What a failure is told as.
    pub error: ErrorShape,
    /// The HTTP status of CANCELLED.
    pub cancelled: u16,
    /// The HTTP status of FAILED_PRECONDITION.
    pub failed_precondition: u16,
    /// The HTTP status where the path is there under another verb.
    pub other_verb: u16,
    /// Which headers become metadata.
    pub inbound: Inbound,
    /// What response metadata becomes.
    pub outbound: Outbound,
}

/// What `Accept` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accept {
    /// It names the form of the answer; one that excludes every form is refused.
    Strict,
    /// It names the form of the answer where it can.
    Lenient,
    /// Nothing.
    Ignored,
}

/// What counts of a scalar that path, query and body give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// Path over query over body.
    Path,
    /// Body over path and query.
    Body,
}

/// How an answer stream is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamShape {
    /// `[{…},{…}]`; a failure is the last element, `{"error": {…}}`.
    Array,
    /// `{"result": {…}}` a line; a failure is `{"error": {…}}`, also before the first message.
    WrappedLines,
}

/// What a failure is told as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// `google.rpc.Status`, without `details` when there are none.
    Status,
    /// `google.rpc.Status`, always with `details`.
    StatusWithDetails,
    /// `{"error": …, "message": …, "code": …}` with the message twice, plain text where no rule fits; in a stream
    /// `grpc_code`, `http_code`, `message` and `http_status`.
    Legacy,
    /// `google.rpc.Status` for what the server says, plain text for what the bridge says.
    StatusOrText,
}

/// Which headers become metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inbound {
    /// `Grpc-Metadata-*` without that; others of a list under their own names.
    Named,
    /// `Grpc-Metadata-*` without that; permanent ones with `grpcgateway-` before them; `authorization`.
    Prefixed,
    /// All.
    All,
    /// All but what gRPC, gRPC-Web and Connect say by them; what is no base64 although it should be is refused. So their
    /// faces have it, whatever the profile.
    Rpc,
}

/// What response metadata becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outbound {
    /// `Grpc-Metadata-*`; trailers `Grpc-Trailer-*`, as fields of the head where the client takes no trailers.
    Prefixed,
    /// `Grpc-Metadata-*`, what describes gRPC's own encoding included; trailers `Grpc-Trailer-*` when the client takes
    /// trailers.
    PrefixedAll,
    /// Headers of the same names; trailers are left out.
    Same,
}

const WIRELAB: Behaviour = Behaviour {
    original_names: false,
    print_defaults: false,
    print_nulls: false,
    refuse_unknown_fields: true,
    refuse_unknown_parameters: true,
    precedence: Precedence::Path,
    query_beside_body: false,
    unbound_methods: true,
    check_content_type: true,
    accept: Accept::Strict,
    implied_verbs: true,
    refuse_stray_body: true,
    message_is_challenge: false,
    derive_update_mask: true,
    fields_parameter: true,
    bind_first_only: false,
    stream: StreamShape::Array,
    error: ErrorShape::Status,
    cancelled: 499,
    failed_precondition: 400,
    other_verb: 405,
    inbound: Inbound::Named,
    outbound: Outbound::Prefixed,
};

const ENVOY: Behaviour = Behaviour {
    original_names: false,
    print_defaults: false,
    print_nulls: false,
    refuse_unknown_fields: false,
    refuse_unknown_parameters: true,
    precedence: Precedence::Body,
    query_beside_body: true,
    unbound_methods: true,
    check_content_type: false,
    accept: Accept::Ignored,
    implied_verbs: false,
    refuse_stray_body: false,
    message_is_challenge: false,
    derive_update_mask: false,
    fields_parameter: false,
    bind_first_only: true,
    stream: StreamShape::Array,
    error: ErrorShape::StatusOrText,
    cancelled: 499,
    failed_precondition: 400,
    other_verb: 404,
    inbound: Inbound::All,
    outbound: Outbound::Same,
};

const GRPC_GATEWAY: Behaviour = Behaviour {
    original_names: false,
    print_defaults: true,
    print_nulls: true,
    refuse_unknown_fields: false,
    refuse_unknown_parameters: false,
    precedence: Precedence::Path,
    query_beside_body: false,
    unbound_methods: false,
    check_content_type: false,
    accept: Accept::Ignored,
    implied_verbs: false,
    refuse_stray_body: false,
    message_is_challenge: true,
    derive_update_mask: true,
    fields_parameter: false,
    bind_first_only: false,
    stream: StreamShape::WrappedLines,
    error: ErrorShape::StatusWithDetails,
    cancelled: 499,
    failed_precondition: 400,
    other_verb: 501,
    inbound: Inbound::Prefixed,
    outbound: Outbound::PrefixedAll,
};

const GRPC_GATEWAY_V1: Behaviour = Behaviour {
    original_names: true,
    print_defaults: false,
    derive_update_mask: false,
    error: ErrorShape::Legacy,
    cancelled: 408,
    failed_precondition: 412,
    other_verb: 405,
    ..GRPC_GATEWAY
};

const VANGUARD: Behaviour = Behaviour {
    original_names: false,
    print_defaults: true,
    print_nulls: true,
    refuse_unknown_fields: false,
    refuse_unknown_parameters: true,
    precedence: Precedence::Path,
    query_beside_body: true,
    unbound_methods: false,
    check_content_type: true,
    accept: Accept::Lenient,
    implied_verbs: false,
    refuse_stray_body: true,
    message_is_challenge: false,
    derive_update_mask: false,
    fields_parameter: false,
    bind_first_only: true,
    stream: StreamShape::Array,
    error: ErrorShape::StatusWithDetails,
    cancelled: 499,
    failed_precondition: 400,
    other_verb: 405,
    inbound: Inbound::All,
    outbound: Outbound::Same,
};

impl Profile {
    /// Every profile, the default first.
    pub const ALL: [Profile; 5] = [
        Profile::Wirelab,
        Profile::Envoy,
        Profile::GrpcGateway,
        Profile::GrpcGatewayV1,
        Profile::Vanguard,
    ];

    /// `wirelab`, `envoy`, `grpc-gateway`, `grpc-gateway-v1`, `vanguard`.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Wirelab => "wirelab",
            Profile::Envoy => "envoy",
            Profile::GrpcGateway => "grpc-gateway",
            Profile::GrpcGatewayV1 => "grpc-gateway-v1",
            Profile::Vanguard => "vanguard",
        }
    }

    /// What it does where others do something else.
    pub(crate) fn behaviour(self) -> &'static Behaviour {
        match self {
            Profile::Wirelab => &WIRELAB,
            Profile::Envoy => &ENVOY,
            Profile::GrpcGateway => &GRPC_GATEWAY,
            Profile::GrpcGatewayV1 => &GRPC_GATEWAY_V1,
            Profile::Vanguard => &VANGUARD,
        }
    }
}

impl Behaviour {
    /// The HTTP status of a gRPC code.
    pub fn http_status(&self, code: u32) -> Http {
        let own = match StatusCode::from_number(code) {
            Some(StatusCode::Cancelled) => Http::from_u16(self.cancelled),
            Some(StatusCode::FailedPrecondition) => Http::from_u16(self.failed_precondition),
            _ => return http_status(code),
        };
        own.unwrap_or(Http::INTERNAL_SERVER_ERROR)
    }
}
