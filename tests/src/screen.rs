//! What is on the screen, found by `data-testid`, and what a person does to it.
//!
//! Everything waits until it is possible: the screens draw when they get to it.

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long something may take to come to the screen.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(40);

/// WebDriver's keys (<https://www.w3.org/TR/webdriver2/#keyboard-actions>).
pub mod key {
    /// Ends held modifiers.
    pub const NONE: char = '\u{e000}';
    /// Control.
    pub const CONTROL: char = '\u{e009}';
    /// Enter.
    pub const ENTER: char = '\u{e007}';
    /// Escape.
    pub const ESCAPE: char = '\u{e00c}';
    /// Backspace.
    pub const BACKSPACE: char = '\u{e003}';
    /// Down.
    pub const DOWN: char = '\u{e015}';
    /// Tab.
    pub const TAB: char = '\u{e004}';
}

/// The page of a shell.
#[derive(Clone)]
pub struct Screen {
    client: Client,
    chromium: bool,
}

/// A CSS selector of the element with this test id.
pub fn id(test_id: &str) -> String {
    format!("[data-testid='{test_id}']")
}

/// A CSS selector of the element with this test id and another attribute.
pub fn id_with(test_id: &str, attribute: &str, value: &str) -> String {
    format!("[data-testid='{test_id}'][{attribute}='{value}']")
}

impl Screen {
    /// The page of a session.
    pub fn new(client: Client, chromium: bool) -> Screen {
        Screen { client, chromium }
    }

    /// Goes to an address.
    pub async fn open(&self, address: &str) {
        self.client.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page loads again");
    }

    /// Makes the page exactly so large (Chromium; a desktop window fills its display).
    pub async fn resize(&self, (width, height): (u32, u32)) {
        if !self.chromium {
            return self.client.set_window_size(width, height).await.expect("a new size");
        }
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        )
        .await;
    }

    /// Waits for the first element that matches and can be seen.
    pub async fn find(&self, css: &str) -> Element {
        self.until(&format!("{css} to be seen"), async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if self.is_shown(&element).await? {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
    }

    /// How many elements match now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.map_or(0, |found| found.len())
    }

    /// Waits until nothing that matches can be seen.
    pub async fn gone(&self, css: &str) {
        self.until(&format!("{css} to be gone"), async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if self.is_shown(&element).await? {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// Whether an element takes room on the page. What the drivers say of it differs: WebKit's finds that a text area
    /// with transparent text is not there.
    async fn is_shown(&self, element: &Element) -> Result<bool, CmdError> {
        const SHOWN: &str = "const box = arguments[0].getBoundingClientRect();
            return box.width > 0 && box.height > 0 && getComputedStyle(arguments[0]).visibility === 'visible'";
        let shown = self.client.execute(SHOWN, vec![serde_json::to_value(element)?]).await?;
        Ok(shown == Value::Bool(true))
    }

    /// Clicks the first that matches.
    pub async fn click(&self, css: &str) {
        self.until(&format!("{css} to be clicked"), async || {
            let element = self.find(css).await;
            element.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Chooses an entry of a `select` by its value.
    pub async fn select(&self, css: &str, value: &str) {
        self.until(&format!("{value} to be chosen in {css}"), async || {
            self.find(css).await.select_by_value(value).await?;
            Ok(Some(()))
        })
        .await
    }

    /// Replaces the text of an input as a person would: select everything, type over it.
    pub async fn fill(&self, css: &str, text: &str) {
        let all = format!("{}a{}{}", key::CONTROL, key::NONE, key::BACKSPACE);
        self.until(&format!("{css} to be filled"), async || {
            let element = self.find(css).await;
            element.send_keys(&all).await?;
            element.send_keys(text).await?;
            Ok(Some(()))
        })
        .await
    }

    /// Types keys where the focus is in the first that matches.
    pub async fn keys(&self, css: &str, keys: &str) {
        self.until(&format!("{css} to take keys"), async || {
            self.find(css).await.send_keys(keys).await?;
            Ok(Some(()))
        })
        .await
    }

    /// Holds Control and presses a key on the page.
    pub async fn control(&self, pressed: char) {
        self.keys("body", &format!("{}{pressed}{}", key::CONTROL, key::NONE)).await;
    }

    /// Text that can be seen of the first that matches.
    pub async fn text(&self, css: &str) -> String {
        self.until(&format!("{css} to be read"), async || {
            self.find(css).await.text().await.map(Some)
        })
        .await
    }

    /// The value of an input.
    pub async fn value(&self, css: &str) -> String {
        self.until(&format!("{css} to have a value"), async || {
            self.find(css).await.prop("value").await
        })
        .await
    }

    /// Waits until the text of the first that matches contains `part`; returns the text.
    pub async fn reads(&self, css: &str, part: &str) -> String {
        self.waits_for(css, part, async |element| element.text().await.map(Some)).await
    }

    /// Waits until the value of an input contains `part`; returns the value.
    pub async fn holds(&self, css: &str, part: &str) -> String {
        self.waits_for(css, part, async |element| element.prop("value").await).await
    }

    async fn waits_for(
        &self,
        css: &str,
        part: &str,
        read: impl AsyncFn(&Element) -> Result<Option<String>, CmdError>,
    ) -> String {
        let last = std::sync::Mutex::new(String::new());
        let until = Instant::now() + PATIENCE;
        loop {
            let looked = async {
                for element in self.client.find_all(Locator::Css(css)).await? {
                    let text = read(&element).await?.unwrap_or_default();
                    if text.contains(part) {
                        return Ok::<_, CmdError>(Some(text));
                    }
                    *last.lock().expect("no panic") = text;
                }
                Ok(None)
            };
            if let Ok(Some(text)) = looked.await {
                return text;
            }
            let last = last.lock().expect("no panic").clone();
            assert!(Instant::now() < until, "{css} never said {part:?}; last it was {last:?}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until `check` holds.
    pub async fn waits(&self, what: &str, check: impl AsyncFn(&Screen) -> bool) {
        self.until(what, async || Ok(check(self).await.then_some(()))).await
    }

    /// Runs JavaScript in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Writes a picture of the page.
    pub async fn picture(&self, file: &Path) {
        let picture = self.client.screenshot().await.expect("a picture");
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).expect("a folder for pictures");
        }
        std::fs::write(file, picture).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }

    /// What the page complained about: errors and violations of its content security policy. Chromium remembers
    /// them from the start; elsewhere those after [`Screen::listen_for_complaints`] are known.
    pub async fn complaints(&self) -> Vec<String> {
        if !self.chromium {
            let said = self.run("return window.__complaints ?? []").await;
            return said.as_array().into_iter().flatten().map(|line| line.to_string()).collect();
        }
        let log = self.vendor("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .filter_map(|entry| entry["message"].as_str().map(str::to_owned))
            .collect()
    }

    /// Begins to note what the page complains about, where the driver does not.
    pub async fn listen_for_complaints(&self) {
        self.run(
            "const said = window.__complaints = [];
             addEventListener('error', e => said.push(String(e.message)));
             addEventListener('unhandledrejection', e => said.push(String(e.reason)));
             document.addEventListener('securitypolicyviolation', e => said.push(`${e.violatedDirective}: ${e.blockedURI}`));
             const error = console.error.bind(console);
             console.error = (...words) => { said.push(words.join(' ')); error(...words); };",
        )
        .await;
    }

    /// Ends the session, which closes the page.
    pub async fn close(self) {
        // The page may be gone already.
        let _ = self.client.close().await;
    }

    /// A command of Chromium's own protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.vendor("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn vendor(&self, path: &'static str, body: Value) -> Value {
        let sent = self.client.issue_cmd(Vendor { path, body }).await;
        sent.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Tries until `attempt` gives something. Elements that were drawn anew between being found and being used are
    /// no reason to give up.
    async fn until<T>(
        &self,
        what: &str,
        attempt: impl AsyncFn() -> Result<Option<T>, CmdError>,
    ) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let error = match attempt().await {
                Ok(Some(found)) => return found,
                Ok(None) => String::new(),
                Err(error) => format!(": {error}"),
            };
            assert!(Instant::now() < until, "waited for {what}{error}");
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// A command that only one driver knows.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
