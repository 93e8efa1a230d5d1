//! A studio beside the sample server, asked as every shell asks it: by name, in JSON.
#![allow(dead_code, missing_docs)]

use futures_util::{Stream, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use std::{path::Path, pin::Pin, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_model::*;
use wirelab_studio::{Config, Studio};

/// Longer than anything here takes; only a hang reaches it.
pub const HANG: Duration = Duration::from_secs(60);

pub struct Rig {
    pub studio: Studio,
    pub events: Pin<Box<dyn Stream<Item = StudioEvent> + Send>>,
    pub address: String,
    pub folder: tempfile::TempDir,
    pub server: CancellationToken,
}

/// Starts the sample server; returns its address.
pub async fn serve(stop: CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(
        async move { wirelab_demo::serve(listener, stop).await.expect("the demo serves") },
    );
    address
}

/// The sample schemas as a source.
pub fn samples(folder: &Path) -> SourceSpec {
    let file = folder.join("samples.binpb");
    std::fs::write(&file, wirelab_demo::DESCRIPTORS).expect("the descriptors are written");
    SourceSpec::DescriptorSet { path: file.display().to_string() }
}

pub async fn open(folder: &Path) -> Studio {
    let config = Config {
        data_dir: Some(folder.join("data")),
        sources: vec![samples(folder)],
        default_endpoint: None,
        remember: true,
    };
    Studio::open(config).await.expect("the studio opens")
}

impl Rig {
    pub async fn new() -> Rig {
        Rig::on(tempfile::tempdir().expect("a folder")).await
    }

    pub async fn on(folder: tempfile::TempDir) -> Rig {
        let server = CancellationToken::new();
        let address = serve(server.clone()).await;
        let studio = open(folder.path()).await;
        let events = Box::pin(studio.events());
        Rig { studio, events, address, folder, server }
    }

    /// Asks by name, in JSON.
    pub async fn ask<R: DeserializeOwned>(
        &self,
        method: &str,
        request: impl Serialize,
    ) -> Result<R, Problem> {
        let body = serde_json::to_vec(&request).expect("the request is JSON");
        let reply = tokio::time::timeout(HANG, self.studio.dispatch(method, &body))
            .await
            .expect("no hang")?;
        Ok(serde_json::from_slice(&reply).expect("the reply is what it should be"))
    }

    pub async fn must<R: DeserializeOwned>(&self, method: &str, request: impl Serialize) -> R {
        self.ask(method, request).await.unwrap_or_else(|problem| panic!("{method}: {problem}"))
    }

    pub fn spec(&self, method: &str) -> CallSpec {
        CallSpec {
            endpoint: Endpoint {
                address: self.address.clone(),
                tls: Tls::Off,
                ..Endpoint::default()
            },
            method: method.into(),
            metadata: vec![Metadatum::text("demo-interval-ms", "1")],
            ..CallSpec::default()
        }
    }

    pub async fn start(&self, spec: CallSpec, messages: &[&str], finish: bool) -> CallRecord {
        let messages = messages.iter().map(|text| (*text).to_owned()).collect();
        self.must("start_call", StartCall { spec, messages, finish, auth: None }).await
    }

    /// The next event.
    pub async fn event(&mut self) -> StudioEvent {
        tokio::time::timeout(HANG, self.events.next())
            .await
            .expect("no hang")
            .expect("the bus is open")
    }

    /// Follows a call until `enough`, checking that its rows come without gaps; returns them.
    pub async fn follow(
        &mut self,
        id: CallId,
        mut enough: impl FnMut(&CallRecord, &[MessageRow]) -> bool,
    ) -> (CallRecord, Vec<MessageRow>) {
        let mut rows: Vec<MessageRow> = Vec::new();
        loop {
            match self.event().await {
                StudioEvent::Call(update) if update.record.id == id => {
                    assert!(update.rows.len() <= wirelab_studio::UPDATE_ROWS);
                    for row in update.rows {
                        assert_eq!(row.index, rows.len() as u64, "rows come without gaps");
                        rows.push(row);
                    }
                    if enough(&update.record, &rows) {
                        return (update.record, rows);
                    }
                }
                StudioEvent::Lagged => panic!("this screen keeps up"),
                _ => {}
            }
        }
    }

    /// Follows a call to its end and its last row.
    pub async fn finished(&mut self, id: CallId) -> (CallRecord, Vec<MessageRow>) {
        self.follow(id, |record, rows| {
            let all = record.totals.sent + record.totals.received;
            record.state == CallState::Finished && rows.len() as u64 == all
        })
        .await
    }

    /// Follows a call to its end, rows of earlier updates left aside.
    pub async fn follow_state(&mut self, id: CallId) -> CallRecord {
        loop {
            if let StudioEvent::Call(update) = self.event().await
                && update.record.id == id
                && update.record.state == CallState::Finished
            {
                return update.record;
            }
        }
    }

    pub async fn history(&self, text: &str) -> HistoryPage {
        let filter = HistoryFilter { text: text.into(), ..Default::default() };
        self.must("history", HistoryQuery { filter, offset: 0, limit: 100 }).await
    }
}
