//! Autobahn's cases against a session that gives every message back, over HTTP and a socket of the system.

use super::Rig;
use crate::socket::framing::{Framing, Said};
use crate::socket::handshake::Handshake;
use crate::socket::options::SocketOptions;
use crate::socket::wire::{Message, Outgoing};
use crate::upstream::End;
use axum::Router;
use axum::extract::Request;
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::process::Command;
use wirelab_model::{Metadatum, Status};

/// Messages as they are, with a byte before them that says whether they are text.
struct Echo;

impl Framing for Echo {
    fn read(&mut self, message: Message, said: &mut VecDeque<Said>) -> Result<(), Status> {
        let request = [&[u8::from(message.text)], &message.payload[..]].concat();
        said.push_back(Said::Request(request.into()));
        Ok(())
    }

    fn head(&mut self, _: Vec<Metadatum>, _: &mut Vec<Outgoing>) {}

    fn message(&mut self, wire: Bytes) -> Result<Outgoing, Status> {
        let payload = wire.slice(1..);
        Ok(if wire[0] == 1 { Outgoing::Text(payload) } else { Outgoing::Binary(payload) })
    }

    fn dropped(&mut self, _: u64) -> Option<Outgoing> {
        None
    }

    fn end(&mut self, _: &End, _: &mut Vec<Outgoing>) -> (u16, String) {
        (1000, String::new())
    }
}

/// As `cargo xtask test` brings it: a Python with the package `kosoku`, Autobahn's case files.
#[tokio::test]
async fn autobahn_finds_nothing_failing() {
    let Some(program) = std::env::var_os("WIRELAB_KOSOKU").filter(|program| !program.is_empty())
    else {
        panic!("WIRELAB_KOSOKU is not set: run `cargo xtask test`");
    };
    let rig = Arc::new(Rig::echo(SocketOptions::default()));
    let router = Router::new().fallback(move |request: Request| {
        let rig = rig.clone();
        async move {
            let (mut head, _) = request.into_parts();
            let handshake = Handshake::read(&mut head, true).unwrap();
            let agreed = handshake.agreed;
            let (response, upgrade) = handshake.accept();
            tokio::spawn(async move {
                rig.serve(TokioIo::new(upgrade.await.unwrap()), Box::new(Echo), agreed)
                    .await
                    .unwrap();
            });
            response
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let reports = tempfile::tempdir().unwrap();
    let mut kosoku = Command::new(std::env::var_os("WIRELAB_PYTHON").unwrap_or("python3".into()));
    kosoku.args(["-c", "from kosoku._cli import main; main()"]).arg(address);
    // Without the cases that measure speed and take minutes, and those that count on compression with context.
    for group in ["9.*", "12.*", "13.*"] {
        kosoku.args(["--exclude", group]);
    }
    kosoku.env("PYTHONPATH", program).arg("--outdir").arg(reports.path());
    let output = kosoku.kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let count: usize = said
        .split("reports for ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(count >= 247, "{said}");
}
