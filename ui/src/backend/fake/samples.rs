//! The small shop that the canned studio holds.

use std::collections::BTreeMap;
use wirelab_model::{
    CallKind, Cardinality, Catalog, Description, Endpoint, EnumShape, EnumValueShape, FieldShape,
    FieldType, Form, FormTypes, HttpRule, MessageShape, MethodInfo, Problem, ProblemKind, Scalar,
    ServiceInfo, SourceInfo, SourceSpec, SourceState, WellKnown,
};

pub const RESPONSE: &str = r#"{"stock":{"sku":"KB-204-EU","onHand":"1840","reserved":112,"status":"STATUS_AVAILABLE","updatedAt":"2026-11-21T09:29:57.412Z","bins":[{"bin":"A-17","count":1200},{"bin":"C-03","count":640}]}}"#;

const EXAMPLE: &str = r#"{
  "sku": "KB-204-EU",
  "warehouseIds": ["7", "12"],
  "at": "2026-11-21T09:30:00Z",
  "maxAge": "300s",
  "byLocation": {
    "country": "COUNTRY_DE",
    "labels": { "tier": "gold" }
  },
  "readMask": "stock.onHand,stock.updatedAt"
}"#;

type Sample = (&'static str, CallKind, Option<(&'static str, &'static str)>);
const SERVICES: [(&str, &[Sample]); 3] = [
    (
        "grpc.health.v1.Health",
        &[("Check", CallKind::Unary, None), ("Watch", CallKind::ServerStream, None)],
    ),
    (
        "shop.inventory.v1.InventoryService",
        &[
            ("GetStock", CallKind::Unary, Some(("GET", "/v1/stock/{sku}"))),
            ("ReserveStock", CallKind::Unary, Some(("POST", "/v1/stock/{sku}:reserve"))),
            ("WatchStock", CallKind::ServerStream, Some(("GET", "/v1/stock:watch"))),
        ],
    ),
    (
        "shop.order.v1.OrderService",
        &[
            ("CreateOrder", CallKind::Unary, Some(("POST", "/v1/orders"))),
            ("ImportOrders", CallKind::ClientStream, None),
            ("TrackOrders", CallKind::Bidi, Some(("GET", "/v1/orders:track"))),
        ],
    ),
];

pub fn endpoint() -> Endpoint {
    Endpoint { address: "localhost:50051".into(), ..Endpoint::default() }
}

pub fn catalog() -> Catalog {
    let source = |id: &str, label: &str, spec, state, problems| SourceInfo {
        id: id.into(),
        spec,
        label: label.into(),
        files: 4,
        services: 3,
        state,
        problems,
    };
    let problem =
        Problem::new(ProblemKind::MissingImport, "Import “shop/common/money.proto” is not found")
            .at("shop/order/v1/broken.proto")
            .span(7, 1)
            .help("Add the folder that holds “shop/common” to the import folders");
    let files = |path: &str| SourceSpec::Files { path: path.into(), import_roots: Vec::new() };
    let reflection = SourceSpec::Reflection { endpoint: endpoint(), metadata: Vec::new() };
    Catalog {
        revision: 1,
        sources: vec![
            source(
                "1",
                "proto-samples/shop",
                files("proto-samples/shop"),
                SourceState::Ready,
                vec![],
            ),
            source("2", "drafts", files("drafts"), SourceState::Partial, vec![problem]),
            source("3", "reflection · localhost:50051", reflection, SourceState::Ready, vec![]),
        ],
        services: SERVICES.iter().map(|(name, methods)| service(name, methods)).collect(),
    }
}

fn service(name: &str, methods: &[Sample]) -> ServiceInfo {
    let method = |(method, kind, http): &Sample| MethodInfo {
        path: format!("{name}/{method}"),
        name: (*method).into(),
        kind: *kind,
        input: "shop.inventory.v1.GetStockRequest".into(),
        output: "shop.inventory.v1.GetStockResponse".into(),
        docs: format!("What {method} does, as its comment says."),
        deprecated: *method == "ReserveStock",
        http: http
            .iter()
            .map(|(verb, path)| HttpRule {
                verb: (*verb).into(),
                path: (*path).into(),
                body: String::new(),
                response_body: String::new(),
            })
            .collect(),
    };
    ServiceInfo {
        name: name.into(),
        package: name.rsplit_once('.').map_or("", |(package, _)| package).into(),
        source: "1".into(),
        file: "shop.proto".into(),
        docs: "A part of the shop.".into(),
        deprecated: false,
        methods: methods.iter().map(method).collect(),
    }
}

pub fn kind(path: &str) -> CallKind {
    let catalog = catalog();
    crate::state::tree::method(&catalog, path).map(|method| method.kind).unwrap_or_default()
}

pub fn describe(name: String) -> Description {
    Description {
        kind: "method".into(),
        file: "shop.proto".into(),
        text: "// Stock of one article.\nrpc GetStock(GetStockRequest) returns (GetStockResponse);"
            .into(),
        name,
    }
}

pub fn form(path: &str) -> Result<Form, Problem> {
    if crate::state::tree::method(&catalog(), path).is_none() {
        return Err(Problem::new(ProblemKind::NotFound, format!("No source defines “{path}”")));
    }
    Ok(Form { types: types(), example: EXAMPLE.into() })
}

/// The message of the design's picture.
pub fn types() -> FormTypes {
    let field = |name: &str, number, cardinality, ty, oneof: Option<&str>| FieldShape {
        name: name.into(),
        json_name: camel(name),
        number,
        docs: String::new(),
        deprecated: false,
        cardinality,
        ty,
        oneof: oneof.map(str::to_owned),
        behavior_required: name == "sku",
    };
    let scalar = FieldType::Scalar;
    let message = |name: &str| FieldType::Message(name.into());
    let shape = |name: &str, well_known, fields| MessageShape {
        name: name.into(),
        docs: String::new(),
        well_known,
        fields,
    };
    let location = "shop.inventory.v1.Location";
    let root = "shop.inventory.v1.GetStockRequest";
    let (implicit, explicit) = (Cardinality::Implicit, Cardinality::Explicit);
    let messages = [
        shape(
            root,
            None,
            vec![
                field("sku", 1, implicit, scalar(Scalar::String), None),
                field("warehouse_ids", 2, Cardinality::Repeated, scalar(Scalar::Int64), None),
                field("at", 3, explicit, message("google.protobuf.Timestamp"), None),
                field("max_age", 4, explicit, message("google.protobuf.Duration"), None),
                field("by_location", 5, explicit, message(location), Some("lookup")),
                field("by_supplier", 6, explicit, scalar(Scalar::String), Some("lookup")),
                field("read_mask", 7, explicit, message("google.protobuf.FieldMask"), None),
            ],
        ),
        shape(
            location,
            None,
            vec![
                field("country", 1, implicit, FieldType::Enum("shop.Country".into()), None),
                field("labels", 2, Cardinality::Map(Scalar::String), scalar(Scalar::String), None),
                field("within", 3, explicit, message(location), None),
            ],
        ),
        shape("google.protobuf.Timestamp", Some(WellKnown::Timestamp), vec![]),
        shape("google.protobuf.Duration", Some(WellKnown::Duration), vec![]),
        shape("google.protobuf.FieldMask", Some(WellKnown::FieldMask), vec![]),
    ];
    let value = |(name, number): (&str, i32)| EnumValueShape {
        name: name.into(),
        number,
        docs: String::new(),
        deprecated: false,
    };
    let country = EnumShape {
        name: "shop.Country".into(),
        docs: String::new(),
        values: [("COUNTRY_UNSPECIFIED", 0), ("COUNTRY_FR", 1), ("COUNTRY_DE", 2)]
            .map(value)
            .into(),
        closed: false,
    };
    FormTypes {
        root: root.into(),
        messages: messages.into_iter().map(|m| (m.name.clone(), m)).collect(),
        enums: BTreeMap::from([(country.name.clone(), country)]),
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
