//! `wirelab call`: one call of any kind, requests from text or standard input, answers to standard output.

mod defaults;
mod follow;
mod report;

use crate::{
    args::Call,
    describe::suggest,
    endpoint::endpoint,
    header,
    input::Data,
    output,
    source::{self, Keep, Opened},
};
use follow::Follower;
use futures_util::StreamExt;
use tokio::sync::mpsc::Receiver;
use wirelab_model::{
    CallId, CallSpec, CallState, Catalog, MethodInfo, Problem, ProblemKind, SendMessage, StartCall,
    StudioEvent,
};
use wirelab_studio::{Handlers, Studio};

/// What the exit codes of failed calls begin at, as grpcurl has it.
const EXIT_STATUS: u32 = 64;

type Values = Receiver<Result<String, Problem>>;

/// Makes the call; the number is the exit code.
pub async fn run(args: Call) -> Result<u8, Problem> {
    let spec = CallSpec {
        endpoint: endpoint(&args.address, &args.schemas.connection),
        metadata: header::metadata(&args.headers)?,
        deadline_ms: args
            .deadline
            .map(|deadline| u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).max(1)),
        ..CallSpec::default()
    };
    let specs = source::specs(&args.schemas, Some(&spec.endpoint))?;
    let keep = match args.no_history {
        true => Keep::Nothing,
        false => Keep::In(args.data_dir.data_dir.clone()),
    };
    let opened = Opened::new(specs, keep).await?;
    let called = call(&opened, &args, spec).await;
    opened.studio.close().await;
    called
}

async fn call(opened: &Opened, args: &Call, mut spec: CallSpec) -> Result<u8, Problem> {
    let studio = &opened.studio;
    let catalog = opened.catalog().await?;
    let method = find(&catalog, &args.method)?;
    spec.method.clone_from(&method.path);
    spec.kind = method.kind;
    if let Some(problem) = studio.hello(()).await?.history_problem.filter(|_| !args.no_history) {
        output::problem(&problem);
    }

    let data = Data::parse(args.data.as_deref());
    let place = data.name();
    let mut values = data.values();
    let (messages, finish) = if spec.kind.client_streams() {
        (Vec::new(), false)
    } else {
        (vec![only(&mut values, method).await?], true)
    };
    if args.verbose {
        report::request(&spec);
    }
    let mut events = studio.events();
    let start = StartCall { spec, messages, finish, auth: None };
    let record = studio.start_call(start).await.map_err(|problem| at(problem, &place, 1))?;
    let id = record.id;
    let types = match args.emit_defaults {
        true => Some(studio.form(method.output.clone()).await?.types),
        false => None,
    };
    let mut follower = Follower::new(studio.clone(), id, args.json, types);
    let mut sending = !finish;
    let mut sent = 0_u64;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut listening = true;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            value = values.recv(), if sending => {
                sent += 1;
                let next = send(studio, id, value).await;
                sending = next.map_err(|problem| at(problem, &place, sent))?;
                continue;
            }
            _ = &mut interrupted, if listening => {
                listening = false;
                studio.cancel_call(id).await?;
                continue;
            }
        };
        let over = match event {
            Some(StudioEvent::Call(update)) if update.record.id == id => {
                follower.take(&update.rows).await?;
                update.record.state != CallState::Running
            }
            Some(StudioEvent::Lagged) => {
                follower.catch_up().await?;
                studio.call(id).await?.state != CallState::Running
            }
            Some(_) => false,
            None => true,
        };
        if over {
            break;
        }
    }
    follower.catch_up().await?;
    let record = studio.call(id).await?;
    let status = report::outcome(studio, &record, args).await?;
    Ok(match status {
        0 => u8::from(follower.unreadable()),
        code => u8::try_from(EXIT_STATUS.saturating_add(code)).unwrap_or(u8::MAX),
    })
}

/// Sends the next request, or says that there is none; returns whether more may come.
async fn send(
    studio: &Studio,
    id: CallId,
    value: Option<Result<String, Problem>>,
) -> Result<bool, Problem> {
    let sent = match value {
        None => studio.finish_sending(id).await.map(|()| false),
        Some(Ok(json)) => studio.send_message(SendMessage { call: id, json }).await.map(|()| true),
        Some(Err(problem)) => Err(problem),
    };
    let Err(problem) = sent else { return sent };
    // A server may end a call before it has heard everything: then the status says more than this problem.
    if studio.call(id).await?.state != CallState::Running {
        return Ok(false);
    }
    studio.cancel_call(id).await?;
    Err(problem)
}

/// Says which request is wrong: the `number`th of `place`; where in it is told already.
fn at(mut problem: Problem, place: &str, number: u64) -> Problem {
    if problem.span.is_none() || problem.path.as_deref() == Some(place) {
        return problem;
    }
    if let Some(path) = problem.path.take() {
        problem.message = format!("{path}: {}", problem.message);
    }
    match number {
        1 => problem.at(place),
        _ => problem.at(format!("{place}, value {number}")),
    }
}

/// The request of a method that takes one: an empty message when nothing is given.
async fn only(values: &mut Values, method: &MethodInfo) -> Result<String, Problem> {
    let Some(first) = values.recv().await else { return Ok("{}".to_owned()) };
    let first = first?;
    match values.recv().await {
        None => Ok(first),
        Some(Err(problem)) => Err(problem),
        Some(Ok(_)) => Err(Problem::new(
            ProblemKind::Mismatch,
            format!("{} takes one request, but more were given", method.path),
        )
        .help("only methods whose client streams take several JSON values")),
    }
}

/// The method with this name, written `pkg.Service/Method`, `/pkg.Service/Method` or `pkg.Service.Method`.
fn find<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a MethodInfo, Problem> {
    let name = name.trim_start_matches('/');
    let path = match (name.contains('/'), name.rsplit_once('.')) {
        (false, Some((service, method))) => format!("{service}/{method}"),
        _ => name.to_owned(),
    };
    let methods = catalog.services.iter().flat_map(|service| &service.methods);
    methods.clone().find(|method| method.path == path).ok_or_else(|| {
        source::tell_problems(catalog);
        let problem = Problem::new(ProblemKind::NotFound, format!("there is no method {path:?}"));
        suggest(problem, &path, methods.map(|method| method.path.as_str()))
    })
}
