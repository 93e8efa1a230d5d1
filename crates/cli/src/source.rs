//! From flags to what the studio loads and whom it calls.

use crate::{
    args::Schemas,
    auth, browser,
    endpoint::{absolute, endpoint, is_address},
    header, output,
};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use wirelab_model::{Auth, Catalog, Endpoint, Problem, ProblemKind, SourceSpec, SourceState};
use wirelab_studio::{Config, Handlers, Studio, command::locate};
use wirelab_transcode::Codec;

/// What the flags say to load; reflection when they name no files, nor `paths`.
///
/// # Errors
/// When there is nothing to load, or metadata is not `key: value`.
pub fn specs(
    schemas: &Schemas,
    paths: &[PathBuf],
    endpoint: Option<&Endpoint>,
) -> Result<Vec<SourceSpec>, Problem> {
    let roots: Vec<&Path> = schemas.import_paths.iter().map(PathBuf::as_path).collect();
    let import_roots: Vec<String> = roots.iter().map(|root| absolute(root)).collect();
    let files = schemas.protos.iter().map(|path| SourceSpec::Files {
        path: absolute(&locate(path, &roots)),
        import_roots: import_roots.clone(),
    });
    let sets =
        schemas.protosets.iter().map(|path| SourceSpec::DescriptorSet { path: absolute(path) });
    let paths = paths.iter().map(|path| spec(path));
    let mut specs: Vec<SourceSpec> = files.chain(sets).chain(paths).collect();
    if !specs.is_empty() && !schemas.use_reflection {
        return Ok(specs);
    }
    let Some(endpoint) = endpoint else {
        return Err(Problem::new(ProblemKind::NotFound, "there is nothing to look at")
            .help("give the address of a server (host:port), --proto PATH or --protoset FILE"));
    };
    let address = &endpoint.address;
    if !is_address(address) && Path::new(address).exists() {
        let message = format!("{address:?} is a path where the address of a server stands");
        return Err(Problem::new(ProblemKind::Invalid, message)
            .help(format!("for files write --proto {address} (--protoset for descriptor sets)")));
    }
    let headers = schemas.headers.iter().chain(&schemas.reflect_headers);
    let metadata = header::metadata(headers, schemas.expand_headers)?;
    specs.push(SourceSpec::Reflection { endpoint: endpoint.clone(), metadata });
    Ok(specs)
}

/// Who calls, as the flags say.
///
/// # Errors
/// When they cannot be understood, or name a variable or file that is not there.
pub fn credentials(schemas: &Schemas) -> Result<Option<Auth>, Problem> {
    schemas.credentials.auth.as_deref().map(auth::parse).transpose()
}

/// A path to load, by how its name ends.
pub fn spec(path: &Path) -> SourceSpec {
    SourceSpec::from_path(absolute(path))
}

/// A studio for one command, and its data folder when that is only for the command.
pub struct Opened {
    pub studio: Studio,
    /// Who calls.
    pub auth: Option<Auth>,
    _folder: Option<tempfile::TempDir>,
}

impl Opened {
    /// Opens a studio on a data folder; `None` keeps nothing. Servers are asked for their schemas with the credentials
    /// in `auth`.
    ///
    /// # Errors
    /// As [`Studio::open`], when there is no room for a temporary folder, and when credentials will not do.
    pub async fn new(
        sources: Vec<SourceSpec>,
        folder: Keep,
        auth: Option<Auth>,
    ) -> Result<Opened, Problem> {
        let (data_dir, _folder) = match folder {
            Keep::In(data_dir) => (data_dir, None),
            Keep::Nothing => {
                let folder = tempfile::tempdir()
                    .map_err(|error| output::io("cannot make a temporary folder", &error))?;
                (Some(folder.path().to_owned()), Some(folder))
            }
        };
        let asked =
            |spec: &SourceSpec| auth.is_some() && matches!(spec, SourceSpec::Reflection { .. });
        let (asked, sources): (Vec<_>, Vec<_>) = sources.into_iter().partition(asked);
        let config = Config { data_dir, sources, default_endpoint: None, remember: false };
        let opened = Opened { studio: Studio::open(config).await?, auth, _folder };
        opened.ask(asked).await?;
        Ok(opened)
    }

    /// Loads sources that want credentials.
    async fn ask(&self, sources: Vec<SourceSpec>) -> Result<(), Problem> {
        let Some(auth) = &self.auth else { return Ok(()) };
        browser::sign_in(&self.studio, io::stderr().is_terminal());
        for spec in sources {
            if let SourceSpec::Reflection { endpoint, mut metadata } = spec {
                metadata.push(self.studio.authorize(auth, &endpoint).await?);
                self.studio.add_source(SourceSpec::Reflection { endpoint, metadata }).await?;
            }
        }
        Ok(())
    }

    /// What the sources offer.
    ///
    /// # Errors
    /// The gravest problem when no source could be loaded at all; the others are told at once.
    pub async fn catalog(&self) -> Result<Catalog, Problem> {
        let catalog = self.studio.catalog(()).await?;
        if catalog.sources.iter().all(|source| source.state == SourceState::Failed) {
            let mut problems = catalog.sources.iter().flat_map(|source| &source.problems);
            if let Some(gravest) = problems.next() {
                problems.for_each(output::problem);
                return Err(gravest.clone());
            }
        }
        Ok(catalog)
    }
}

/// The codec of a type by its full name, from the schema that the flags name.
///
/// # Errors
/// When there is no schema, or none of it defines the type.
pub async fn codec(
    message: &str,
    address: Option<&str>,
    schemas: &Schemas,
) -> Result<Codec, Problem> {
    let endpoint = address.map(|address| endpoint(address, &schemas.connection)).transpose()?;
    let specs = specs(schemas, &[], endpoint.as_ref())?;
    let opened = Opened::new(specs, Keep::Nothing, credentials(schemas)?).await?;
    let found = match opened.catalog().await {
        Ok(catalog) => {
            let found = opened.studio.codec(message);
            if found.is_err() {
                tell_problems(&catalog);
            }
            found
        }
        Err(problem) => Err(problem),
    };
    opened.studio.close().await;
    found
}

/// What a command leaves behind.
pub enum Keep {
    /// Nothing.
    Nothing,
    /// History, in this folder or the platform's own.
    In(Option<PathBuf>),
}

/// Tells everything that was wrong with the sources.
pub fn tell_problems(catalog: &Catalog) {
    catalog.sources.iter().flat_map(|source| &source.problems).for_each(output::problem);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let set = |path| matches!(spec(Path::new(path)), SourceSpec::DescriptorSet { .. });
        assert!(set("a.binpb") && set("b/x.protoset") && set("set.bin"));
        assert!(!set("a.proto") && !set("folder") && !set("binpb"));
    }
}
