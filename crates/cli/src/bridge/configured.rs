//! What is read again while the bridge runs, and what it says to the server itself.

use super::config;
use crate::{args, auth, header, output};
use std::path::PathBuf;
use std::sync::Arc;
use wirelab_bridge::{Configured, Own, Reread, Routing, ServiceConfig};
use wirelab_model::Problem;

/// What the files say that can be read again: who may call, and which rules there are beside those of the schema.
///
/// # Errors
/// What is wrong with one of them.
pub fn read(config: Option<&PathBuf>, rules: &[PathBuf]) -> Result<Configured, Problem> {
    let admission = config.map(|path| config::policy(path)).transpose()?.unwrap_or_default();
    let mut routing = Routing::default();
    for file in rules {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| output::io("cannot read the rules", &error).at(name.as_str()))?;
        routing.service_configs.push(ServiceConfig { name, text });
    }
    Ok(Configured { routing, admission })
}

/// The same, again and again; none where there are no files.
pub fn again(args: &args::Bridge) -> Option<Reread> {
    let (config, rules) = (args.config.clone(), args.schema.rules.clone());
    let files: Vec<PathBuf> = config.iter().chain(&rules).cloned().collect();
    let reading = move || read(config.as_ref(), &rules);
    (!files.is_empty()).then(|| Reread { files, read: Arc::new(reading) })
}

/// What the bridge itself says to the server.
///
/// # Errors
/// Metadata that is not `key: value`, and credentials that cannot be understood.
pub fn own(args: &args::Bridge) -> Result<Own, Problem> {
    let metadata = header::metadata(&args.upstream_headers, args.schema.expand_headers)?;
    let read = match &args.upstream_auth {
        None => None,
        Some(flag) => {
            // What is wrong with the flag is said before anything listens; what it names may change.
            auth::parse(flag)?;
            let flag = flag.clone();
            let read: Box<dyn Fn() -> _ + Send + Sync> = Box::new(move || auth::parse(&flag));
            Some(read)
        }
    };
    Ok(Own::new(metadata, read))
}
