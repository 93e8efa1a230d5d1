//! The loaded sources and the schema they make together.

use crate::{Studio, bus::Bus, codecs::Codecs, reflected::Reflections};
use futures_util::{StreamExt, stream};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use wirelab_call::Client;
use wirelab_model::*;
use wirelab_schema::{Input, Schema, Source};

/// The most sources that may be loaded at once.
pub const MAX_SOURCES: usize = 100;
/// How many of them are read at a time.
const AT_A_TIME: usize = 4;

pub struct Sources {
    client: Client,
    bus: Bus,
    reflections: Reflections,
    entries: Mutex<Vec<Entry>>,
    /// What the entries make together; replaced as a whole.
    /// Shared with the client, which finds the types of methods there.
    built: Arc<Mutex<Arc<Built>>>,
    /// Held while building, so that an older state never replaces a newer one.
    building: tokio::sync::Mutex<()>,
}

struct Entry {
    info: SourceInfo,
    /// What was last loaded with success.
    source: Option<Source>,
    /// Counts loads: what an overtaken one brings is dropped.
    load: u64,
}

#[derive(Default)]
struct Built {
    catalog: Catalog,
    codecs: Arc<Codecs>,
}

/// Names a source by what it is, so that the same one given twice is one.
fn id_of(spec: &SourceSpec) -> SourceId {
    match spec {
        SourceSpec::Files { path, .. } => format!("files:{path}"),
        SourceSpec::DescriptorSet { path } => format!("descriptors:{path}"),
        SourceSpec::Reflection { endpoint: Endpoint { address, tls, .. }, .. } => match tls {
            Tls::Off => format!("reflection:{address}"),
            Tls::System => format!("reflection+tls:{address}"),
        },
    }
}

/// A short name for people: the last two parts of a path.
fn label_of(spec: &SourceSpec) -> String {
    match spec {
        SourceSpec::Files { path, .. } | SourceSpec::DescriptorSet { path } => {
            let parts: Vec<_> = Path::new(path).iter().filter_map(|part| part.to_str()).collect();
            let last: Vec<_> =
                parts.iter().filter(|part| part.len() > 1 || **part != "/").collect();
            let last = &last[last.len().saturating_sub(2)..];
            let last: Vec<&str> = last.iter().map(|part| **part).collect();
            if last.is_empty() { path.clone() } else { last.join("/") }
        }
        SourceSpec::Reflection { endpoint, .. } => format!("reflection · {}", endpoint.address),
    }
}

/// The spec with absolute paths, so that it means the same from every folder.
fn absolute(spec: SourceSpec) -> Result<SourceSpec, Problem> {
    let full = |path: String| {
        std::path::absolute(path.trim()).map(|full| full.to_string_lossy().into_owned()).map_err(
            |error| {
                Problem::new(ProblemKind::Invalid, format!("{path:?} is not a path: {error}"))
                    .help("name a .proto file, a folder of them, or a descriptor set")
            },
        )
    };
    Ok(match spec {
        SourceSpec::Files { path, import_roots } => SourceSpec::Files {
            path: full(path)?,
            import_roots: import_roots.into_iter().map(full).collect::<Result<_, _>>()?,
        },
        SourceSpec::DescriptorSet { path } => SourceSpec::DescriptorSet { path: full(path)? },
        SourceSpec::Reflection { ref endpoint, .. } if endpoint.address.trim().is_empty() => {
            return Err(
                Problem::new(ProblemKind::Invalid, "the address is empty").help("give host:port")
            );
        }
        reflection => reflection,
    })
}

impl Sources {
    pub fn new(client: Client, bus: Bus) -> Sources {
        Sources {
            client,
            bus,
            reflections: Reflections::default(),
            entries: Mutex::default(),
            built: Arc::default(),
            building: tokio::sync::Mutex::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn built(&self) -> Arc<Built> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn schema(&self) -> Schema {
        self.built().codecs.schema().clone()
    }

    pub fn codecs(&self) -> Arc<Codecs> {
        self.built().codecs.clone()
    }

    /// The types of methods as the loaded sources have them at each moment.
    pub fn types(&self) -> wirelab_call::Types {
        let built = self.built.clone();
        Arc::new(move |method| {
            let codecs = built.lock().unwrap_or_else(PoisonError::into_inner).codecs.clone();
            codecs.method(method).map(|types| (types.input, types.output))
        })
    }

    pub fn catalog(&self) -> Catalog {
        self.built().catalog.clone()
    }

    /// Makes room for a source, new or given again; it is loaded by [`load`](Self::load).
    fn place(&self, spec: SourceSpec) -> Result<SourceId, Problem> {
        let id = id_of(&spec);
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.info.id == id) {
            entry.info.spec = spec;
            return Ok(id);
        }
        if entries.len() >= MAX_SOURCES {
            let message = format!("{MAX_SOURCES} sources are loaded already");
            return Err(Problem::new(ProblemKind::TooLarge, message).help("remove one first"));
        }
        let info = SourceInfo {
            id: id.clone(),
            label: label_of(&spec),
            spec,
            files: 0,
            services: 0,
            state: SourceState::Loading,
            problems: Vec::new(),
        };
        entries.push(Entry { info, source: None, load: 0 });
        Ok(id)
    }

    /// Reads sources, several at a time, and publishes what they make. Servers that said before what they are are
    /// asked `again` or not.
    async fn load(&self, ids: Vec<SourceId>, again: bool) {
        for entry in self.entries().iter_mut().filter(|entry| ids.contains(&entry.info.id)) {
            entry.info.state = SourceState::Loading;
        }
        self.build().await;
        let loads = stream::iter(ids).map(|id| self.load_one(id, again));
        loads.buffer_unordered(AT_A_TIME).collect::<()>().await;
    }

    async fn load_one(&self, id: SourceId, again: bool) {
        let (spec, load) = {
            let mut entries = self.entries();
            let Some(entry) = entries.iter_mut().find(|entry| entry.info.id == id) else { return };
            entry.load += 1;
            (entry.info.spec.clone(), entry.load)
        };
        let read = self.read(spec, again).await;
        {
            let mut entries = self.entries();
            let entry = entries.iter_mut().find(|entry| entry.info.id == id && entry.load == load);
            let Some(entry) = entry else { return };
            match read {
                Ok(source) => {
                    entry.info.state = source.state();
                    entry.info.problems = source.problems().to_vec();
                    // A source that does not compile any more keeps what it had.
                    if source.state() != SourceState::Failed || entry.source.is_none() {
                        entry.source = Some(source);
                    }
                }
                Err(problem) => {
                    entry.info.state = SourceState::Failed;
                    entry.info.problems = vec![problem];
                }
            }
            entry.info.files = entry.source.as_ref().map_or(0, Source::files);
            entry.info.services = entry.source.as_ref().map_or(0, Source::service_count);
        }
        self.build().await;
    }

    async fn read(&self, spec: SourceSpec, again: bool) -> Result<Source, Problem> {
        let input = match spec {
            SourceSpec::Files { path, import_roots } => Input::Files {
                path: path.into(),
                import_roots: import_roots.into_iter().map(PathBuf::from).collect(),
            },
            SourceSpec::DescriptorSet { path } => Input::DescriptorSet { path: path.into() },
            SourceSpec::Reflection { endpoint, metadata } => {
                let client = &self.client;
                let said = self.reflections.get(client, &endpoint, &metadata, again).await?;
                Input::Descriptors { set: said.set.clone(), problems: said.problems.clone() }
            }
        };
        let loaded = tokio::task::spawn_blocking(move || Source::load(&input)).await;
        loaded.map_err(|_| Problem::new(ProblemKind::Internal, "reading the source failed"))
    }

    /// Publishes what the entries make together.
    async fn build(&self) {
        let _turn = self.building.lock().await;
        let (infos, sources): (Vec<SourceInfo>, Vec<(SourceId, Source)>) = {
            let entries = self.entries();
            let loaded = entries
                .iter()
                .filter_map(|entry| Some((entry.info.id.clone(), entry.source.clone()?)));
            (entries.iter().map(|entry| entry.info.clone()).collect(), loaded.collect())
        };
        let built = tokio::task::spawn_blocking(move || Schema::new(sources)).await;
        let before = self.built();
        // Were building to fail, what was there before stays.
        let codecs = match built {
            Ok(schema) => Arc::new(Codecs::new(schema)),
            Err(_) => before.codecs.clone(),
        };
        let revision = before.catalog.revision + 1;
        let catalog =
            Catalog { revision, sources: infos, services: codecs.schema().services().to_vec() };
        *self.built.lock().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Built { catalog, codecs });
        self.bus.send(StudioEvent::Catalog { revision });
    }
}

impl Studio {
    /// Loads what the studio starts with; remembered sources go on loading in the background.
    pub(crate) async fn load_first(&self, given: Vec<SourceSpec>) -> Result<(), Problem> {
        let sources = &self.0.sources;
        let mut remembered = Vec::new();
        if self.0.remember
            && let Ok(history) = self.0.records.lasting()
        {
            match history.sources().await {
                Ok(specs) => {
                    for (_, spec) in specs {
                        remembered.push(sources.place(spec)?);
                    }
                }
                Err(problem) => self.0.records.troubled(&problem),
            }
        }
        let place = |spec| absolute(spec).and_then(|spec| sources.place(spec));
        let given: Vec<SourceId> = given.into_iter().map(place).collect::<Result<_, _>>()?;
        remembered.retain(|id| !given.contains(id));
        if !remembered.is_empty() {
            let (inner, closing) = (self.0.clone(), self.0.closing.clone());
            self.0.tasks.spawn(async move {
                closing.run_until_cancelled(inner.sources.load(remembered, false)).await;
            });
        }
        sources.load(given, false).await;
        Ok(())
    }

    pub(crate) async fn add(&self, spec: SourceSpec) -> Result<Catalog, Problem> {
        let spec = absolute(spec)?;
        let id = self.0.sources.place(spec.clone())?;
        if self.0.remember
            && let Ok(history) = self.0.records.lasting()
            && let Err(problem) = history.put_source(&id, &spec).await
        {
            self.0.records.troubled(&problem);
        }
        self.0.sources.load(vec![id], false).await;
        Ok(self.0.sources.catalog())
    }

    pub(crate) async fn remove(&self, id: SourceId) -> Result<Catalog, Problem> {
        let found = {
            let mut entries = self.0.sources.entries();
            let before = entries.len();
            entries.retain(|entry| entry.info.id != id);
            entries.len() < before
        };
        if !found {
            return Err(unknown(&id));
        }
        if let Ok(history) = self.0.records.lasting() {
            history.delete_source(&id).await?;
        }
        self.0.sources.build().await;
        Ok(self.0.sources.catalog())
    }

    pub(crate) async fn reload_sources(&self, id: Option<SourceId>) -> Result<Catalog, Problem> {
        let all: Vec<SourceId> =
            self.0.sources.entries().iter().map(|entry| entry.info.id.clone()).collect();
        let ids = match id {
            None => all,
            Some(id) if all.contains(&id) => vec![id],
            Some(id) => return Err(unknown(&id)),
        };
        self.0.sources.load(ids, true).await;
        Ok(self.0.sources.catalog())
    }
}

fn unknown(id: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no source {id:?}"))
        .help("load the catalog again")
}
