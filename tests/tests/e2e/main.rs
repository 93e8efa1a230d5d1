//! What a person does, in both shells: the web edition in Chromium and the desktop window in WebKitGTK.

mod bridge;
mod scenario;

use scenario::Scenario;
use std::panic::resume_unwind;
use tokio::sync::Mutex;
use tokio::task::{LocalSet, spawn_local};
use wirelab_tests::browser::{DESK, Shell};
use wirelab_tests::outside;
use wirelab_tests::studio::Studio;

/// One shell at a time: two at once make both slow on a small machine.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn in_chromium() {
    let _turn = TURN.lock().await;
    let studio = Studio::serve(&["--demo"]);
    let shell = Shell::chromium(&studio.address, DESK).await;
    play("chromium", shell).await;
}

#[tokio::test]
async fn in_the_desktop_window() {
    let _turn = TURN.lock().await;
    let shell = Shell::desktop(&["--demo"], DESK).await;
    shell.screen.listen_for_complaints().await;
    play("desktop", shell).await;
}

/// Plays the scenario; a step that fails leaves a picture.
async fn play(name: &str, shell: Shell) {
    let screen = shell.screen.clone();
    let scenario = Scenario { screen: screen.clone() };
    let local = LocalSet::new();
    let played =
        local.run_until(async { spawn_local(async move { scenario.play().await }).await }).await;
    if let Err(failure) = played {
        let file = outside::pictures().join(format!("{name}.png"));
        screen.picture(&file).await;
        eprintln!("what was on the screen: {}", file.display());
        eprintln!("what the page complained about: {:#?}", screen.complaints().await);
        resume_unwind(failure.into_panic());
    }
    screen.close().await;
}
