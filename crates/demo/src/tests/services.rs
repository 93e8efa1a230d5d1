//! What each service does with good and bad requests.

use super::{Server, encode, method};
use bytes::Bytes;

/// One call: a method, metadata, requests.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

const QUICK: &[(&str, &str)] = &[("demo-interval-ms", "1")];

async fn check(name: &str, cases: &[Case<'_>]) {
    let server = Server::start().await;
    let mut text = String::new();
    for (path, metadata, requests) in cases {
        text += &server.tell(path, metadata, requests).await;
        text.push('\n');
    }
    insta::assert_snapshot!(name, text);
}

#[tokio::test]
async fn inventory() {
    const GET: &str = "shop.inventory.v1.InventoryService/GetStock";
    const RESERVE: &str = "shop.inventory.v1.InventoryService/ReserveStock";
    let picture = r#"{"sku": "KB-204-EU", "warehouseIds": ["7", "12"], "at": "2026-11-21T09:30:00Z",
        "maxAge": "300s", "byLocation": {"country": "COUNTRY_DE", "labels": {"tier": "gold"}},
        "readMask": "stock.onHand,stock.updatedAt"}"#;
    check(
        "inventory",
        &[
            (GET, &[], &[r#"{"sku": "KB-204-EU"}"#]),
            (GET, &[], &[picture]),
            (GET, &[], &[r#"{"sku": "KB-204-EU", "warehouseIds": ["12"]}"#]),
            (GET, &[], &[r#"{"sku": "KB-204-EU", "byLocation": {"country": "COUNTRY_JP"}}"#]),
            (GET, &[], &[r#"{"sku": "KB-204-EU", "byLocation": {"labels": {"tier": "silver"}}}"#]),
            (GET, &[], &[r#"{"sku": "MS-110", "bySupplier": "keyworks"}"#]),
            (GET, &[], &[r#"{"sku": "MS-110", "bySupplier": "Sonora"}"#]),
            (GET, &[], &[r#"{"sku": "CB-USBC-2M"}"#]),
            (GET, &[], &[r#"{"sku": "HD-7"}"#]),
            (GET, &[], &[r#"{"sku": "nothing"}"#]),
            (
                GET,
                &[],
                &[r#"{"maxAge": "-1s", "at": "9999-01-01T00:00:00Z", "readMask": "price"}"#],
            ),
            (RESERVE, &[], &[r#"{"sku": "KB-204-US", "quantity": 2, "holdFor": "3600s"}"#]),
            (RESERVE, &[], &[r#"{"sku": "KB-204-US", "quantity": 391}"#]),
            (RESERVE, &[], &[r#"{"sku": "KB-204-US", "quantity": 390}"#]),
            (RESERVE, &[], &[r#"{"sku": "KB-204-US", "quantity": 2147483647}"#]),
            (RESERVE, &[], &[r#"{"quantity": -1, "holdFor": "-5s"}"#]),
            (RESERVE, &[], &[r#"{"sku": "MS-110", "quantity": 3, "holdFor": "0s"}"#]),
            (GET, &[], &[r#"{"sku": "MS-110"}"#]),
        ],
    )
    .await;
}

#[tokio::test]
async fn watch() {
    const WATCH: &str = "shop.inventory.v1.InventoryService/WatchStock";
    const GET: &str = "shop.inventory.v1.InventoryService/GetStock";
    let quick = &[("demo-interval-ms", "1"), ("demo-count", "6")];
    check(
        "watch",
        &[
            (WATCH, quick, &[r#"{"skus": ["KB-204-US", "MS-110"]}"#]),
            (GET, &[], &[r#"{"sku": "KB-204-US"}"#]),
            (WATCH, &[("demo-count", "5")], &["{}"]),
            (WATCH, &[], &[r#"{"skus": ["nothing"]}"#]),
            (WATCH, &[], &[r#"{"minInterval": "-1s"}"#]),
            // An odd count leaves a sale open, which ends with the stream.
            (
                WATCH,
                &[("demo-interval-ms", "0"), ("demo-count", "2")],
                &[r#"{"skus": ["MS-110"]}"#],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_reservation_reaches_those_who_watch() {
    use futures_util::StreamExt;
    let server = Server::start().await;
    let method = method("shop.inventory.v1.InventoryService/WatchStock");
    let mut grpc = tonic::client::Grpc::new(server.channel.clone());
    grpc.ready().await.unwrap();
    let request = encode(&method, r#"{"skus": ["HD-7", "KB-204-EU"], "minInterval": "3600s"}"#);
    let path = "/shop.inventory.v1.InventoryService/WatchStock".parse().unwrap();
    let request = tonic::Request::new(request);
    let response = grpc.server_streaming(request, path, crate::codec::BytesCodec).await.unwrap();
    let mut changes = response.into_inner();
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(changes.next().await.unwrap().unwrap());
    }
    let reserve = "shop.inventory.v1.InventoryService/ReserveStock";
    server.tell(reserve, &[], &[r#"{"sku": "KB-204-EU", "quantity": 8}"#]).await;
    seen.push(changes.next().await.unwrap().unwrap());
    let told: Vec<_> = seen
        .iter()
        .map(|wire| {
            let json = super::decode(&method, wire);
            (
                json["sequence"].clone(),
                json["stock"]["sku"].clone(),
                json["stock"]["reserved"].clone(),
            )
        })
        .collect();
    insta::assert_debug_snapshot!(told);
}

#[tokio::test]
async fn orders() {
    const CREATE: &str = "shop.order.v1.OrderService/CreateOrder";
    const IMPORT: &str = "shop.order.v1.OrderService/ImportOrders";
    let order = r#"{"order": {"customer": "Ada", "lines": [{"sku": "KB-204-EU", "quantity": 2},
        {"sku": "HD-7", "quantity": 1, "price": {"currency": "EUR", "units": "100", "nanos": 500000000}}],
        "shipTo": {"city": "Wien", "country": "COUNTRY_AT"}, "card": {"lastFour": "4242", "token": "AAEC"},
        "notes": {"gift": "yes"}}, "requestId": "again"}"#;
    let imported: &[&str] = &[
        r#"{"reference": "a", "order": {"customer": "Ada", "lines": [{"sku": "HD-7", "quantity": 1}]}}"#,
        r#"{"reference": "b", "order": {"customer": "Ada"}}"#,
        r#"{"reference": "c"}"#,
    ];
    check(
        "orders",
        &[
            (CREATE, &[], &[order]),
            (CREATE, &[], &[order]),
            (CREATE, &[], &[r#"{"validateOnly": true, "order": {"customer": "B", "lines": [{"sku": "X", "quantity": 1}]}}"#]),
            (CREATE, &[], &["{}"]),
            (CREATE, &[], &[r#"{"order": {"lines": [{}, {"sku": "X", "quantity": 1, "price": {"currency": "USD"}}]}}"#]),
            (CREATE, &[], &[r#"{"order": {"customer": "C", "lines": [{"sku": "X", "quantity": 4294967295, "price": {"units": "9223372036854775807"}}]}}"#]),
            (IMPORT, &[], imported),
            (IMPORT, &[], &[]),
            (IMPORT, &[("demo-fail-after", "2")], imported),
        ],
    )
    .await;
}

#[tokio::test]
async fn tracking() {
    const TRACK: &str = "shop.order.v1.OrderService/TrackOrders";
    check(
        "tracking",
        &[
            (TRACK, QUICK, &[r#"{"orderId": "ord_7730", "action": "ACTION_SUBSCRIBE"}"#]),
            (
                TRACK,
                &[],
                &[
                    r#"{"orderId": "ord_7730"}"#,
                    r#"{"orderId": "ord_7731", "action": "ACTION_CANCEL"}"#,
                    r#"{"orderId": "ord_7730", "action": "ACTION_UNSUBSCRIBE"}"#,
                ],
            ),
            (TRACK, &[], &[r#"{"orderId": "ord_7730", "since": "2000-01-01T00:00:00Z"}"#]),
            (TRACK, QUICK, &[r#"{"action": "ACTION_SUBSCRIBE"}"#]),
            (TRACK, &[], &[]),
            (
                TRACK,
                &[("demo-interval-ms", "1"), ("demo-fail-after", "2"), ("demo-fail", "aborted")],
                &[r#"{"orderId": "ord_1"}"#],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn tutorials() {
    check(
        "tutorials",
        &[
            ("helloworld.Greeter/SayHello", &[], &[r#"{"name": "Ada"}"#]),
            ("helloworld.Greeter/SayHello", &[], &["{}"]),
            ("helloworld.Greeter/SayHelloStreamReply", &[], &[r#"{"name": "Ada"}"#]),
            ("helloworld.Greeter/SayHelloStreamReply", &[("demo-count", "7")], &["{}"]),
            ("helloworld.Greeter/SayHelloStreamReply", &[("demo-count", "0")], &["{}"]),
            (
                "helloworld.Greeter/SayHelloStreamRequest",
                &[],
                &[r#"{"name": "A"}"#, r#"{"name": "B"}"#, r#"{"name": "C"}"#],
            ),
            ("helloworld.Greeter/SayHelloStreamRequest", &[], &[]),
            ("helloworld.Greeter/SayHelloBidiStream", &[], &[r#"{"name": "A"}"#, "{}"]),
            ("user.v1.UserService/GetUser", &[], &[r#"{"id": 1}"#]),
            ("user.v1.UserService/GetUser", &[], &[r#"{"id": 99}"#]),
            ("user.v1.UserService/ListUsers", &[], &["{}"]),
            (
                "user.v1.UserService/ListUsers",
                QUICK,
                &[r#"{"pageSize": 2, "role": "ROLE_MEMBER"}"#],
            ),
            ("user.v1.UserService/ListUsers", &[], &[r#"{"pageSize": -1}"#]),
            (
                "user.v1.UserService/CreateUsers",
                &[],
                &[
                    r#"{"name": "Barbara Liskov", "age": 0}"#,
                    r#"{"name": "X", "email": "x@y", "role": "ROLE_GUEST"}"#,
                ],
            ),
            ("user.v1.UserService/CreateUsers", &[], &[r#"{"name": "Y"}"#, "{}"]),
            ("user.v1.UserService/GetUser", &[], &[r#"{"id": 6}"#]),
            (
                "user.v1.UserService/ChatStream",
                &[],
                &[r#"{"from": "Ada", "text": "Hi"}"#, r#"{"text": "Bye"}"#],
            ),
            ("node.v1.NodeService/GetNode", &[], &[r#"{"id": "node-1"}"#]),
            ("node.v1.NodeService/GetNode", &[], &["{}"]),
            ("node.v1.NodeService/StreamMetrics", QUICK, &[r#"{"nodeId": "node-2", "count": 2}"#]),
            (
                "node.v1.NodeService/StreamMetrics",
                &[("demo-interval-ms", "0"), ("demo-count", "1")],
                &[r#"{"nodeId": "node-1"}"#],
            ),
            (
                "node.v1.NodeService/StreamMetrics",
                &[],
                &[r#"{"nodeId": "node-1", "interval": "0.002s", "count": 1}"#],
            ),
            (
                "node.v1.NodeService/StreamMetrics",
                &[],
                &[r#"{"nodeId": "node-1", "interval": "0.0001s"}"#],
            ),
            ("node.v1.NodeService/StreamMetrics", &[], &[r#"{"nodeId": "node-9"}"#]),
        ],
    )
    .await;
}

#[tokio::test]
async fn everything_comes_back_byte_for_byte() {
    let server = Server::start().await;
    // Field 2047 is unknown everywhere, the group is open ended, and the rest is no message at all.
    let wires: [&[u8]; 4] = [b"", b"\xf8\x7f\x01", b"\xc3\x01\x0a\x01x\xc4\x01", b"\xff\xff\xff"];
    let unary = ["Echo", "EchoLegacy", "EchoStruct", "EchoAny", "EchoOld"];
    for wire in wires {
        let wire = Bytes::from_static(wire);
        for name in unary {
            let path = format!("everything.v1.Everything/{name}");
            let outcome = server.raw(&path, &[], vec![wire.clone()]).await;
            assert_eq!(outcome.messages, std::slice::from_ref(&wire), "{name}");
        }
        let outcome = server.raw("everything.v1.Editions/Echo", &[], vec![wire.clone()]).await;
        assert_eq!(outcome.messages, std::slice::from_ref(&wire), "Editions");
        let path = "everything.v1.Everything/EchoServerStream";
        let outcome = server.raw(path, &[], vec![wire.clone()]).await;
        assert_eq!(outcome.messages, vec![wire.clone(); 3]);
        let path = "everything.v1.Everything/EchoBidi";
        let outcome = server.raw(path, &[], vec![wire.clone(), Bytes::new()]).await;
        assert_eq!(outcome.messages, [wire.clone(), Bytes::new()]);
        let path = "everything.v1.Everything/Nothing";
        let outcome = server.raw(path, &[], vec![wire]).await;
        assert_eq!(outcome.messages, [Bytes::new()]);
    }
}

#[tokio::test]
async fn a_client_stream_comes_back_as_a_list() {
    let server = Server::start().await;
    let path = "everything.v1.Everything/EchoClientStream";
    let method = method(path);
    let message = encode(&method, r#"{"scalars": {"int64Value": "-1"}, "far": "x"}"#);
    let outcome = server.raw(path, &[], vec![message, Bytes::new()]).await;
    let [list] = &outcome.messages[..] else {
        panic!("one answer, not {}", outcome.messages.len())
    };
    insta::assert_snapshot!(super::decode(&method, list), @r#"{"messages":[{"scalars":{"int64Value":"-1"},"far":"x"},{}]}"#);
    let list = prost_reflect::DynamicMessage::decode(method.output(), &list[..]).unwrap();
    assert_eq!(list.unknown_fields().count(), 0);
}
