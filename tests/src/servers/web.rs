//! A web server: the texts that a test puts up, and what is posted to it.

use crate::certificates::Issued;
use crate::outside;
use crate::process::{Running, eventually};
use serde_json::Value;
use std::process::Command;
use tempfile::TempDir;

const SCRIPT: &str = "
import base64, http.server, json, os, ssl, sys
folder, certificate, key = sys.argv[1:]
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        try:
            with open(os.path.join(folder, self.path.strip('/').replace('/', '_')), 'rb') as file:
                self.answer(200, file.read())
        except OSError:
            self.answer(404, b'')
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        headers = {name.lower(): value for name, value in self.headers.items()}
        post = {'path': self.path, 'headers': headers, 'body': base64.b64encode(body).decode()}
        print(json.dumps({'post': post}), flush=True)
        self.answer(200, b'')
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(json.dumps({'port': server.server_port}), flush=True)
server.serve_forever()
";

/// A running web server.
pub struct Web {
    process: Running,
    folder: TempDir,
    /// `http://127.0.0.1:PORT`, or with `https`.
    pub url: String,
}

impl Web {
    /// Starts one, with TLS where there is a certificate.
    pub fn start(certificate: Option<&Issued>) -> Web {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::python());
        command.args(["-c", SCRIPT]).arg(folder.path());
        match certificate {
            Some(issued) => command.args([&issued.certificate, &issued.key]),
            None => command.args(["", ""]),
        };
        let process = Running::start(&mut command);
        let port = process.wait_for(|line| {
            serde_json::from_str::<Value>(line).ok()?["port"].as_u64().filter(|port| *port > 0)
        });
        let scheme = if certificate.is_some() { "https" } else { "http" };
        Web { process, folder, url: format!("{scheme}://127.0.0.1:{port}") }
    }

    /// Puts a text up at a path; none takes it away.
    pub fn put(&self, path: &str, text: Option<&str>) {
        let file = self.folder.path().join(path.trim_matches('/').replace('/', "_"));
        match text {
            // In one step: it may be asked for at this moment.
            Some(text) => {
                let next = self.folder.path().join(".next");
                std::fs::write(&next, text).expect("a file");
                std::fs::rename(next, file).expect("a file");
            }
            None => std::fs::remove_file(file).expect("there is one"),
        }
    }

    /// The first thing that was posted: `path`, `headers` by names in lower case, and `body` in base64.
    pub fn posted(&self) -> Value {
        eventually("something is posted", || {
            let said = self.process.said();
            let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.map(|line| line["post"].clone()).find(|post| !post.is_null())
        })
    }
}
