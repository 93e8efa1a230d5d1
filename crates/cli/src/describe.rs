//! `wirelab list` and `wirelab describe`.

use crate::{
    args::{Describe, List, Schemas},
    endpoint, output,
    source::{self, Keep, Opened},
};
use wirelab_model::{Catalog, Problem, ProblemKind};
use wirelab_studio::Handlers;

/// How many names an explanation suggests.
const SUGGESTIONS: usize = 3;

pub async fn list(args: List) -> Result<u8, Problem> {
    let (service, address) = split(args.targets)?;
    with(&args.schemas, address.as_deref(), async |_, catalog| {
        source::tell_problems(catalog);
        let Some(name) = service else {
            if args.json {
                return output::print_json(&catalog.services);
            }
            let names: Vec<_> =
                catalog.services.iter().map(|service| service.name.as_str()).collect();
            return if names.is_empty() { Ok(()) } else { output::print(&names.join("\n")) };
        };
        let found = catalog.services.iter().find(|service| service.name == name);
        let service = found.ok_or_else(|| no_service(catalog, &name))?;
        if args.json {
            return output::print_json(service);
        }
        let paths: Vec<_> = service.methods.iter().map(|method| method.path.as_str()).collect();
        output::print(&paths.join("\n"))
    })
    .await
}

pub async fn describe(args: Describe) -> Result<u8, Problem> {
    let (symbol, address) = split(args.targets)?;
    let Some(symbol) = symbol else {
        return Err(Problem::new(ProblemKind::NotFound, "no symbol was given")
            .help("name a service, method, message or enum; `wirelab list` shows services"));
    };
    with(&args.schemas, address.as_deref(), async |opened, _| {
        let description = opened.studio.describe(symbol).await?;
        if args.json {
            return output::print_json(&description);
        }
        output::print(&description.text)
    })
    .await
}

/// Opens a studio that keeps nothing, looks at it and closes it.
async fn with(
    schemas: &Schemas,
    address: Option<&str>,
    look: impl AsyncFnOnce(&Opened, &Catalog) -> Result<(), Problem>,
) -> Result<u8, Problem> {
    let endpoint = address.map(|address| endpoint::endpoint(address, &schemas.connection));
    let specs = source::specs(schemas, endpoint.as_ref())?;
    let opened = Opened::new(specs, Keep::Nothing).await?;
    let looked = match opened.catalog().await {
        Ok(catalog) => look(&opened, &catalog).await,
        Err(problem) => Err(problem),
    };
    opened.studio.close().await;
    looked.map(|()| 0)
}

/// Sorts out which word is the name and which the address.
fn split(targets: Vec<String>) -> Result<(Option<String>, Option<String>), Problem> {
    let (mut addresses, mut names): (Vec<_>, Vec<_>) =
        targets.into_iter().partition(|word| endpoint::is_address(word));
    let (address, name) = (addresses.pop(), names.pop());
    if addresses.is_empty() && names.is_empty() {
        return Ok((name, address));
    }
    let message =
        if names.is_empty() { "two addresses were given" } else { "two names were given" };
    Err(Problem::new(ProblemKind::Mismatch, message)
        .help("an address holds a colon (host:port), a name does not"))
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
