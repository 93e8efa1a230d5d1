//! The two shells that a scenario runs in: Chromium on the web edition, WebKitGTK in the desktop window.
//!
//! Flags and environment are those under which both ran without a crash in many repetitions; WebKit's threaded
//! drawing crashes in the software renderer of a virtual display unless it is told otherwise.

use crate::outside;
use crate::process::{READY, Running, free_port};
use crate::screen::Screen;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// A browser or window with a driver, ended when dropped.
pub struct Shell {
    /// What is on it.
    pub screen: Screen,
    // Dropped in this order: what draws goes before what it draws on.
    _driver: Running,
    _display: Option<Running>,
    _folder: TempDir,
}

/// Size of the page, CSS pixels.
pub type Size = (u32, u32);

/// What a person's screen commonly is.
pub const DESK: Size = (1440, 900);

impl Shell {
    /// Chromium on the page at `address`.
    pub async fn chromium(address: &str, size: Size) -> Shell {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::chromedriver());
        command.arg("--port=0");
        let driver = Running::start(&mut command);
        let port: u16 = driver.wait_for(|line| {
            line.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse().ok()
        });
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": outside::chromium(),
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-US",
                    format!("--user-data-dir={}", folder.path().display()),
                    format!("--window-size={},{}", size.0, size.1),
                ],
            },
        });
        let client = connect(port, capabilities, &driver).await;
        let screen = Screen::new(client, true);
        screen.resize(size).await;
        screen.open(address).await;
        Shell { screen, _driver: driver, _display: None, _folder: folder }
    }

    /// The desktop window with `arguments`, on a virtual display of its own.
    pub async fn desktop(arguments: &[&str], size: Size) -> Shell {
        let folder = tempfile::tempdir().expect("a folder");
        let mut xvfb = Command::new(outside::xvfb());
        xvfb.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0"]);
        xvfb.arg(format!("{}x{}x24", size.0.max(800), size.1.max(600)));
        let display = Running::start(&mut xvfb);
        let number: u32 = display.wait_for(|line| line.trim().parse().ok());

        let port = free_port();
        let mut command = Command::new(outside::webkit_driver());
        command.arg(format!("--port={port}")).current_dir(outside::checkout("."));
        command.env("DISPLAY", format!(":{number}")).env_remove("WAYLAND_DISPLAY");
        for (variable, value) in [
            ("GDK_BACKEND", "x11"),
            ("TAURI_AUTOMATION", "true"),
            ("TAURI_WEBVIEW_AUTOMATION", "true"),
            ("NO_AT_BRIDGE", "1"),
            ("LP_NUM_THREADS", "0"),
            ("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1"),
        ] {
            command.env(variable, value);
        }
        for variable in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(variable, folder.path().join(variable));
        }
        let driver = Running::start(&mut command);
        let data = folder.path().join("data").display().to_string();
        let mut all = vec!["--data-dir", &data];
        all.extend(arguments);
        let capabilities = json!({
            "webkitgtk:browserOptions": { "binary": outside::desktop(), "args": all },
        });
        let client = connect(port, capabilities, &driver).await;
        let screen = Screen::new(client, false);
        Shell { screen, _driver: driver, _display: Some(display), _folder: folder }
    }
}

/// Opens a session as soon as the driver listens.
async fn connect(port: u16, capabilities: Value, driver: &Running) -> Client {
    let Value::Object(capabilities) = capabilities else { panic!("capabilities are an object") };
    let until = Instant::now() + READY;
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < until, "the driver does not listen:\n{}", driver.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    match builder.connect(&format!("http://127.0.0.1:{port}")).await {
        Ok(client) => client,
        Err(error) => panic!("no session: {error}\n{}", driver.said()),
    }
}
