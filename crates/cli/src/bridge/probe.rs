//! `wirelab bridge --probe`: health checks where there is no other client of HTTP, as in an image without a shell.

use crate::output;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wirelab_model::{Problem, ProblemKind};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// As much of it as is read.
const HEAD_BYTES: u64 = 1 << 10;

/// Asks, and says what the answer was when it was not 200.
pub async fn run(url: &str) -> Result<u8, Problem> {
    let problem = |kind, message: &str| Problem::new(kind, message).at(url);
    let Some(rest) = url.strip_prefix("http://") else {
        return Err(problem(ProblemKind::Mismatch, "only http:// can be asked")
            .help("give the address of --admin, such as http://127.0.0.1:9090/healthz"));
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    match tokio::time::timeout(PATIENCE, ask(authority, path)).await {
        Ok(Ok(head)) if head.split(' ').nth(1) == Some("200") => Ok(0),
        Ok(Ok(head)) => {
            let said = head.lines().next().unwrap_or_default().escape_debug();
            Err(problem(ProblemKind::Status, &format!("it answered {said}")))
        }
        Ok(Err(error)) => Err(output::io("it cannot be asked", &error).at(url)),
        Err(_) => Err(problem(ProblemKind::Deadline, "it did not answer in time")),
    }
}

async fn ask(authority: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(authority).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    stream.take(HEAD_BYTES).read_to_end(&mut head).await?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}
