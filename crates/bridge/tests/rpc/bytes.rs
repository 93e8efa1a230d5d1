//! What is answered byte for byte, most of all to clients that do something wrong.

use crate::raw::*;
use crate::support::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wirelab_bridge::{CorsOptions, Options, Origins};
use wirelab_model::{Metadatum, Status, StatusCode};

#[tokio::test]
async fn grpc() {
    let hi = framed(0, HI);
    let two = [framed(0, HI), framed(0, b"")].concat();
    let packed = framed(1, &gzip(HI));
    let nothing = framed(1, b"");
    let (say, chat) = ("POST /test.v1.Echo/Say", "POST /test.v1.Echo/Chat");
    let post = |path: &str, rest: &str| format!("{path} | content-type: application/grpc{rest}");
    let rows: Vec<(String, &[u8])> = vec![
        (post(say, " | x-a: 1 | b-bin: AQI= | grpc-timeout: 1S | te: trailers"), &hi),
        (post(say, "+json"), br#"_____"#),
        (
            post(say, "+json"),
            &[
                0, 0, 0, 0, 13, b'{', b'"', b't', b'e', b'x', b't', b'"', b':', b'"', b'h', b'i',
                b'"', b'}',
            ],
        ),
        (post(chat, ""), &two),
        (post(chat, ""), b""),
        (post("POST /other.Service/Any", ""), &two),
        (post("POST /other.Service/Any", "+json"), &two),
        (post("POST /nothing", ""), &hi),
        (post(say, " | grpc-encoding: gzip"), &packed),
        (post(say, " | grpc-encoding: br"), &packed),
        (post(say, " | grpc-encoding: deflate"), &packed),
        (post(say, ""), &packed),
        (post(say, ""), b""),
        (post(say, ""), &two),
        (post(say, ""), &hi[..7]),
        (post(say, ""), b"\x02\0\0\0\0"),
        (post(say, ""), b"\0\xff\xff\xff\xff"),
        (post(chat, ""), &hi[..3]),
        (post(say, " | grpc-timeout: soon"), &hi),
        (post(say, " | b-bin: !"), &hi),
        (post(say, "+thrift"), &hi),
        (post(say, "; charset=utf-8"), &hi),
        (format!("{say} | content-type: Application/GRPC+Proto"), &hi),
        (post(say, " | grpc-encoding: gzip"), &nothing),
        (post(say, " | grpc-encoding: identity"), &nothing),
        (post(say, " | grpc-timeout: 123456789S"), &hi),
        (post(say, " | grpc-timeout: -1S"), &hi),
        (post(say, " | grpc-timeout: 0m"), &hi),
        (post(say, " | b-bin: AQ==, Ag | b-bin: Aw | b-bin: "), &hi),
        (
            post(
                say,
                " | grpc-previous-rpc-attempts: 1 | grpc-foo-bin: AQ | grpc-trace-bin: AQ | x-A: 1 | expect: 100-continue",
            ),
            &hi,
        ),
        (
            post(say, " | x-forwarded-for: 10.0.0.1 | host: me.example | x-forwarded-proto: https"),
            &hi,
        ),
        (post("POST /prefix/test.v1.Echo/Say", ""), &hi),
        (post("POST /test.v1.Echo%2FSay", ""), &hi),
        (post("POST //test.v1.Echo/Say", ""), &hi),
        (post("POST /test.v1.Echo/../Say", ""), &hi),
        (post("POST /test.v1.Echo/Say/", ""), &hi),
        (post("GET /test.v1.Echo/Say", ""), b""),
        (post("POST /test.v1.Echo/Say HTTP/1", ""), &hi),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(line, body)| (line.as_str(), *body)).collect();
    insta::assert_snapshot!(table(&Echo::default(), Options::default(), &rows).await);
}

#[tokio::test]
async fn grpc_web() {
    let hi = framed(0, HI);
    let json = framed(0, br#"{"text":"hi"}"#);
    let text = STANDARD.encode(&hi);
    let pieces = format!("{}{}", STANDARD.encode(&hi[..5]), STANDARD.encode(&hi[5..]));
    let (say, split) = ("POST /test.v1.Echo/Say HTTP/1", "POST /test.v1.Echo/Split HTTP/1");
    let post =
        |path: &str, rest: &str| format!("{path} | content-type: application/grpc-web{rest}");
    let ended = framed(0x80, b"");
    let cut = framed(0, b"[");
    let packed = gzip(&hi);
    let rows: Vec<(String, &[u8])> = vec![
        (post(say, " | x-grpc-web: 1 | x-user-agent: grpc-web-javascript/0.1 | x-a: 1"), &hi),
        (post(split, "+proto"), &hi),
        (post(split, "+json"), &json),
        (post(split, "-text"), text.as_bytes()),
        (post(split, "-text+proto"), pieces.as_bytes()),
        (post(say, "-text | accept: application/grpc-web+proto"), text.as_bytes()),
        (post(say, " | accept: application/grpc-web-text"), &hi),
        (post(say, "-text"), b"AAA*"),
        (post(say, "-text"), b""),
        (post(say, ""), &ended),
        (post(say, "+json"), &cut),
        (post("POST /other.Service/Any", ""), &hi),
        (post(say, "+thrift"), &hi),
        (post(say, "-text-base64"), text.as_bytes()),
        (post(say, " | accept: application/grpc-web-text-base64"), &hi),
        (post(say, " | content-encoding: gzip"), &packed),
        (post(say, " | content-encoding: gzip"), &hi),
        (post(say, " | content-encoding: snappy"), &hi),
        (post(say, " | connection: x-hop | x-hop: 1 | proxy-authorization: Basic x"), &hi),
        (post("GET /test.v1.Echo/Say", ""), b""),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(line, body)| (line.as_str(), *body)).collect();
    insta::assert_snapshot!(table(&Echo::default(), Options::default(), &rows).await);
}

#[tokio::test]
async fn connect_unary() {
    let (say, look) = ("POST /test.v1.Echo/Say HTTP/1", "/test.v1.Echo/Look");
    let packed = gzip(HI);
    let post = |rest: &str| {
        format!("{say} | connect-protocol-version: 1 | content-type: application/{rest}")
    };
    let get = |query: &str| format!("GET {look}?connect=v1{query}");
    let rows: Vec<(String, &[u8])> = vec![
        (post("proto | connect-timeout-ms: 1000 | x-a: 1"), HI),
        (post("json; charset=utf-8"), br#"{"text": "hi", "later": 1}"#),
        (post("json"), br#"{"text": 1}"#),
        (post("json"), b""),
        (post("proto"), b""),
        (post("proto | content-encoding: gzip"), &packed),
        (post("proto | content-encoding: identity"), HI),
        (post("proto | content-encoding: snappy"), &packed),
        (post("proto | content-encoding: br"), &packed),
        (post("proto | content-encoding: gzip"), b""),
        (post("proto | connect-timeout-ms: 1s"), HI),
        (format!("{say} | connect-timeout-ms: 99 | content-type: Application/JSON"), b"{}"),
        (format!("{say} | content-type: Application/Proto"), HI),
        (post("proto | b-bin: AQ==,Ag | connect-x: 1 | trailer-x: 1"), HI),
        (post("xml"), HI),
        (post("connect+proto"), HI),
        (format!("{say} | connect-protocol-version: 2 | content-type: application/proto"), HI),
        ("PUT /test.v1.Echo/Look | connect-protocol-version: 1".to_owned(), HI),
        ("POST /other.Service/Any | content-type: application/proto".to_owned(), HI),
        (
            "POST /other.Service/Any | content-type: application/json | connect-protocol-version: 1"
                .to_owned(),
            b"{}",
        ),
        (get("&encoding=json&message=%7B%22text%22%3A%22hi%22%7D"), b""),
        (get("&encoding=proto&base64=1&message=CgJoaQ"), b""),
        (get(&format!("&encoding=proto&base64=1&compression=gzip&message={}", STANDARD.encode(&packed).replace('+', "-").replace('/', "_"))), b""),
        (format!("GET {look}?encoding=json&message=%7B%7D&x=1"), b""),
        (format!("GET {look}?message=%7B%7D"), b""),
        ("GET /test.v1.Echo/Say?encoding=json&message=%7B%7D".to_owned(), b""),
        (get("&encoding=proto&base64=1&compression=gzip&message="), b""),
        (get("&encoding=proto&base64=1&compression=snappy&message="), b""),
        (get("&encoding=proto&base64=1&message=***"), b""),
        (get("&encoding=xml&message="), b""),
        (get("&encoding=json"), b""),
        (get("&message=x"), b""),
        ("GET /test.v1.Echo/Look?connect=v2&encoding=json&message={} | connect-protocol-version: 1".to_owned(), b""),
        ("GET /test.v1.Echo/Say?connect=v1&encoding=json&message={}".to_owned(), b""),
        ("GET /test.v1.Echo/Split?connect=v1&encoding=json&message={}".to_owned(), b""),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(line, body)| (line.as_str(), *body)).collect();
    insta::assert_snapshot!(table(&Echo::default(), Options::default(), &rows).await);
}

#[tokio::test]
async fn connect_streams() {
    let hi = framed(0, HI);
    let two = [framed(0, HI), framed(0, b"")].concat();
    let json = [framed(0, br#"{"text":"hi"}"#), framed(0, br#"{"count":"5"}"#)].concat();
    let packed = framed(1, &gzip(HI));
    let post = |method: &str, rest: &str| {
        format!("POST /test.v1.Echo/{method} | content-type: application/connect+{rest}")
    };
    let broken = [framed(0, b"{}"), framed(0, b"{")].concat();
    let ended = framed(2, b"{}");
    let (nothing, braces) = (framed(1, b""), framed(0, b"{}"));
    let rows: Vec<(String, &[u8])> = vec![
        (post("Split", "proto | connect-timeout-ms: 60000"), &hi),
        (post("Join", "json"), &json),
        (post("Chat", "proto"), &two),
        (post("Chat", "proto | connect-content-encoding: gzip"), &packed),
        (post("Chat", "proto | connect-content-encoding: snappy"), &packed),
        (post("Chat", "json"), &broken),
        (post("Chat", "proto"), &ended),
        (post("Chat", "proto"), &packed),
        (post("Chat", "proto"), &hi[..3]),
        (post("Chat", "proto"), &hi[..7]),
        (post("Split", "proto | connect-content-encoding: br"), &nothing),
        ("POST /test.v1.Echo/Split | content-type: Application/Connect+JSON".to_owned(), &braces),
        (post("Split", "proto"), b""),
        (post("Split", "proto"), &two),
        (post("Split", "proto | content-encoding: gzip"), &hi),
        (post("Split", "proto | connect-protocol-version: 0"), &hi),
        (post("Say", "proto"), &hi),
        ("POST /test.v1.Echo/Split | content-type: application/proto".to_owned(), HI),
        (
            "POST /test.v1.Echo/Chat HTTP/1 | content-type: application/connect+proto".to_owned(),
            &hi,
        ),
        ("POST /other.Service/Any | content-type: application/connect+proto".to_owned(), &two),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(line, body)| (line.as_str(), *body)).collect();
    insta::assert_snapshot!(table(&Echo::default(), Options::default(), &rows).await);
}

/// However a message comes, it has the same limit.
#[tokio::test]
async fn connect_limits() {
    let post = "POST /test.v1.Echo/Say HTTP/1 | content-type: application/proto";
    let get = |message: &str| {
        format!("GET /test.v1.Echo/Look?connect=v1&encoding=proto&base64=1{message}")
    };
    let bomb = STANDARD.encode(gzip(&[0; 9])).replace('+', "-").replace('/', "_");
    let rows: Vec<(String, &[u8])> = vec![
        (post.to_owned(), b"\x0a\x06hi, hi"),
        (post.to_owned(), b"\x0a\x07hi, hi!"),
        (get("&message=CgZoaSwgaGk"), b""),
        (get("&message=CgdoaSwgaGkh"), b""),
        (get(&format!("&compression=gzip&message={bomb}")), b""),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(line, body)| (line.as_str(), *body)).collect();
    let options = Options { max_message_bytes: Some(8), ..Options::default() };
    insta::assert_snapshot!(table(&Echo::default(), options, &rows).await);
}

/// A call that fails, before its head and after, in each protocol.
#[tokio::test]
async fn failures() {
    // A `google.rpc.Status` with a `test.v1.Text` of "hi" and something that nobody knows.
    let any = |name: &str, value: &[u8]| {
        let mut any = vec![0x0a, name.len() as u8];
        any.extend(name.bytes());
        any.extend([0x12, value.len() as u8]);
        any.extend(value);
        let mut field = vec![0x1a, any.len() as u8];
        field.extend(any);
        field
    };
    let details = [any("a.example/test.v1.Text", HI), any("b.example/x.Y", &[255])].concat();
    let status = Status {
        details: details.into(),
        ..Status::new(StatusCode::PermissionDenied, "käse is 100% gone")
    };
    let metadata = vec![
        Metadatum::text("x-t", "1"),
        Metadatum::binary("x-t-bin", vec![255]),
        Metadatum::text("content-type", "application/grpc"),
        Metadatum::text("grpc-encoding", "gzip"),
        Metadatum::text("access-control-allow-origin", "*"),
    ];
    let frame = framed(0, HI);
    let rows: [(&str, &[u8]); 5] = [
        (
            "POST /test.v1.Echo/Say | content-type: application/grpc | grpc-accept-encoding: zstd,gzip",
            &frame,
        ),
        ("POST /test.v1.Echo/Say | content-type: application/grpc-web", &frame),
        ("POST /test.v1.Echo/Say | content-type: application/proto", HI),
        (
            "POST /test.v1.Echo/Say | content-type: application/json | connect-protocol-version: 1",
            b"{}",
        ),
        ("POST /test.v1.Echo/Split | content-type: application/connect+json", &framed(0, b"{}")),
    ];
    let mut text = String::new();
    for trailers_only in [false, true] {
        let echo = Echo {
            status: status.clone(),
            metadata: metadata.clone(),
            trailers_only,
            ..Echo::default()
        };
        text.push_str(&table(&echo, Options::default(), &rows).await);
    }
    insta::assert_snapshot!(text);
}

/// Pages of other origins, over each face.
#[tokio::test]
async fn pages() {
    let origins = Origins::parse(["https://page.example"]).unwrap();
    let cors = CorsOptions { origins, ..CorsOptions::default() };
    let options = Options { cors, ..Options::default() };
    let ask =
        "access-control-request-method: POST | access-control-request-headers: content-type,x-a";
    let socket = "connection: upgrade | upgrade: websocket | sec-websocket-version: 13 | sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
    let (page, other) = ("origin: https://page.example", "origin: https://other.example");
    let frame = framed(0, HI);
    let rows: Vec<(String, &[u8])> = vec![
        (format!("OPTIONS /test.v1.Echo/Say HTTP/1 | {page} | {ask}"), b""),
        (format!("OPTIONS /test.v1.Echo/Say HTTP/1 | origin: https://other.example | {ask}"), b""),
        (format!("POST /test.v1.Echo/Say | {page} | content-type: application/grpc-web"), &frame),
        (format!("POST /test.v1.Echo/Say | {page} | content-type: application/proto"), HI),
        (format!("POST /test.v1.Echo/Say | {page} | content-type: application/xml | connect-protocol-version: 1"), HI),
        ("POST /test.v1.Echo/Say | content-type: application/proto | origin: https://other.example".to_owned(), HI),
        ("POST /test.v1.Echo/Say | content-type: application/proto".to_owned(), HI),
        (format!("POST /test.v1.Echo/Say | {page} | content-type: application/json"), b"{}"),
        (format!("POST /test.v1.Echo/Say | {page} | content-type: application/json"), b"{"),
        (format!("GET /test.v1.Echo/Look?encoding=json&message={{}} | {page}"), b""),
        (format!("OPTIONS /test.v1.Echo/Say | {page}"), b""),
        (format!("POST /test.v1.Echo/Say | {other} | sec-fetch-site: cross-site"), b"{}"),
        (format!("GET /test.v1.Echo/Say HTTP/1 | {other} | {socket}"), b""),
        (format!("GET /test.v1.Echo/None HTTP/1 | {page} | {socket}"), b""),
        (format!("OPTIONS /test.v1.Echo/Say | {page} | {ask} | access-control-request-private-network: true"), b""),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(line, body)| (line.as_str(), *body)).collect();
    let echo = Echo { metadata: vec![Metadatum::text("x-t", "1")], ..Echo::default() };
    insta::assert_snapshot!(table(&echo, options, &rows).await);
}
