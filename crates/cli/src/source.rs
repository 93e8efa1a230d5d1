//! From flags to what the studio loads and whom it calls.

use crate::{args::Schemas, output};
use base64::{Engine, engine::general_purpose};
use std::path::{Path, PathBuf};
use wirelab_model::{
    Catalog, Endpoint, Metadatum, Problem, ProblemKind, SourceSpec, SourceState, Tls,
};
use wirelab_studio::{Config, Handlers, Studio};
use wirelab_transcode::Codec;

/// Whether a word is an address rather than the name of a symbol.
pub fn is_address(word: &str) -> bool {
    word.contains(':')
}

/// A server as the flags say it is reached.
pub fn endpoint(address: &str, schemas: &Schemas) -> Endpoint {
    let by_address = address.starts_with("https://") || address.ends_with(":443");
    let tls =
        if schemas.tls || (by_address && !schemas.plaintext) { Tls::System } else { Tls::Off };
    Endpoint { address: address.to_owned(), tls }
}

/// What the flags say to load; reflection when they name no files.
///
/// # Errors
/// When there is nothing to load, or metadata is not `key: value`.
pub fn specs(schemas: &Schemas, endpoint: Option<&Endpoint>) -> Result<Vec<SourceSpec>, Problem> {
    let import_roots: Vec<String> =
        schemas.import_paths.iter().map(|path| absolute(path)).collect();
    let files = schemas
        .protos
        .iter()
        .map(|path| SourceSpec::Files { path: absolute(path), import_roots: import_roots.clone() });
    let sets =
        schemas.protosets.iter().map(|path| SourceSpec::DescriptorSet { path: absolute(path) });
    let specs: Vec<SourceSpec> = files.chain(sets).collect();
    if !specs.is_empty() {
        return Ok(specs);
    }
    let Some(endpoint) = endpoint else {
        return Err(Problem::new(ProblemKind::NotFound, "there is nothing to look at")
            .help("give the address of a server (host:port), --proto PATH or --protoset FILE"));
    };
    let address = &endpoint.address;
    if !address.contains(':') && std::path::Path::new(address).exists() {
        let message = format!("{address:?} is a path where the address of a server stands");
        return Err(Problem::new(ProblemKind::Invalid, message)
            .help(format!("for files write --proto {address} (--protoset for descriptor sets)")));
    }
    let metadata = metadata(&schemas.reflect_headers)?;
    Ok(vec![SourceSpec::Reflection { endpoint: endpoint.clone(), metadata }])
}

/// A path to load, by how its name ends.
pub fn spec(path: &Path) -> SourceSpec {
    SourceSpec::from_path(absolute(path))
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

/// Metadata as flags give it.
///
/// # Errors
/// What is not `key: value`, and what is not base64 for a `-bin` key.
pub fn metadata(flags: &[String]) -> Result<Vec<Metadatum>, Problem> {
    flags.iter().map(|flag| metadatum(flag)).collect()
}

fn metadatum(flag: &str) -> Result<Metadatum, Problem> {
    let wrong = |what: &str| {
        Problem::new(ProblemKind::Mismatch, format!("the header {flag:?} {what}"))
            .help("write it as 'key: value'")
    };
    let (key, value) = flag.split_once(':').ok_or_else(|| wrong("has no colon"))?;
    let key = key.trim().to_ascii_lowercase();
    let value = value.trim();
    let sound = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter)
    };
    if key.is_empty() || !key.chars().all(sound) {
        return Err(wrong("has a key that is not made of letters, digits, '-', '_' and '.'"));
    }
    if key.ends_with("-bin") {
        // Both alphabets of padding are in use for gRPC metadata.
        let bytes = general_purpose::STANDARD
            .decode(value)
            .or_else(|_| general_purpose::STANDARD_NO_PAD.decode(value))
            .map_err(|_| wrong("has a -bin key but a value that is not base64"))?;
        return Ok(Metadatum::binary(key, bytes));
    }
    if !value.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic()) {
        return Err(wrong("has a value that is not printable ASCII; use a -bin key for bytes"));
    }
    Ok(Metadatum::text(key, value))
}

/// A studio for one command, and its data folder when that is only for the command.
pub struct Opened {
    pub studio: Studio,
    _folder: Option<tempfile::TempDir>,
}

impl Opened {
    /// Opens a studio on a data folder; `None` keeps nothing.
    ///
    /// # Errors
    /// As [`Studio::open`], and when there is no room for a temporary folder.
    pub async fn new(sources: Vec<SourceSpec>, folder: Keep) -> Result<Opened, Problem> {
        let (data_dir, _folder) = match folder {
            Keep::In(data_dir) => (data_dir, None),
            Keep::Nothing => {
                let folder = tempfile::tempdir()
                    .map_err(|error| output::io("cannot make a temporary folder", &error))?;
                (Some(folder.path().to_owned()), Some(folder))
            }
        };
        let config = Config { data_dir, sources, default_endpoint: None, remember: false };
        Ok(Opened { studio: Studio::open(config).await?, _folder })
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
    let endpoint = address.map(|address| endpoint(address, schemas));
    let opened = Opened::new(specs(schemas, endpoint.as_ref())?, Keep::Nothing).await?;
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
    fn headers() {
        let cases = [
            ("A-Key: some value ", Ok(Metadatum::text("a-key", "some value"))),
            ("k:", Ok(Metadatum::text("k", ""))),
            ("k: a:b", Ok(Metadatum::text("k", "a:b"))),
            ("x-bin: AAE=", Ok(Metadatum::binary("x-bin", vec![0, 1]))),
            ("x-bin: AAE", Ok(Metadatum::binary("x-bin", vec![0, 1]))),
            ("x-bin: ?", Err("has a -bin key but a value that is not base64")),
            ("nothing", Err("has no colon")),
            (": v", Err("has a key that")),
            ("k\u{e9}y: v", Err("has a key that")),
            ("k: \u{e9}", Err("is not printable ASCII")),
        ];
        for (flag, expected) in cases {
            match (metadatum(flag), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected),
                (Err(got), Err(part)) => assert!(got.message.contains(part), "{flag}: {got}"),
                (got, _) => panic!("{flag}: {got:?}"),
            }
        }
    }

    #[test]
    fn tls_by_address_and_flag() {
        let cases = [
            ("localhost:50051", false, false, Tls::Off),
            ("api.example.com:443", false, false, Tls::System),
            ("https://api.example.com", false, false, Tls::System),
            ("api.example.com:443", false, true, Tls::Off),
            ("localhost:50051", true, false, Tls::System),
        ];
        for (address, tls, plaintext, expected) in cases {
            let schemas = Schemas { tls, plaintext, ..Schemas::default() };
            assert_eq!(endpoint(address, &schemas).tls, expected, "{address}");
        }
    }

    #[test]
    fn paths() {
        let set = |path| matches!(spec(Path::new(path)), SourceSpec::DescriptorSet { .. });
        assert!(set("a.binpb") && set("b/x.protoset") && set("set.bin"));
        assert!(!set("a.proto") && !set("folder") && !set("binpb"));
    }
}
