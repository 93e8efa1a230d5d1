//! `wirelab list` and `wirelab describe`.

use crate::{
    args::{Describe, List, Schemas},
    endpoint, output,
    source::{self, Keep, Opened},
};
use std::path::{Path, PathBuf};
use wirelab_model::{Catalog, Problem, ProblemKind};
use wirelab_studio::Handlers;

/// How many names an explanation suggests.
const SUGGESTIONS: usize = 3;

pub async fn list(args: List) -> Result<u8, Problem> {
    let targets = Targets::new(args.targets, &args.schemas)?;
    with(&args.schemas, &targets, async |_, catalog| {
        source::tell_problems(catalog);
        let Some(name) = &targets.name else {
            if args.json {
                return output::print_json(&catalog.services);
            }
            let names: Vec<_> =
                catalog.services.iter().map(|service| service.name.as_str()).collect();
            return if names.is_empty() { Ok(()) } else { output::print(&names.join("\n")) };
        };
        let found = catalog.services.iter().find(|service| service.name == *name);
        let service = found.ok_or_else(|| no_service(catalog, name))?;
        if args.json {
            return output::print_json(service);
        }
        let paths: Vec<_> = service.methods.iter().map(|method| method.path.as_str()).collect();
        output::print(&paths.join("\n"))
    })
    .await
}

pub async fn describe(args: Describe) -> Result<u8, Problem> {
    let targets = Targets::new(args.targets, &args.schemas)?;
    with(&args.schemas, &targets, async |opened, catalog| {
        let studio = &opened.studio;
        let symbols: Vec<&String> = match &targets.name {
            Some(name) => vec![name],
            None => catalog.services.iter().map(|service| &service.name).collect(),
        };
        let mut all = Vec::new();
        for symbol in symbols {
            all.push(studio.describe(symbol.clone()).await?);
        }
        if args.json {
            return match (&targets.name, all.as_slice()) {
                (Some(_), [one]) => output::print_json(one),
                (_, all) => output::print_json(&all),
            };
        }
        let texts: Vec<&str> = all.iter().map(|one| one.text.as_str()).collect();
        output::print(&texts.join("\n"))?;
        if args.msg_template {
            for one in all.iter().filter(|one| one.kind == "message" || one.kind == "method") {
                let form = studio.form(one.name.clone()).await?;
                output::print(&format!("\nMessage template:\n{}", form.example))?;
            }
        }
        Ok(())
    })
    .await
}

/// Opens a studio that keeps nothing, looks at it and closes it.
async fn with(
    schemas: &Schemas,
    targets: &Targets,
    look: impl AsyncFnOnce(&Opened, &Catalog) -> Result<(), Problem>,
) -> Result<u8, Problem> {
    let endpoint = targets.address.as_deref();
    let endpoint =
        endpoint.map(|address| endpoint::endpoint(address, &schemas.connection)).transpose()?;
    let specs = source::specs(schemas, &targets.paths, endpoint.as_ref())?;
    let opened = Opened::new(specs, Keep::Nothing, source::credentials(schemas)?).await?;
    let looked = match opened.catalog().await {
        Ok(catalog) => look(&opened, &catalog).await,
        Err(problem) => Err(problem),
    };
    opened.studio.close().await;
    looked.map(|()| 0)
}

/// What the words after the command are.
struct Targets {
    name: Option<String>,
    address: Option<String>,
    paths: Vec<PathBuf>,
}

impl Targets {
    fn new(mut words: Vec<String>, schemas: &Schemas) -> Result<Targets, Problem> {
        let mut addresses = Vec::new();
        if schemas.connection.unix && !words.is_empty() {
            addresses.push(words.remove(0));
        }
        let (more, words): (Vec<_>, Vec<_>) =
            words.into_iter().partition(|word| endpoint::is_address(word));
        addresses.extend(more);
        let (paths, mut names): (Vec<_>, Vec<_>) =
            words.into_iter().partition(|word| Path::new(word).exists());
        let (address, name) = (addresses.pop(), names.pop());
        if addresses.is_empty() && names.is_empty() {
            let paths = paths.into_iter().map(PathBuf::from).collect();
            return Ok(Targets { name, address, paths });
        }
        let message =
            if names.is_empty() { "two addresses were given" } else { "two names were given" };
        Err(Problem::new(ProblemKind::Mismatch, message)
            .help("an address holds a colon (host:port), a name does not, and files are there"))
    }
}

fn no_service(catalog: &Catalog, name: &str) -> Problem {
    let names = catalog.services.iter().map(|service| service.name.as_str());
    let problem = Problem::new(ProblemKind::NotFound, format!("there is no service {name:?}"));
    suggest(problem, name, names)
}

/// Adds names that may have been meant: those that end the same way, or else begin so, or else the first ones.
pub fn suggest<'a>(
    problem: Problem,
    wanted: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let split = |name: &str| {
        let (first, last) = name.rsplit_once(['.', '/']).unwrap_or(("", name));
        (first.to_ascii_lowercase(), last.to_ascii_lowercase())
    };
    let (first, last) = split(wanted);
    let some = |like: &dyn Fn(&str) -> bool| -> Vec<&str> {
        names.clone().filter(|name| like(name)).take(SUGGESTIONS).collect()
    };
    let meant = some(&|name| split(name).1 == last);
    if !meant.is_empty() {
        return problem.help(format!("did you mean {}?", meant.join(" or ")));
    }
    let mut near = some(&|name| split(name).0 == first);
    if near.is_empty() {
        near = some(&|_| true);
    }
    if near.is_empty() {
        return problem.help("what was loaded defines none");
    }
    problem.help(format!("there is {}; `wirelab list` shows all", near.join(", ")))
}
