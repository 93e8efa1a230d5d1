//! Files for a browser, on an origin of their own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirelab_tests::outside;

/// Serves the page, the packages and a schema for as long as the test runs.
pub struct Pages {
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
}

impl Pages {
    /// `descriptors` is the file of the schema.
    pub fn serve(descriptors: &Path) -> Pages {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let descriptors = Arc::new(read(descriptors));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let descriptors = descriptors.clone();
                // A browser that leaves in the middle is no failure.
                std::thread::spawn(move || drop(answer(stream, &descriptors)));
            }
        });
        Pages { origin }
    }
}

fn read(descriptors: &Path) -> Vec<u8> {
    std::fs::read(descriptors).expect("what protoc wrote")
}

fn answer(mut stream: TcpStream, descriptors: &[u8]) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let target = first.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let found = match path {
        "/descriptors.bin" => Some(descriptors.to_vec()),
        _ => std::fs::read(file(path)).ok(),
    };
    let (status, body) = match found {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    let kind = match Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some("js") => "text/javascript",
        Some("bin") => "application/octet-stream",
        _ => "text/html",
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

fn file(path: &str) -> PathBuf {
    match path.strip_prefix("/node_modules/") {
        Some(path) => outside::web_clients().join("node_modules").join(path),
        None => {
            let name = if path == "/" { "page.html" } else { path.trim_start_matches('/') };
            outside::checkout("tests/tests/bridge_browser").join(name)
        }
    }
}
