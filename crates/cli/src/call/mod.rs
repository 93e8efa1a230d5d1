//! `wirelab call`: one call of any kind, requests from text or standard input, answers to standard output.

mod defaults;
mod follow;
mod inside;
mod report;

use crate::{
    args::Call,
    describe::suggest,
    endpoint::{endpoint, millis},
    header,
    input::Data,
    output,
    source::{self, Keep, Opened},
};
use follow::Follower;
use futures_util::StreamExt;
use tokio::sync::mpsc::Receiver;
use wirelab_model::{
    Auth, CallId, CallSpec, CallState, Catalog, MethodInfo, Problem, ProblemKind, RetryPolicy,
    SendMessage, StartCall, StudioEvent,
};
use wirelab_studio::{Handlers, Studio};
use wirelab_transcode::{Codec, Options};

/// What the exit codes of failed calls begin at, as grpcurl has it.
const EXIT_STATUS: u32 = 64;

type Values = Receiver<Result<String, Problem>>;

/// Makes the call; the number is the exit code.
pub async fn run(args: Call) -> Result<u8, Problem> {
    let schemas = &args.schemas;
    let metadata = schemas.headers.iter().chain(&args.rpc_headers);
    let spec = CallSpec {
        endpoint: endpoint(&args.address, &schemas.connection)?,
        metadata: header::metadata(metadata, schemas.expand_headers)?,
        deadline_ms: args.deadline.map(millis),
        max_message_bytes: args.max_message.map(|size| size as u64),
        compression: args.compress,
        wait_for_ready: args.wait_for_ready,
        cold: args.cold,
        retry: args
            .retry
            .map(|max_attempts| RetryPolicy { max_attempts, ..RetryPolicy::default() }),
        ..CallSpec::default()
    };
    let specs = source::specs(schemas, &[], Some(&spec.endpoint))?;
    let keep = match args.no_history || args.print_command {
        true => Keep::Nothing,
        false => Keep::In(args.data_dir.data_dir.clone()),
    };
    let auth = source::credentials(schemas)?;
    // A line for grpcurl has placeholders for secrets, in reflection too.
    let asking = auth.clone().filter(|_| !args.print_command);
    let opened = Opened::new(specs, keep, asking).await?;
    let called = match args.print_command {
        true => print_command(&opened, &args, spec, auth).await.map(|()| 0),
        false => call(&opened, &args, spec).await,
    };
    opened.studio.close().await;
    called
}

/// Prints the call as a line for grpcurl or curl. The server need not be there.
async fn print_command(
    opened: &Opened,
    args: &Call,
    mut spec: CallSpec,
    auth: Option<Auth>,
) -> Result<(), Problem> {
    spec.method = path_of(&args.method);
    let mut values = Data::parse(args.data.as_deref()).values();
    let mut messages = Vec::new();
    while let Some(value) = values.recv().await {
        messages.push(value?);
    }
    let start = StartCall { spec, messages, finish: true, auth };
    let command = opened.studio.format_command(start).await?;
    if !command.left_out.is_empty() {
        let without = command.left_out.join(", ");
        output::note(&format!("the line is without {without}: there is no flag for that"));
    }
    output::print(&command.line)
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
    let lenient = match args.allow_unknown_fields {
        true => Some(studio.codec(&method.input)?.ignoring_unknown(true)),
        false => None,
    };
    let (messages, finish) = if spec.kind.client_streams() {
        (Vec::new(), false)
    } else {
        (vec![known(lenient.as_ref(), only(&mut values, method).await?)], true)
    };
    if args.verbose > 0 {
        report::request(studio, &spec).await?;
    }
    let mut events = studio.events();
    let start = StartCall { spec, messages, finish, auth: opened.auth.clone() };
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
                let value = value.map(|value| value.map(|json| known(lenient.as_ref(), json)));
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
    // A server may end a call before it has heard everything: then the status says more than this problem. Requests
    // are no longer taken a moment before the record tells the end.
    let ending = problem.kind == ProblemKind::NotFound;
    if ending || studio.call(id).await?.state != CallState::Running {
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

/// The request without the fields that the message does not have, where that was asked for. What is wrong otherwise is
/// told when it is sent.
fn known(lenient: Option<&Codec>, json: String) -> String {
    let Some(codec) = lenient else { return json };
    let (mut wire, mut text) = (Vec::new(), Vec::new());
    let read = codec.json_to_wire(json.as_bytes(), &mut wire);
    match read.and_then(|()| codec.wire_to_json(&wire, &mut text, &Options::default())) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => json,
    }
}

/// `pkg.Service/Method` from that, `/pkg.Service/Method` or `pkg.Service.Method`.
fn path_of(name: &str) -> String {
    let name = name.trim_start_matches('/');
    match (name.contains('/'), name.rsplit_once('.')) {
        (false, Some((service, method))) => format!("{service}/{method}"),
        _ => name.to_owned(),
    }
}

/// The method with this name, written `pkg.Service/Method`, `/pkg.Service/Method` or `pkg.Service.Method`.
fn find<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a MethodInfo, Problem> {
    let path = path_of(name);
    let methods = catalog.services.iter().flat_map(|service| &service.methods);
    methods.clone().find(|method| method.path == path).ok_or_else(|| {
        source::tell_problems(catalog);
        let problem = Problem::new(ProblemKind::NotFound, format!("there is no method {path:?}"));
        suggest(problem, &path, methods.map(|method| method.path.as_str()))
    })
}
