//! Who gets in and what they get, through real sockets.

use super::{Guard, Shared, serve};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::{fmt::Write, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest},
};
use tokio_util::sync::CancellationToken;
use wirelab_studio::{Config, Studio};

/// A server of its own for one test.
struct Server {
    address: SocketAddr,
    token: String,
    shared: Shared,
    task: tokio::task::JoinHandle<Result<(), wirelab_model::Problem>>,
    _folder: tempfile::TempDir,
}

/// What came back.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Server {
    async fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: Some(folder.path().to_owned()), ..Config::default() };
        let studio = Studio::open(config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let guard = Guard::new(address).unwrap();
        let token = guard.url().split_once("token=").unwrap().1.to_owned();
        let shared = Shared { studio, guard: Arc::new(guard), shutdown: CancellationToken::new() };
        let task = tokio::spawn(serve(listener, shared.clone()));
        Server { address, token, shared, task, _folder: folder }
    }

    /// Fills `{host}`, `{port}`, `{token}` and `{cookie}` in.
    fn fill(&self, text: &str) -> String {
        let cookie = format!("wirelab_{}={}", self.address.port(), self.token);
        text.replace("{host}", &self.address.to_string())
            .replace("{port}", &self.address.port().to_string())
            .replace("{token}", &self.token)
            .replace("{cookie}", &cookie)
    }

    async fn ask(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let mut request = format!("{} HTTP/1.1\r\nConnection: close\r\n", self.fill(line));
        for header in headers {
            write!(request, "{}\r\n", self.fill(header)).unwrap();
        }
        write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

const HOST: &str = "Host: {host}";
const ORIGIN: &str = "Origin: http://{host}";
const COOKIE: &str = "Cookie: {cookie}";
const BEARER: &str = "Authorization: Bearer {token}";
const HELLO: &str = "POST /api/hello";
const FIRST: &str = "GET /?token={token}";

#[tokio::test]
async fn who_gets_in() {
    let server = Server::start().await;
    let cases: &[(u16, &str, &[&str])] = &[
        // By cookie from a page of this server, under any of its names.
        (200, HELLO, &[HOST, ORIGIN, COOKIE]),
        (200, HELLO, &["Host: localhost:{port}", "Origin: http://localhost:{port}", COOKIE]),
        (200, HELLO, &["Host: LOCALHOST:{port}", "Origin: http://LOCALHOST:{port}", COOKIE]),
        (200, HELLO, &["Host: [::1]:{port}", "Origin: http://[::1]:{port}", COOKIE]),
        (200, HELLO, &[HOST, ORIGIN, "Cookie: a=b; {cookie}; c=d"]),
        // By header from a program.
        (200, HELLO, &[HOST, BEARER]),
        (200, HELLO, &[HOST, ORIGIN, BEARER]),
        // No token, a wrong one, or one where it does not belong.
        (403, HELLO, &[HOST]),
        (403, HELLO, &[HOST, ORIGIN]),
        (403, HELLO, &[HOST, ORIGIN, "Cookie: wirelab_{port}="]),
        (403, HELLO, &[HOST, ORIGIN, "Cookie: wirelab_{port}=00000000000000000000000000000000"]),
        (403, HELLO, &[HOST, ORIGIN, "Cookie: wirelab_1={token}"]),
        (403, HELLO, &[HOST, "Authorization: Bearer {token}0"]),
        (403, HELLO, &[HOST, "Authorization: Bearer "]),
        (403, HELLO, &[HOST, "Authorization: Basic {token}"]),
        (403, "POST /api/hello?token={token}", &[HOST, ORIGIN]),
        (403, "POST /api/none", &[HOST]),
        (403, "GET /api/events", &[HOST, ORIGIN]),
        // A cookie alone, without saying where the request comes from.
        (403, HELLO, &[HOST, COOKIE]),
        // Another site, and what looks like this one.
        (403, HELLO, &[HOST, COOKIE, "Origin: http://evil.example"]),
        (403, HELLO, &[HOST, COOKIE, "Origin: null"]),
        (403, HELLO, &[HOST, COOKIE, "Origin: https://{host}"]),
        (403, HELLO, &[HOST, COOKIE, "Origin: http://{host}.evil.example"]),
        (403, HELLO, &[HOST, COOKIE, "Origin: http://localhost:3000"]),
        (403, HELLO, &[HOST, BEARER, "Origin: http://evil.example"]),
        (403, "GET /", &[HOST, "Origin: http://evil.example"]),
        // A name that somebody made point here.
        (403, HELLO, &["Host: evil.example", "Origin: http://evil.example", COOKIE]),
        (403, HELLO, &["Host: evil.example:{port}", "Origin: http://evil.example:{port}", BEARER]),
        (403, HELLO, &["Host: localhost.evil.example", BEARER]),
        (403, HELLO, &["Host: 127.0.0.1.evil.example", BEARER]),
        (403, HELLO, &["Host: localhost@evil.example", BEARER]),
        (403, HELLO, &["Host: 192.168.1.1", BEARER]),
        (403, HELLO, &["Host: ", BEARER]),
        (403, HELLO, &[BEARER]),
        (403, "GET /", &["Host: evil.example"]),
        (403, FIRST, &["Host: evil.example"]),
        // First visits.
        (303, FIRST, &[HOST]),
        (303, "GET /?a=b&token={token}", &[HOST]),
        (403, "GET /?token=0", &[HOST]),
        (403, "GET /?token=", &[HOST]),
    ];
    for (status, line, headers) in cases {
        let answer = server.ask(line, headers, "").await;
        assert_eq!(answer.status, *status, "{line} {headers:?}\n{}", answer.body);
        if *status == 403 {
            let problem = answer.json();
            assert_eq!(problem["kind"], "Forbidden", "{line} {headers:?}");
            assert!(problem["help"].is_string(), "{line} {headers:?}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn the_first_visit_gets_a_cookie_that_scripts_cannot_read() {
    let server = Server::start().await;
    let answer = server.ask(FIRST, &[HOST], "").await;
    let cookie = answer.header("set-cookie").unwrap();
    assert_eq!(cookie, server.fill("{cookie}; Path=/; HttpOnly; SameSite=Strict"));
    assert_eq!(answer.header("location"), Some("/"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(
        server.token.len() == 32 && server.token.bytes().all(|letter| letter.is_ascii_hexdigit())
    );
    let other = Server::start().await;
    assert_ne!(server.token, other.token);
    let stale = [&*server.fill("Authorization: Bearer {token}"), HOST];
    assert_eq!(other.ask(HELLO, &stale, "").await.status, 403);
}

#[tokio::test]
async fn studio_methods() {
    let server = Server::start().await;
    let large = "9".repeat(300);
    let cases: &[(u16, &str, &str, &str)] = &[
        (200, HELLO, "null", r#""version""#),
        (200, HELLO, "", r#""version""#),
        (200, "POST /api/catalog", "null", r#""services":[]"#),
        (404, "POST /api/nothing", "null", "NotFound"),
        (404, "POST /api/call", "77", "NotFound"),
        (400, "POST /api/call", "1x", "Syntax"),
        (400, "POST /api/call", r#""x""#, "Mismatch"),
        (400, "POST /api/call", &large, "not a request for call"),
        (405, "GET /api/hello", "", "by POST"),
        (404, "POST /api/a/b", "", "NotFound"),
        (405, "POST /index.html", "", "by POST"),
        (404, "GET /no/such/file", "", "NotFound"),
        (404, "GET /../../Cargo.toml", "", "NotFound"),
        (404, "GET /%2e%2e/%2e%2e/Cargo.toml", "", "NotFound"),
    ];
    for (status, line, body, part) in cases {
        let answer = server.ask(line, &[HOST, BEARER], body).await;
        assert_eq!(answer.status, *status, "{line} {body}\n{}", answer.body);
        assert!(answer.body.contains(part), "{line} {body}\n{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{line}");
    }
}

#[tokio::test]
async fn a_request_without_end_is_refused() {
    let server = Server::start().await;
    let length = super::api::MAX_BODY_BYTES + 1;
    let head = server.fill(&format!(
        "POST /api/hello HTTP/1.1\r\n{HOST}\r\n{BEARER}\r\nContent-Length: {length}\r\n\r\n"
    ));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn the_page_says_what_to_do_or_is_the_app() {
    let server = Server::start().await;
    let answer = server.ask("GET /", &[HOST], "").await;
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    if answer.status == 503 {
        assert!(answer.body.contains("cargo xtask studio"));
        return;
    }
    assert_eq!(answer.status, 200);
    let tag = answer.header("etag").unwrap();
    let again = server.ask("GET /", &[HOST, &format!("If-None-Match: {tag}")], "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

impl Server {
    async fn socket(
        &self,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
        let mut request =
            format!("ws://{}/api/events", self.address).into_client_request().unwrap();
        for (key, value) in headers {
            request.headers_mut().insert(*key, self.fill(value).parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn events() {
    let server = Server::start().await;
    let refused: &[&[(&'static str, &str)]] = &[
        &[],
        &[("cookie", "{cookie}")],
        &[("origin", "http://{host}")],
        &[("cookie", "{cookie}"), ("origin", "http://evil.example")],
        &[("authorization", "Bearer 0")],
    ];
    for headers in refused {
        assert_eq!(server.socket(headers).await.err(), Some(403), "{headers:?}");
    }
    let page = [("cookie", "{cookie}"), ("origin", "http://{host}")];
    let mut socket = server.socket(&page).await.ok().unwrap();
    let mut program = server.socket(&[("authorization", "Bearer {token}")]).await.ok().unwrap();

    let body = json!({"Files": {"path": env!("CARGO_MANIFEST_DIR"), "import_roots": []}});
    let answer = server.ask("POST /api/add_source", &[HOST, BEARER], &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for socket in [&mut socket, &mut program] {
        loop {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            let event: Value = serde_json::from_str(&text).unwrap();
            if event["Catalog"]["revision"].is_number() {
                break;
            }
        }
    }

    server.shared.shutdown.cancel();
    let goodbye = loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => break frame.code,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(u16::from(goodbye), 1001);
    drop((socket, program));
    server.task.await.unwrap().unwrap();
    server.shared.studio.close().await;
}
