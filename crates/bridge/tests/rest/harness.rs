//! A bridge in front of the sample server, and cases as text.

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_bridge::{Bridge, Options, Profile};
use wirelab_call::Client;
use wirelab_model::Endpoint;
use wirelab_schema::{Input, Schema, Source};

/// The sample server and the schema that its echoes are seen through.
pub struct Harness {
    schema: Schema,
    endpoint: Endpoint,
    client: Arc<Client>,
    _server: DropGuard,
}

impl Harness {
    pub async fn start() -> Harness {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        tokio::spawn(wirelab_demo::serve(listener, stop.clone()));
        Harness {
            schema: schema(),
            endpoint: Endpoint { address, ..Endpoint::default() },
            client: Arc::new(Client::new()),
            _server: stop.drop_guard(),
        }
    }

    /// A bridge with the options that a line says, such as `envoy pretty max_message_bytes=100`.
    pub fn bridge(&self, line: &str) -> Bridge {
        let mut options = Options { endpoint: self.endpoint.clone(), ..Options::default() };
        // A failure before the first message is an HTTP status, however slow this machine is.
        options.rest.head_wait = Some(Duration::from_secs(600));
        for word in line.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let profile = Profile::ALL.into_iter().find(|profile| profile.name() == name);
            match name {
                _ if profile.is_some() => options.profile = profile.unwrap(),
                "pretty" => options.rest.pretty = true,
                "original_names" => options.rest.original_names = Some(true),
                "print_defaults" => options.rest.print_defaults = Some(true),
                "no_defaults" => options.rest.print_defaults = Some(false),
                "enums_as_numbers" => options.rest.enums_as_numbers = Some(true),
                "int64_as_numbers" => options.rest.int64_as_numbers = Some(true),
                "system_parameters" => options.rest.system_parameters = true,
                "max_message_bytes" => options.max_message_bytes = Some(value.parse().unwrap()),
                "min_compressed" => options.compression.min_bytes = Some(value.parse().unwrap()),
                "pass" => options.headers.pass.push(value.to_owned()),
                "trailer" => options.headers.trailers.push(value.to_owned()),
                "drop" => options.headers.drop.push(value.to_owned()),
                _ => panic!("what is {word}?"),
            }
        }
        Bridge::new(self.schema.clone(), self.client.clone(), options).unwrap()
    }

    /// Runs a case: a line `@ options` if need be, a request line, headers, an empty line and a body, which `\n` and
    /// `^` (pieces end there) may be in; `#` begins a comment. Tells the case and what came of it.
    pub async fn tell(&self, case: &str) -> String {
        let (head, body) = case.trim_start().split_once("\n\n").unwrap_or((case.trim(), ""));
        let mut lines = head.lines().filter(|line| !line.starts_with('#')).peekable();
        let options = lines.next_if(|line| line.starts_with("@ ")).unwrap_or("@ ");
        let (verb, target) = lines.next().unwrap().split_once(' ').unwrap();
        let mut request = Request::builder().method(verb).uri(target);
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        let body = body.trim_end_matches('\n').replace("\\n", "\n");
        let pieces: Vec<Bytes> =
            body.split('^').map(|piece| Bytes::from(piece.to_owned())).collect();
        let body = match pieces.as_slice() {
            [whole] => Body::from(whole.clone()),
            _ => Body::from_stream(futures_util::stream::iter(
                pieces.into_iter().map(Ok::<_, std::convert::Infallible>),
            )),
        };
        let request = request.body(body).unwrap();
        let response = self.bridge(&options[2..]).handle(request).await;
        let mut told = format!("{}\n\n", case.trim());
        told.push_str(&tell(response).await);
        told
    }
}

/// The types of `rest.proto`.
pub fn schema() -> Schema {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rest");
    let input = Input::Files { path: folder.join("rest.proto"), import_roots: vec![folder] };
    let source = Source::load(&input);
    assert_eq!(source.problems(), []);
    Schema::new([("rest".to_owned(), source)])
}

/// Status, headers by name, body and trailers.
pub async fn tell(response: Response<Body>) -> String {
    let (head, mut body) = response.into_parts();
    let mut told = format!("=> {}\n", head.status);
    tell_headers(&head.headers, &mut told);
    let mut data = Vec::new();
    let mut ending = String::new();
    while let Some(frame) = body.frame().await {
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(piece)) => data.extend_from_slice(&piece),
            Ok(Err(frame)) => {
                ending.push_str("trailers:\n");
                tell_headers(frame.trailers_ref().unwrap(), &mut ending);
            }
            Err(error) => {
                let _ = writeln!(ending, "broken: {error}");
                break;
            }
        }
    }
    match String::from_utf8(data) {
        Ok(text) => {
            let _ = writeln!(told, "\n{}", text.trim_end_matches('\n'));
        }
        Err(error) => {
            let _ = writeln!(told, "\n{} bytes", error.into_bytes().len());
        }
    }
    told + &ending
}

fn tell_headers(headers: &http::HeaderMap, told: &mut String) {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .filter(|line| !line.starts_with("grpc-metadata-date") && !line.starts_with("date: "))
        .collect();
    lines.sort();
    told.extend(lines);
}
