//! `cargo xtask`: sets a machine up, builds the screens, starts the studio, runs every test.
//!
//! Owns how the project is built and run, and knows the system's package manager, the wasm toolchain and where
//! downloaded parts are kept. Knows nothing of gRPC: it calls cargo and the binaries that cargo built.

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

mod bench;
mod fuzz;
mod parts;
mod phases;
mod shell;
mod studio;
mod system;
mod test;
mod ui;
mod workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs and tests Wirelab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is missing and open the studio with the sample server
    Studio(StudioArgs),
    /// Set up what is missing and run everything: format, lints, tests, the screens in both shells
    Test {
        /// Run only `cargo test` with these arguments, after the set-up and the builds it needs
        #[arg(last = true)]
        cargo_test: Vec<String>,
    },
    /// Install what `cargo xtask test` needs, and nothing that is there already
    Setup,
    /// Build the screens into ui/dist
    Ui {
        /// Optimise for size, as people get it
        #[arg(long)]
        release: bool,
    },
    /// Fuzz both directions of the transcoder for a while, as `cargo xtask test` does at its end
    Fuzz,
    /// Measure a release build beside programs that are not ours
    Bench {
        /// What is measured
        bench: bench::Bench,
        /// Passed on to the bench
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Take pictures of the real app in Chromium
    Shots {
        /// Where the pictures go
        #[arg(long, default_value = "target/shots")]
        out: PathBuf,
        /// Take those of the README, into docs
        #[arg(long, conflicts_with = "out")]
        readme: bool,
        /// Only scenes whose name contains this
        #[arg(long)]
        only: Option<String>,
    },
}

/// How the studio is started.
#[derive(Args)]
struct StudioArgs {
    /// Open the desktop window instead of the web edition
    #[arg(long)]
    desktop: bool,
    /// Port of the web edition on 127.0.0.1
    #[arg(long, default_value_t = 4780)]
    port: u16,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
    /// Keep history and settings here instead of in the platform's data folder
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Studio(args) => studio::run(&args),
        Command::Test { cargo_test } => test::run(&cargo_test),
        Command::Setup => {
            system::ensure(&system::for_tests())?;
            system::ensure_rust()?;
            parts::ensure()?;
            println!("setup: everything is there");
            Ok(ExitCode::SUCCESS)
        }
        Command::Ui { release } => {
            system::ensure_rust()?;
            ui::build(release)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Fuzz => {
            fuzz::run(&fuzz::build()?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench { bench, arguments } => bench::run(bench, &arguments),
        Command::Shots { out, readme, only } => {
            test::shots(if readme { "docs".as_ref() } else { &out }, readme, only.as_deref())
        }
    }
}
