//! The desktop window on the studio: the same screens as the web edition, the same studio behind them.
//!
//! Owns the window, its size from start to start, and two commands that pass texts between the screens and the
//! studio. Knows no method of the studio and nothing of gRPC.

// Without this a console window opens beside the app on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::Parser;
use futures_util::StreamExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tauri::{Manager, RunEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tokio_util::sync::CancellationToken;
use wirelab_model::{Endpoint, Problem, ProblemKind, SourceSpec, StudioEvent};
use wirelab_studio::{Config, Studio};

mod bridge;
mod window;

/// Where the sample server listens unless something else does already.
const DEMO_PORT: u16 = 50051;

/// How long running calls and the history may take to end with the window.
const CLOSING: Duration = Duration::from_secs(5);

/// The desktop window of Wirelab, a studio for gRPC services.
#[derive(Parser)]
#[command(name = "wirelab-desktop", version)]
struct Arguments {
    /// .proto files, folders of them, or descriptor sets to load
    sources: Vec<PathBuf>,
    /// Run the sample server beside the studio
    #[arg(long)]
    demo: bool,
    /// Keep history and settings here instead of in the platform's data folder
    #[arg(long, value_name = "DIR", env = "WIRELAB_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    if !has_display() {
        eprintln!(
            "error: no display to open a window on; `wirelab serve` opens the studio in a browser"
        );
        return ExitCode::FAILURE;
    }
    let stop = CancellationToken::new();
    let begin = stop.clone();
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(tauri::generate_handler![bridge::studio, bridge::events])
        .setup(move |app| {
            let folder = arguments.data_dir.clone();
            match tauri::async_runtime::block_on(open(arguments, begin)) {
                Ok(studio) => {
                    sign_in(&studio);
                    app.manage(bridge::Bridge::new(studio));
                    let folder = folder.or_else(|| app.path().app_config_dir().ok());
                    window::open(app, folder)?;
                }
                Err(problem) => refuse(app.handle(), &problem),
            }
            Ok(())
        })
        .build(tauri::tauri_build_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            eprintln!("error: the window could not be opened: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = app.run_return(move |app, event| {
        if let RunEvent::Exit = event {
            stop.cancel();
            if let Some(bridge) = app.try_state::<bridge::Bridge>() {
                tauri::async_runtime::block_on(bridge.close(CLOSING));
            }
        }
    });
    if code == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Opens the studio, with the sample server beside it when asked for.
async fn open(arguments: Arguments, stop: CancellationToken) -> Result<Studio, Problem> {
    let default_endpoint = match arguments.demo {
        true => Some(Endpoint { address: serve_demo(stop).await?, ..Endpoint::default() }),
        false => None,
    };
    let sources = arguments
        .sources
        .into_iter()
        .map(|path| std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned())
        .map(SourceSpec::from_path)
        .collect();
    Studio::open(Config { data_dir: arguments.data_dir, sources, default_endpoint, remember: true })
        .await
}

/// Starts the sample server and returns its address.
async fn serve_demo(stop: CancellationToken) -> Result<String, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(ProblemKind::Io, format!("The sample server could not start: {error}"))
            .help("Start Wirelab without --demo")
    };
    let listener = match tokio::net::TcpListener::bind(("127.0.0.1", DEMO_PORT)).await {
        Ok(listener) => listener,
        Err(_) => tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?,
    };
    let address = listener.local_addr().map_err(failed)?.to_string();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = wirelab_demo::serve(listener, stop).await {
            eprintln!("error: the sample server ended: {error}");
        }
    });
    Ok(address)
}

/// Opens a browser where somebody has to sign in; the window itself never goes there.
fn sign_in(studio: &Studio) {
    let mut events = studio.events();
    tauri::async_runtime::spawn(async move {
        while let Some(event) = events.next().await {
            let StudioEvent::SignIn { url, .. } = event else { continue };
            // Without waiting for it.
            std::thread::spawn(move || {
                if let Err(error) = webbrowser::open(&url) {
                    eprintln!("error: no browser could be opened: {error}");
                }
            });
        }
    });
}

/// Says why there is no studio, on the terminal and in a dialog, and ends.
fn refuse(app: &tauri::AppHandle, problem: &Problem) {
    eprintln!("error: {problem}");
    let end = app.clone();
    app.dialog()
        .message(problem.to_string())
        .title("Wirelab could not start")
        .kind(MessageDialogKind::Error)
        .show(move |_| end.exit(1));
}

/// Where there is none, GTK would panic.
fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
