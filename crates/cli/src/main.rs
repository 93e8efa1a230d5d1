//! `wirelab`: the command line and the web edition.
//!
//! Owns flags, texts for terminals, exit codes, streams of messages on standard input and output, and the web server in
//! front of the studio. Knows nothing of gRPC or databases: everything it does goes through `wirelab-studio`, whose
//! codecs it runs over those streams.

mod args;
mod auth;
mod bridge;
mod browser;
mod call;
mod compare;
mod demo;
mod describe;
mod endpoint;
mod grpcurl;
mod header;
mod health;
mod input;
mod normalise;
mod output;
mod serve;
mod source;
mod transcode;

use args::{Args, Command, LogFormat};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use wirelab_model::Problem;

fn main() -> ExitCode {
    let command = match parse() {
        Ok(command) => command,
        Err(code) => return code,
    };
    log(&command);
    let threads = match &command {
        Command::Bridge(bridge) => bridge.threads.map(std::num::NonZero::get),
        _ => None,
    };
    let mut builder = match threads {
        // On one thread, tasks in the order in which they can go on: no client waits for another's luck.
        Some(1) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&output::io("cannot start the runtime", &error)),
    };
    let code = match runtime.block_on(run(command)) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => output::failed(&problem),
    };
    // A thread may still wait for standard input, which nobody will type.
    runtime.shutdown_background();
    code
}

/// Writes what goes on inside to standard error. A bridge runs unattended: it tells more.
fn log(command: &Command) {
    let (usual, json) = match command {
        Command::Bridge(bridge) => {
            ("warn,wirelab_bridge=info", bridge.observing.log_format == LogFormat::Json)
        }
        _ => ("error", false),
    };
    let filter = EnvFilter::try_from_env("WIRELAB_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match json {
        true => log.json().flatten_event(true).init(),
        false => log.init(),
    }
}

/// The command that the arguments give, or how to end when they give none.
fn parse() -> Result<Command, ExitCode> {
    // Asking for help is no failure, and clap itself would end with 2 for one.
    let told = |error: clap::Error| {
        let _ = error.print();
        ExitCode::from(u8::from(error.use_stderr()))
    };
    let mut program = Args::command();
    program.build();
    let args = normalise::normalise(std::env::args_os(), &program).collect();
    let args =
        bridge::config::expand(args, &program).map_err(|problem| output::failed(&problem))?;
    match Args::try_parse_from(args).map_err(told)?.command {
        Command::Grpcurl { args } => {
            let args = grpcurl::translate(&args).map_err(|problem| output::failed(&problem))?;
            Args::try_parse_from(args).map(|args| args.command).map_err(told)
        }
        command => Ok(command),
    }
}

/// Runs a command; the number is the exit code.
async fn run(command: Command) -> Result<u8, Problem> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::List(args) => describe::list(args).await,
        Command::Describe(args) => describe::describe(args).await,
        Command::Call(args) => call::run(args).await,
        // `parse` has made another command of it.
        Command::Grpcurl { .. } => Ok(1),
        Command::Bridge(args) => bridge::run(*args).await,
        Command::Health(args) => health::run(args).await,
        Command::Transcode(args) => transcode::run(args).await,
        Command::Compare(args) => compare::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "wirelab", &mut script);
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(0)
        }
    }
}
