//! Where a browser comes back to after signing in: one address of this machine, for as long as it takes
//! (RFC 8252 §7.3).

use super::super::wrong;
use super::answer;
use super::form::find;
use http::Uri;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use wirelab_model::{Problem, ProblemKind};

/// How many connections are heard at once: browsers open some that they do not use.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection may take to ask.
const REQUEST_WAIT: Duration = Duration::from_secs(10);
/// The longest head of a request, bytes.
const MAX_HEAD: usize = 32 << 10;

/// The address that is wanted.
pub(super) struct Redirect {
    host: String,
    /// 0 for any.
    port: u16,
    path: String,
}

/// The address while it is listened at.
pub(super) struct Listening {
    /// As the authorization server is told it.
    pub url: String,
    path: String,
    listener: TcpListener,
}

impl Redirect {
    /// Understands `http://localhost:PORT/path`; empty is any port.
    pub fn parse(url: &str) -> Result<Redirect, Problem> {
        let url = url.trim();
        if url.is_empty() {
            return Ok(Redirect { host: "127.0.0.1".into(), port: 0, path: "/".into() });
        }
        let wrong = |message: &str| {
            let help = "write http://localhost:PORT/path as the authorization server knows it, or leave it empty";
            wrong("auth.redirect_url", format!("the redirect address {message}"), help)
        };
        let uri: Uri = url.parse().map_err(|_| wrong("is not a web address"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("does not begin with http://"));
        }
        match uri.host() {
            Some(host @ ("127.0.0.1" | "localhost")) => Ok(Redirect {
                host: host.to_owned(),
                port: uri.port_u16().unwrap_or(80),
                path: uri.path().to_owned(),
            }),
            _ => Err(wrong("does not lead to this machine")),
        }
    }

    /// Listens on the loopback interface and nowhere else.
    pub async fn listen(self) -> Result<Listening, Problem> {
        let Redirect { host, port, path } = self;
        let io = |error: io::Error| fault(&format!("127.0.0.1:{port}"), &error);
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(io)?;
        let port = listener.local_addr().map_err(io)?.port();
        Ok(Listening { url: format!("http://{host}:{port}{path}"), path, listener })
    }
}

fn fault(address: &str, error: &io::Error) -> Problem {
    let message = format!("{address} cannot be listened at for the sign-in: {error}");
    Problem::new(ProblemKind::Io, message)
        .help("end the program that has the port, or choose another redirect address")
        .at("auth.redirect_url")
}

/// What a request came to.
type Outcome = Option<Result<String, Problem>>;

impl Listening {
    /// Waits for the browser to come back with `state`; requests with another are turned away. `at` is named when the
    /// authorization server refuses.
    pub async fn code(&self, state: &str, at: &str) -> Result<String, Problem> {
        let mut connections: JoinSet<Outcome> = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    let stream = match accepted {
                        Ok((stream, _)) => stream,
                        // One that is gone already asks nothing.
                        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                        Err(error) => return Err(fault(&self.url, &error)),
                    };
                    let (path, state, at) = (self.path.clone(), state.to_owned(), at.to_owned());
                    connections.spawn(async move {
                        let answering = answer(stream, &path, &state, &at);
                        timeout(REQUEST_WAIT, answering).await.ok().flatten()
                    });
                }
                Some(done) = connections.join_next() => {
                    if let Ok(Some(outcome)) = done {
                        return outcome;
                    }
                }
            }
        }
    }
}

async fn answer(mut stream: TcpStream, path: &str, state: &str, at: &str) -> Outcome {
    let target = request_target(&mut stream).await?;
    let (asked, query) = target.split_once('?').unwrap_or((&target, ""));
    let (status, text, outcome) = if asked != path {
        ("404 Not Found", "Nothing is here.", None)
    } else if find(query, "state").as_deref() != Some(state) {
        let text = "This is not the sign-in that Wirelab waits for. Nothing was accepted; begin again there.";
        ("400 Bad Request", text, None)
    } else if let Some(error) = find(query, "error") {
        let description = find(query, "error_description").unwrap_or_default();
        let refused = answer::refused(&error, &description, at);
        let text = "The sign-in failed. You can close this page; Wirelab says more.";
        ("200 OK", text, Some(Err(refused.problem)))
    } else if let Some(code) = find(query, "code").filter(|code| !code.is_empty()) {
        ("200 OK", "You are signed in. You can close this page.", Some(Ok(code)))
    } else {
        ("400 Bad Request", "There is no code in this address. Begin again in Wirelab.", None)
    };
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // Whether the page is seen does not matter: the code is there.
    let _ = stream.write_all(page.as_bytes()).await;
    let _ = stream.shutdown().await;
    outcome
}

/// The path and query of a GET request, once its head is whole.
async fn request_target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= MAX_HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let mut words = head.lines().next()?.split(' ');
    match (words.next()?, words.next()?) {
        ("GET", target) => Some(target.to_owned()),
        _ => None,
    }
}
