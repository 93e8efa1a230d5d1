//! Pictures of the real app in Chromium: `shots FOLDER [all|readme] [PART OF A NAME]`, started by `cargo xtask shots`.
//!
//! Each scene is played once a theme; the pictures are `explore-light.png` (1440×900), which the README shows, and
//! `explore-light-1024x700.png`.

use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use wirelab_tests::browser::{DESK, Shell, Size};
use wirelab_tests::screen::{Screen, id, id_with};
use wirelab_tests::studio::Studio;

/// A small laptop's window.
const SMALL: Size = (1024, 700);

/// A request that shows most kinds of fields; typed without line breaks, which the editor would indent.
const REQUEST: &str = r#"{"sku": "KB-204-EU", "warehouseIds": ["7", "12"], "maxAge": "300s", "byLocation": {"country": "COUNTRY_DE", "labels": {"tier": "gold"}}}"#;

const SCENES: &[&str] = &["explore", "stream", "json", "history", "compare", "palette"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder for the pictures");
    let sizes: &[Size] =
        if arguments.next().as_deref() == Some("readme") { &[DESK] } else { &[DESK, SMALL] };
    let only = arguments.next().unwrap_or_default();

    let studio = Studio::serve(&["--demo", "proto-samples"]);
    let shell = Shell::chromium(&studio.address, DESK).await;
    let screen = &shell.screen;
    let page = screen.run("return location.origin").await;
    let page = page.as_str().expect("an address");
    for theme in ["light", "dark"] {
        let feature = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        screen.cdp("Emulation.setEmulatedMedia", json!({ "features": feature })).await;
        for scene in SCENES {
            let name = format!("{scene}-{theme}");
            if !name.contains(&only) {
                continue;
            }
            screen.resize(DESK).await;
            screen.open(page).await;
            play(screen, scene).await;
            for size in sizes {
                screen.resize(*size).await;
                let (width, height) = size;
                let file = match *size == DESK {
                    true => format!("{name}.png"),
                    false => format!("{name}-{width}x{height}.png"),
                };
                let file = Path::new(&folder).join(file);
                screen.picture(&file).await;
                println!("{}", file.display());
            }
            leave(screen, scene).await;
        }
    }
    let complaints: BTreeSet<String> = screen.complaints().await.into_iter().collect();
    for complaint in complaints {
        eprintln!("the page complained: {complaint}");
    }
    shell.screen.clone().close().await;
}

/// Brings a scene to the screen.
async fn play(s: &Screen, scene: &str) {
    match scene {
        "explore" | "json" => {
            choose(s, "shop.inventory.v1.InventoryService/GetStock").await;
            s.click(&id("tab-json")).await;
            s.fill(&id("json-editor"), REQUEST).await;
            if scene == "explore" {
                s.click(&id("tab-form")).await;
            }
            s.click(&id("invoke")).await;
            s.reads(&id("wire-proto-size"), "B").await;
            s.reads(&id("response-status"), "OK").await;
        }
        "stream" => {
            choose(s, "shop.inventory.v1.InventoryService/WatchStock").await;
            s.click(&id("tab-metadata")).await;
            s.fill(&id("metadata-key"), "demo-interval-ms").await;
            s.fill(&id("metadata-value"), "60").await;
            s.click(&id("tab-form")).await;
            s.click(&id("invoke")).await;
            s.waits("a screenful of messages", async |s| s.count(&id("message-row")).await > 12)
                .await;
        }
        "history" => {
            s.click(&id("view-history")).await;
            s.click(&id("history-row")).await;
            s.find(&id("history-detail")).await;
        }
        "compare" => {
            s.click(&id("view-compare")).await;
            s.fill(&id("compare-method"), "shop.inventory.v1.InventoryService/GetStock").await;
            s.fill(&id("compare-message"), "{\"sku\": \"KB-204-EU\"}").await;
            s.fill(&id("compare-calls"), "500").await;
            s.click(&id("compare-run")).await;
            s.find(&id("compare-report")).await;
        }
        "palette" => {
            s.find(&id("tree-search")).await;
            s.control('k').await;
            s.fill(&id("palette-input"), "stock").await;
            s.find(&id("palette-item")).await;
        }
        _ => unreachable!("every scene is played"),
    }
}

/// Ends what a scene left running.
async fn leave(s: &Screen, scene: &str) {
    if scene == "stream" {
        s.click(&id("cancel")).await;
    }
}

async fn choose(s: &Screen, method: &str) {
    s.click(&id("view-explore")).await;
    s.click(&id_with("tree-method", "data-method", method)).await;
    s.click(&id("tab-form")).await;
}
