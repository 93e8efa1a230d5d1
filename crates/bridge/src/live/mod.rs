//! Where the schema comes from, and how it stays what the files and the server say.
//!
//! Files are looked at again and again; a server is asked again on a signal, after an interval, and when it comes back.
//! Whatever breaks, the bridge goes on with what it had and says so in its log.

mod fingerprint;
mod reread;

pub(crate) use fingerprint::Fingerprint;
pub use reread::{Configured, Reread};

use crate::Bridge;
use crate::own::Own;
use futures_util::StreamExt;
use reread::Watched;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;
use wirelab_call::Client;
use wirelab_model::{
    Endpoint, Health, HealthQuery, Problem, ProblemKind, SourceId, SourceSpec, SourceState,
};
use wirelab_schema::{Input, Schema, Source};

/// How often files are looked at.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(2);
/// How often a server is asked for its schema again.
pub const REFLECT_INTERVAL: Duration = Duration::from_secs(300);

/// Endings of files whose change matters.
const ENDINGS: &[&str] = &[".proto", ".yaml", ".yml"];

/// The sources of a bridge's schema.
pub struct Live {
    client: Client,
    endpoint: Endpoint,
    entries: Vec<Entry>,
    /// How often servers are asked again.
    interval: Duration,
    /// What the bridge itself says to the server.
    own: Own,
    reread: Option<Reread>,
}

struct Entry {
    spec: SourceSpec,
    /// What was last loaded with success.
    source: Option<Source>,
    /// What the server said of itself then.
    said: Vec<u8>,
}

/// What came of reading.
struct Read {
    /// What was wrong with each source.
    problems: Vec<Vec<Problem>>,
    /// Whether any source is another now.
    changed: bool,
}

/// Why sources are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Files,
    Servers,
    All,
}

impl Live {
    /// The schema that `sources` make together, for a bridge in front of `endpoint`.
    pub fn new(client: Client, endpoint: Endpoint, sources: Vec<SourceSpec>) -> Live {
        let entries = sources
            .into_iter()
            .map(|spec| Entry { spec, source: None, said: Vec::new() })
            .collect();
        let own = Own::default();
        Live { client, endpoint, entries, interval: REFLECT_INTERVAL, own, reread: None }
    }

    /// The same with another time between two questions to the server.
    pub fn interval(self, interval: Duration) -> Live {
        Live { interval, ..self }
    }

    /// The same with what the bridge itself says to the server, and files beside the schema.
    pub fn beside(self, own: Own, reread: Option<Reread>) -> Live {
        Live { own, reread, ..self }
    }

    /// Reads every source for the first time.
    ///
    /// # Errors
    /// When files cannot be used at all, or a server answers but offers no reflection. A server that does not answer is
    /// no error: it is asked again.
    pub async fn first(&mut self) -> Result<(Schema, Vec<Problem>), Problem> {
        let renewed = self.own.renew(&self.client, &self.endpoint.tls_options).await;
        let problems = self.load(Again::All).await.problems;
        let is_later = |entry: &Entry, problem: &Problem| {
            let server = matches!(entry.spec, SourceSpec::Reflection { .. });
            server && problem.kind != ProblemKind::NotFound
        };
        let fatal = self.entries.iter().zip(&problems).find_map(|(entry, problems)| {
            let first = problems.first()?;
            (entry.source.is_none() && !is_later(entry, first)).then(|| first.clone())
        });
        match fatal {
            Some(problem) => Err(problem),
            None => {
                let all = renewed.err().into_iter().chain(problems.concat());
                Ok((self.schema(), all.collect()))
            }
        }
    }

    /// Whether every source has been read.
    pub fn is_complete(&self) -> bool {
        self.entries.iter().all(|entry| entry.source.is_some())
    }

    /// Whether only files are read.
    pub fn is_local(&self) -> bool {
        !self.entries.iter().any(|entry| matches!(entry.spec, SourceSpec::Reflection { .. }))
    }

    /// Forgets what was read, to be read again.
    pub fn forget(&mut self) {
        self.entries.iter_mut().for_each(|entry| {
            entry.source = None;
            entry.said = Vec::new();
        });
    }

    /// Keeps the schema of `bridge` as the sources have it; `now` asks for all of them at once. Never ends.
    pub async fn watch(mut self, bridge: Bridge, now: Arc<Notify>) {
        let mut look = tokio::time::interval(WATCH_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ask =
            tokio::time::interval_at(tokio::time::Instant::now() + self.interval, self.interval);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let query = HealthQuery {
            endpoint: self.endpoint.clone(),
            service: String::new(),
            metadata: self.own.beside(&[]),
        };
        let mut health = pin!(self.client.watch_health(query));
        let mut was_down = !self.is_complete();
        let mut before = self.fingerprint().await;
        let mut watched = Watched::new(self.reread.clone(), &bridge).await;
        let tls = self.endpoint.tls_options.clone();
        let renewing = reread::credentials(bridge.clone(), self.client.clone(), tls);
        let _renewing = AbortOnDropHandle::new(tokio::spawn(renewing));
        loop {
            let again = tokio::select! {
                () = now.notified() => {
                    watched.look(&bridge, true).await;
                    Again::All
                }
                _ = look.tick() => {
                    watched.look(&bridge, false).await;
                    let seen = self.fingerprint().await;
                    if seen == before {
                        continue;
                    }
                    before = seen;
                    Again::Files
                }
                _ = ask.tick() => Again::Servers,
                Some(health) = health.next() => {
                    let is_down = matches!(health, Health::Down(_));
                    if let Health::Down(problem) = &health && !was_down {
                        tracing::warn!(%problem, "the server behind the bridge is gone");
                    }
                    let back = was_down && !is_down;
                    was_down = is_down;
                    bridge.shared.life.lost.store(is_down, Ordering::Relaxed);
                    if !back {
                        continue;
                    }
                    Again::Servers
                }
            };
            self.again(&bridge, again).await;
        }
    }

    async fn again(&mut self, bridge: &Bridge, again: Again) {
        let before: Vec<Option<Source>> =
            self.entries.iter().map(|entry| entry.source.clone()).collect();
        let read = self.load(again).await;
        for problem in read.problems.concat() {
            tracing::warn!(%problem, "the schema is not all there, what was known of it holds");
        }
        if !read.changed {
            return;
        }
        match bridge.reload(self.schema()) {
            Ok(()) => {
                if self.is_complete() {
                    bridge.shared.life.known.store(true, Ordering::Relaxed);
                }
                tracing::info!(methods = bridge.methods(), "the schema was read again");
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!(%problem, "the schema was not taken, the last one holds");
                }
                for (entry, source) in self.entries.iter_mut().zip(before) {
                    entry.source = source;
                    entry.said = Vec::new();
                }
            }
        }
    }

    fn schema(&self) -> Schema {
        let sources = self.entries.iter().enumerate();
        let known = sources.filter_map(|(index, entry)| {
            let id: SourceId = index.to_string();
            Some((id, entry.source.clone()?))
        });
        Schema::new(known)
    }

    /// Reads sources. What is not as good as what is known is not taken.
    async fn load(&mut self, again: Again) -> Read {
        let mut all = Read { problems: Vec::with_capacity(self.entries.len()), changed: false };
        for entry in &mut self.entries {
            let server = matches!(entry.spec, SourceSpec::Reflection { .. });
            let wanted = match again {
                Again::All => true,
                Again::Files => !server,
                Again::Servers => server,
            };
            let read = match wanted {
                true => entry.read(&self.client, &self.own).await,
                false => Ok(None),
            };
            all.problems.push(match read {
                Err(problem) => vec![problem],
                Ok(None) => Vec::new(),
                Ok(Some(source)) => {
                    let problems = source.problems().to_vec();
                    if entry.source.as_ref().is_none_or(|old| is_as_good(&source, old))
                        && source.state() != SourceState::Failed
                    {
                        entry.source = Some(source);
                        all.changed = true;
                    }
                    problems
                }
            });
        }
        all
    }

    async fn fingerprint(&self) -> Fingerprint {
        let mut paths = Vec::new();
        for entry in &self.entries {
            match &entry.spec {
                SourceSpec::Files { path, import_roots } => {
                    paths.push(PathBuf::from(path));
                    paths.extend(import_roots.iter().map(PathBuf::from));
                }
                SourceSpec::DescriptorSet { path } => paths.push(path.into()),
                SourceSpec::Reflection { .. } => {}
            }
        }
        look_at(paths).await
    }
}

async fn look_at(paths: Vec<PathBuf>) -> Fingerprint {
    if paths.is_empty() {
        return Fingerprint::default();
    }
    let looked = tokio::task::spawn_blocking(move || Fingerprint::of(&paths, ENDINGS));
    // It does not panic; were it to, the next look tells.
    looked.await.unwrap_or_default()
}

/// Whether a source that was read again may take the place of the last one: nothing of it broke.
fn is_as_good(new: &Source, old: &Source) -> bool {
    new.state() == SourceState::Ready
        || (old.state() == SourceState::Partial && new.service_count() >= old.service_count())
}

impl Entry {
    /// Reads the source; none when it says what it said before.
    async fn read(&mut self, client: &Client, own: &Own) -> Result<Option<Source>, Problem> {
        let input = match &self.spec {
            SourceSpec::Files { path, import_roots } => Input::Files {
                path: path.into(),
                import_roots: import_roots.iter().map(PathBuf::from).collect(),
            },
            SourceSpec::DescriptorSet { path } => Input::DescriptorSet { path: path.into() },
            SourceSpec::Reflection { endpoint, metadata } => {
                let said = client.reflect(endpoint, &own.beside(metadata)).await?;
                if self.source.is_some() && self.said == said.set {
                    return Ok(None);
                }
                self.said.clone_from(&said.set);
                Input::Descriptors { set: said.set, problems: said.problems }
            }
        };
        let loaded = tokio::task::spawn_blocking(move || Source::load(&input)).await;
        let failed = |_| Problem::new(ProblemKind::Internal, "reading the source failed");
        loaded.map(Some).map_err(failed)
    }
}
