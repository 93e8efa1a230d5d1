//! The bridge beside the studio, and calls that go through one.

mod common;

use common::Rig;
use std::collections::BTreeSet;
use wirelab_model::*;

/// Method and requests; one of each kind, with and without a rule.
const CALLS: &[(&str, &[&str])] = &[
    (
        "shop.inventory.v1.InventoryService/GetStock",
        &[r#"{"sku": "KB-204-EU", "warehouseIds": ["7"]}"#],
    ),
    ("user.v1.UserService/GetUser", &[r#"{"id": 1}"#]),
    ("user.v1.UserService/ListUsers", &[r#"{"pageSize": 3}"#]),
    (
        "everything.v1.Everything/EchoClientStream",
        &[r#"{"tree": {"children": [{}]}}"#, "{}", r#"{"tree": {"label": "x"}}"#],
    ),
    ("everything.v1.Everything/EchoBidi", &[r#"{"tree": {}}"#, "{}"]),
    ("everything.v1.Everything/Nothing", &["{}"]),
];

fn over(rig: &Rig, method: &str, transport: Transport) -> CallSpec {
    let mut spec = rig.spec(method);
    spec.endpoint.transport = transport;
    spec.endpoint.bridged = true;
    spec
}

/// What a call says to the person: its answers and how it ended.
async fn said(rig: &mut Rig, spec: CallSpec, messages: &[&str]) -> (CallRecord, Vec<String>) {
    let begun = rig.start(spec, messages, true).await;
    let (record, rows) = rig.finished(begun.id).await;
    let received = rows.into_iter().filter(|row| row.direction == Direction::Received);
    (record, received.map(|row| row.text).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transport_gives_the_same_answers() {
    let mut rig = Rig::new().await;
    for (method, messages) in CALLS {
        let spec = over(&rig, method, Transport::Grpc);
        let (straight, wanted) = said(&mut rig, spec, messages).await;
        assert!(!wanted.is_empty(), "{method}");
        for transport in Transport::ALL {
            let spec = over(&rig, method, transport);
            let (record, told) = said(&mut rig, spec, messages).await;
            let name = transport.name();
            let status = record.status.clone().unwrap();
            assert_eq!((status.code, status.message.as_str()), (0, ""), "{method} by {name}");
            assert_eq!(told, wanted, "{method} by {name}");
            let (totals, whole) = (record.totals, straight.totals);
            assert_eq!(
                (totals.sent, totals.received, totals.sent_bytes, totals.received_bytes),
                (whole.sent, whole.received, whole.sent_bytes, whole.received_bytes),
                "{method} by {name}"
            );
            assert!(record.half_closed && record.peer.is_some(), "{method} by {name}");
            assert!(record.timings.total_ns > 0, "{method} by {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transport_fails_the_same_way() {
    let mut rig = Rig::new().await;
    for (method, messages) in CALLS {
        for transport in Transport::ALL {
            let mut spec = over(&rig, method, transport);
            spec.metadata.push(Metadatum::text("demo-fail", "NOT_FOUND"));
            spec.metadata.push(Metadatum::text("demo-fail-message", "no such thing"));
            let (record, _) = said(&mut rig, spec, messages).await;
            let name = transport.name();
            let status = record.status.clone().unwrap();
            assert_eq!(
                (status.code, status.message.as_str()),
                (5, "no such thing"),
                "{method} by {name}"
            );
            let details: Vec<StatusDetail> = rig.must("status_details", &status.details).await;
            let types: BTreeSet<_> = details.iter().map(|one| one.type_name.as_str()).collect();
            assert!(types.contains("google.rpc.BadRequest"), "{method} by {name}: {types:?}");
            assert!(details.iter().all(|one| !one.json.is_empty()), "{method} by {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_goes_both_ways() {
    let mut rig = Rig::new().await;
    for transport in Transport::ALL {
        let mut spec = over(&rig, "user.v1.UserService/GetUser", transport);
        spec.metadata.extend([
            Metadatum::text("demo-echo-metadata", "true"),
            Metadatum::text("x-tenant", "shop"),
            Metadatum::text("x-tenant", "again"),
            Metadatum::binary("x-trace-bin", vec![0, 255, 7]),
        ]);
        let (record, _) = said(&mut rig, spec, &[r#"{"id": 1}"#]).await;
        let name = transport.name();
        for (place, metadata) in [("headers", &record.headers), ("trailers", &record.trailers)] {
            let of = |key: &str| -> Vec<&MetadataValue> {
                metadata.iter().filter(|d| d.key == key).map(|d| &d.value).collect()
            };
            let texts = ["shop", "again"].map(|text| MetadataValue::Text(text.into()));
            assert_eq!(of("x-tenant"), texts.iter().collect::<Vec<_>>(), "{place} by {name}");
            let bytes = MetadataValue::Binary(vec![0, 255, 7].into());
            assert_eq!(of("x-trace-bin"), [&bytes], "{place} by {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_cancels_end_calls() {
    let mut rig = Rig::new().await;
    for transport in Transport::ALL {
        let mut spec = over(&rig, "user.v1.UserService/GetUser", transport);
        spec.metadata.push(Metadatum::text("demo-stall", "true"));
        let name = transport.name();
        let begun = rig.start(spec.clone(), &["{}"], true).await;
        rig.must::<()>("cancel_call", begun.id).await;
        let record = rig.follow_state(begun.id).await;
        assert_eq!(record.status.map(|status| status.code), Some(1), "{name}");
        spec.deadline_ms = Some(50);
        let (record, _) = said(&mut rig, spec, &["{}"]).await;
        assert_eq!(record.status.map(|status| status.code), Some(4), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_tell_the_request_that_carried_them() {
    let mut rig = Rig::new().await;
    let stock = "shop.inventory.v1.InventoryService/GetStock";
    let reserve = "shop.inventory.v1.InventoryService/ReserveStock";
    for (transport, method, json, verb, target, body) in [
        (Transport::Rest, stock, r#"{"sku": "a b"}"#, "GET", "/v1/stock/a%20b", None),
        (
            Transport::Rest,
            reserve,
            r#"{"sku": "a", "quantity": "2"}"#,
            "POST",
            "/v1/stock/a:reserve",
            Some("quantity"),
        ),
        (
            Transport::WebSocket,
            stock,
            r#"{"sku": "a"}"#,
            "GET",
            "/shop.inventory.v1.InventoryService/GetStock",
            Some("sku"),
        ),
    ] {
        let mut spec = over(&rig, method, transport);
        spec.metadata.push(Metadatum::text("x-tenant", "shop"));
        let token = Auth::Bearer { token: Secret("s3cret".into()) };
        let start = StartCall {
            spec,
            messages: vec![json.to_owned()],
            finish: true,
            auth: Some(token.clone()),
        };
        let begun: CallRecord = rig.must("start_call", &start).await;
        let (record, _) = rig.finished(begun.id).await;
        let request = record.request.unwrap();
        assert_eq!(request.verb, verb, "{method}");
        assert!(request.url.ends_with(target), "{}", request.url);
        assert!(
            match (body, &request.body) {
                (None, None) => true,
                (Some(part), Some(body)) => body.contains(part),
                _ => false,
            },
            "{:?}",
            request.body
        );
        let said = format!("{request:?}");
        assert!(
            !said.contains("s3cret") && !said.to_lowercase().contains("wirelab-token"),
            "{said}"
        );
        if transport == Transport::Rest {
            assert!(
                request.headers.contains(&("grpc-metadata-x-tenant".into(), "shop".into())),
                "{said}"
            );
            assert!(request.headers.contains(&("authorization".into(), "…".into())), "{said}");
        }
    }
    // A replay goes the same way.
    let page: HistoryPage =
        rig.must("history", HistoryQuery { limit: 10, ..HistoryQuery::default() }).await;
    let last = page.rows.iter().find(|row| row.transport == Transport::Rest).unwrap();
    let begun: CallRecord = rig.must("replay", last.id).await;
    let (again, _) = rig.finished(begun.id).await;
    let request = again.request.unwrap();
    assert_eq!((request.verb.as_str(), again.spec.endpoint.transport), ("POST", Transport::Rest));
    assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
    // What gRPC carries is told by nobody.
    let spec = over(&rig, stock, Transport::Grpc);
    let (record, _) = said(&mut rig, spec, &[r#"{"sku": "a"}"#]).await;
    assert_eq!(record.request, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_copied_as_lines_for_what_speaks_their_transport() {
    let rig = Rig::new().await;
    let stock = "shop.inventory.v1.InventoryService/GetStock";
    for (method, transport, bridged, begins, has) in [
        (stock, Transport::Rest, false, "curl ", "http://127.0.0.1:8080/v1/stock/a"),
        (
            stock,
            Transport::ConnectJson,
            true,
            "curl ",
            "http://127.0.0.1:8080/shop.inventory.v1.InventoryService/GetStock",
        ),
        (stock, Transport::Connect, false, "curl ", "--data-raw '{\"sku\":\"a\"}'"),
        (
            "user.v1.UserService/ChatStream",
            Transport::Connect,
            true,
            "wirelab call -transport connect -bridged ",
            "user.v1.UserService/ChatStream",
        ),
        (stock, Transport::WebSocket, false, "wirelab call -transport ws ", stock),
        (stock, Transport::Grpc, false, "grpcurl ", stock),
    ] {
        let mut spec = over(&rig, method, transport);
        spec.endpoint.bridged = bridged;
        let auth = Some(Auth::Bearer { token: Secret("s3cret".into()) });
        let messages = vec![r#"{"sku": "a"}"#.to_owned()];
        let start = StartCall { spec, messages, finish: true, auth };
        let FormattedCommand { line, .. } = rig.must("format_command", &start).await;
        assert!(line.starts_with(begins) && line.contains(has), "{line}");
        assert!(line.contains("$TOKEN") && !line.contains("s3cret"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rest_cannot_carry_is_said() {
    let mut rig = Rig::new().await;
    let spec = over(&rig, "shop.inventory.v1.InventoryService/GetStock", Transport::Rest);
    let (record, _) = said(&mut rig, spec, &["{}"]).await;
    let problem = record.status.and_then(|status| status.problem).unwrap();
    assert_eq!(problem.path.as_deref(), Some("sku"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_tells_and_stops() {
    let mut rig = Rig::new().await;
    let idle: BridgeState = rig.must("bridge", ()).await;
    assert_eq!(idle.phase, BridgePhase::Stopped);
    let upstream = Endpoint { address: rig.address.clone(), ..Endpoint::default() };
    let settings = BridgeSettings { listen: "127.0.0.1:0".into(), upstream, ..Default::default() };
    let state: BridgeState = rig.must("start_bridge", &settings).await;
    let BridgePhase::Running { address } = &state.phase else { panic!("{:?}", state.phase) };
    assert_eq!(state.settings, settings);

    // A second one cannot listen at the same place, and says so.
    let taken = BridgeSettings { listen: rig.address.clone(), ..settings.clone() };
    let other: BridgeState = rig.must("start_bridge", &taken).await;
    let BridgePhase::Failed(problem) = &other.phase else { panic!("{:?}", other.phase) };
    assert_eq!(problem.path.as_deref(), Some("listen"), "{problem}");
    assert!(std::net::TcpStream::connect(address).is_err(), "the one before has ended");

    let state: BridgeState = rig.must("start_bridge", &settings).await;
    assert!(matches!(state.phase, BridgePhase::Running { .. }));
    // Calls of this studio to the same server go through the bridge that people see.
    let spec = over(&rig, "user.v1.UserService/GetUser", Transport::Rest);
    let (record, _) = said(&mut rig, spec.clone(), &[r#"{"id": 1}"#]).await;
    assert_eq!(record.status.unwrap().code, 0);
    let watched = over(&rig, "shop.inventory.v1.InventoryService/WatchStock", Transport::WebSocket);
    let begun = rig.start(watched, &["{}"], true).await;
    let seen = loop {
        if let StudioEvent::Bridge(state) = rig.event().await
            && state.streams.iter().any(|stream| stream.received > 0)
            && state.metrics.total.codes == [(0, 1)]
        {
            break *state;
        }
    };
    let BridgeMetrics { total, faces, .. } = &seen.metrics;
    assert_eq!((total.requests, total.open, total.calls(), total.errors()), (2, 1, 1, 0));
    assert!(total.p50_ns.is_some() && total.request_bytes > 0);
    let face = |name: &str| faces.iter().find(|face| face.face == name).unwrap();
    assert_eq!((face("rest").calls(), face("rest").open), (1, 0));
    assert_eq!((face("websocket").calls(), face("websocket").open), (0, 1));
    let stream = &seen.streams[0];
    assert_eq!(stream.method, "shop.inventory.v1.InventoryService/WatchStock");
    assert_eq!((stream.face.as_str(), stream.sent), ("websocket", 1));

    let stopped: BridgeState = rig.must("stop_bridge", ()).await;
    assert_eq!(stopped.phase, BridgePhase::Stopped);
    let record = rig.follow_state(begun.id).await;
    assert_eq!(record.status.unwrap().code, StatusCode::Unavailable as u32);
    assert_eq!(rig.must::<BridgeState>("stop_bridge", ()).await.phase, BridgePhase::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn bindings_and_previews() {
    let rig = Rig::new().await;
    let Bindings { bindings, problems } = rig.must("bindings", ()).await;
    assert_eq!(problems, []);
    let find = |method: &str, template: &str| {
        let found = bindings.iter().find(|b| b.method == method && b.template == template);
        found.cloned().unwrap_or_else(|| panic!("{method} {template}: {bindings:?}"))
    };
    let stock = "shop.inventory.v1.InventoryService/GetStock";
    let reserve = "shop.inventory.v1.InventoryService/ReserveStock";
    let user = "user.v1.UserService/GetUser";
    let json = r#"{"sku": "KB 1/2", "warehouseIds": ["7", "12"]}"#;
    for (binding, json, wanted) in [
        (
            find(stock, "/v1/stock/{sku}"),
            json,
            ("GET", "/v1/stock/KB%201%2F2?warehouseIds=7&warehouseIds=12", false),
        ),
        (
            find(reserve, "/v1/stock/{sku}:reserve"),
            r#"{"sku": "a"}"#,
            ("POST", "/v1/stock/a:reserve", true),
        ),
        (
            find(user, "/user.v1.UserService/GetUser"),
            r#"{"id": 1}"#,
            ("POST", "/user.v1.UserService/GetUser", true),
        ),
    ] {
        let metadata =
            vec![Metadatum::text("x-tenant", "shop"), Metadatum::text("x-token", "s3cret")];
        let request = PreviewBinding { binding, json: json.into(), metadata };
        let preview: BindingPreview = rig.must("preview_binding", &request).await;
        let told = (preview.verb.as_str(), preview.target.as_str(), preview.body.is_some());
        assert_eq!((told, &preview.problem), (wanted, &None));
        assert_eq!(preview.url, format!("http://{DEFAULT_BRIDGE_LISTEN}{}", wanted.1));
        assert!(preview.curl.contains("Grpc-Metadata-x-tenant: shop"), "{}", preview.curl);
        assert!(!preview.curl.contains("s3cret"), "{}", preview.curl);
    }
    for (json, path) in [("{", None), (r#"{"sku": 7}"#, Some("sku")), ("{}", Some("sku"))] {
        let binding = find(stock, "/v1/stock/{sku}");
        let request = PreviewBinding { binding, json: json.into(), metadata: vec![] };
        let preview: BindingPreview = rig.must("preview_binding", &request).await;
        assert_eq!(preview.problem.unwrap().path.as_deref(), path, "{json}");
        assert_eq!(preview.url, "", "{json}");
    }
}
