//! The steps, each one thing that a person does and sees.

use wirelab_tests::outside;
use wirelab_tests::process::free_port;
use wirelab_tests::screen::{Screen, id, id_with, key};

pub const GET_STOCK: &str = "shop.inventory.v1.InventoryService/GetStock";
pub const WATCH_STOCK: &str = "shop.inventory.v1.InventoryService/WatchStock";
const STREAM_REPLY: &str = "helloworld.Greeter/SayHelloStreamReply";
const CREATE_USERS: &str = "user.v1.UserService/CreateUsers";
const CHAT: &str = "user.v1.UserService/ChatStream";

/// A token that must not leave the request.
const SECRET: &str = "only-for-this-call";

/// A person at a screen, the sample server beside it and nothing loaded yet.
pub struct Scenario {
    /// The screen.
    pub screen: Screen,
}

impl Scenario {
    /// Does everything.
    pub async fn play(&self) {
        self.load_samples().await;
        self.see_why_a_source_is_broken().await;
        self.call_unary().await;
        self.keep_form_and_json_in_step().await;
        self.call_server_stream().await;
        self.call_client_stream().await;
        self.call_bidi().await;
        self.cancel_a_stream().await;
        self.meet_a_server_that_is_down().await;
        self.find_the_call_and_replay_it().await;
        self.connect_and_sign_in().await;
        self.carry_a_request_as_a_command().await;
        self.compare().await;
        self.send_by_every_transport().await;
        self.run_the_bridge().await;
        self.switch_the_theme().await;
        self.hear_no_complaint().await;
        self.come_back().await;
        self.hear_no_complaint().await;
    }

    async fn hear_no_complaint(&self) {
        let complaints = self.screen.complaints().await;
        assert!(complaints.is_empty(), "the page complained: {complaints:#?}");
    }

    async fn load_samples(&self) {
        self.add_source(&outside::checkout("proto-samples").display().to_string()).await;
        self.screen.find(&id_with("tree-method", "data-method", GET_STOCK)).await;
    }

    async fn see_why_a_source_is_broken(&self) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("broken.proto");
        std::fs::write(&file, "syntax = \"proto3\";\nmessage Half {").expect("a file");
        self.add_source(&file.display().to_string()).await;
        self.screen.reads("body", "broken.proto").await;
        self.screen.find(&id("problem")).await;
        // What was loaded before is still there.
        self.screen.find(&id_with("tree-method", "data-method", GET_STOCK)).await;
    }

    async fn call_unary(&self) {
        let s = &self.screen;
        self.choose(GET_STOCK).await;
        s.fill(&field("sku"), "KB-204-EU").await;
        s.click(&id("invoke")).await;
        s.reads(&id("response-status"), "OK").await;
        s.reads(&id("response-body"), "KB-204-EU").await;
        s.reads(&id("wire-json-size"), "B").await;
        s.reads(&id("wire-proto-size"), "B").await;
        s.click(&id("wire-forms")).await;
        s.reads(&id("wire-forms-table"), "MessagePack").await;
    }

    async fn keep_form_and_json_in_step(&self) {
        let s = &self.screen;
        s.click(&id("tab-json")).await;
        s.holds(&id("json-editor"), "KB-204-EU").await;
        s.fill(&id("json-editor"), "{\"sku\": \"MS-110\"}").await;
        s.click(&id("tab-form")).await;
        s.holds(&field("sku"), "MS-110").await;
        s.fill(&field("sku"), "CB-USBC-2M").await;
        s.click(&id("tab-json")).await;
        s.holds(&id("json-editor"), "CB-USBC-2M").await;
        s.click(&id("tab-form")).await;
    }

    async fn call_server_stream(&self) {
        let s = &self.screen;
        self.choose(STREAM_REPLY).await;
        s.fill(&field("name"), "Ada").await;
        s.click(&id("tab-metadata")).await;
        s.fill(&id("metadata-key"), "demo-count").await;
        s.fill(&id("metadata-value"), "3").await;
        s.click(&id("invoke")).await;
        s.reads(&id("response-status"), "OK").await;
        // One request and three answers.
        s.waits("four messages", async |s| s.count(&id("message-row")).await == 4).await;
        s.click(&format!("{}:last-child", id("message-row"))).await;
        s.reads(&id("message-detail"), "Ada").await;
    }

    async fn call_client_stream(&self) {
        let s = &self.screen;
        self.choose(CREATE_USERS).await;
        s.click(&id("invoke")).await;
        for _ in 0..2 {
            s.click(&id("fill-example")).await;
            s.click(&id("send")).await;
        }
        s.waits("two messages", async |s| s.count(&id("message-row")).await >= 2).await;
        s.click(&id("finish-sending")).await;
        s.reads(&id("response-status"), "OK").await;
    }

    async fn call_bidi(&self) {
        let s = &self.screen;
        self.choose(CHAT).await;
        s.click(&id("fill-example")).await;
        s.click(&id("send")).await;
        s.waits("an answer", async |s| s.count(&id("message-row")).await >= 2).await;
        s.click(&id("finish-sending")).await;
        s.reads(&id("response-status"), "OK").await;
    }

    async fn cancel_a_stream(&self) {
        let s = &self.screen;
        self.choose(WATCH_STOCK).await;
        s.click(&id("invoke")).await;
        s.waits("stock to be told", async |s| s.count(&id("message-row")).await >= 2).await;
        s.click(&id("cancel")).await;
        s.reads(&id("response-status"), "CANCELLED").await;
        // Whatever showed that it runs has gone with it.
        s.gone(&id("cancel")).await;
        s.find(&id("invoke")).await;
    }

    async fn meet_a_server_that_is_down(&self) {
        let s = &self.screen;
        self.choose(GET_STOCK).await;
        let address = s.value(&id("address")).await;
        let nobody = format!("127.0.0.1:{}", free_port());
        s.fill(&id("address"), &nobody).await;
        s.click(&id("invoke")).await;
        s.reads(&id("response-status"), "UNAVAILABLE").await;
        s.reads(&id("problem"), &nobody).await;
        s.fill(&id("address"), &address).await;
    }

    async fn find_the_call_and_replay_it(&self) {
        let s = &self.screen;
        s.click(&id("view-history")).await;
        s.find(&id("history-row")).await;
        s.fill(&id("history-search"), "GetStock KB-204-EU").await;
        s.waits("one call to be found", async |s| s.count(&id("history-row")).await == 1).await;
        s.click(&id("history-row")).await;
        s.reads(&id("history-detail"), "KB-204-EU").await;
        s.click(&id("history-replay")).await;
        // The same bytes again: a second call that the same words find.
        s.click(&id("view-history")).await;
        s.waits("the replayed call", async |s| s.count(&id("history-row")).await == 2).await;
    }

    /// A setting of the connection shows at a glance, credentials are sent, and the call says by what.
    async fn connect_and_sign_in(&self) {
        let s = &self.screen;
        self.choose(GET_STOCK).await;
        s.click(&id("connection-open")).await;
        s.find(&id("instance")).await;
        s.fill(&id("keepalive"), "30s").await;
        // WebKit's driver takes the chips for hidden, although they are seen.
        let chips =
            format!("return document.querySelector(\"{}\").textContent", id("connection-chips"));
        s.waits("the chip", async |s| {
            s.run(&chips).await.as_str().is_some_and(|text| text.contains("ping 30s"))
        })
        .await;
        s.keys(&id("keepalive"), &key::ESCAPE.to_string()).await;
        s.gone(&id("connection")).await;
        s.click(&id("tab-auth")).await;
        s.click(&id("auth-bearer")).await;
        s.fill(&id("auth-token"), SECRET).await;
        s.click(&id("invoke")).await;
        s.reads(&id("response-status"), "OK").await;
        s.click(&id("tab-peer")).await;
        s.reads(&id("peer"), "bearer").await;
        s.click(&id("tab-response")).await;
        s.click(&id("tab-form")).await;
    }

    /// The request copied as a command line opens as the same request, without its secret.
    async fn carry_a_request_as_a_command(&self) {
        let s = &self.screen;
        let tabs = s.count(&id("tab")).await;
        // What the page writes is what is tested, not the driver's clipboard.
        s.run(
            "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: \
             { writeText: async (text) => { window.copied = text; } } })",
        )
        .await;
        s.click(&id("copy-command")).await;
        s.waits("a command", async |s| s.run("return window.copied ?? null").await.is_string())
            .await;
        let line = s.run("return window.copied").await;
        let line = line.as_str().unwrap_or_default();
        assert!(line.starts_with("grpcurl ") && line.contains(GET_STOCK), "{line}");
        assert!(!line.contains(SECRET), "{line}");
        s.control('k').await;
        // An input has one line.
        s.fill(&id("palette-input"), &line.replace("\\\n", " ").replace('\n', " ")).await;
        s.reads(&id("palette-item"), "Open this command").await;
        s.keys(&id("palette-input"), &key::ENTER.to_string()).await;
        s.waits("the request", async |s| s.count(&id("tab")).await == tabs + 1).await;
        s.click(&id("tab-form")).await;
        s.holds(&field("sku"), "CB-USBC-2M").await;
    }

    async fn compare(&self) {
        let s = &self.screen;
        s.click(&id("view-compare")).await;
        s.fill(&id("compare-method"), GET_STOCK).await;
        s.fill(&id("compare-message"), "{\"sku\": \"KB-204-EU\"}").await;
        s.fill(&id("compare-calls"), "40").await;
        s.click(&id("compare-run")).await;
        s.find(&id("compare-report")).await;
        s.find(&format!("{} svg", id("compare-chart-latency"))).await;
        s.find(&format!("{} svg", id("compare-chart-cost"))).await;
        s.reads(&id("compare-table"), "40").await;
        s.reads(&id("compare-table"), "REST · JSON").await;
        s.reads(&id("compare-table"), "WebSocket · JSON").await;
        s.reads(&id("compare-forms"), "CBOR").await;
    }

    async fn switch_the_theme(&self) {
        let s = &self.screen;
        let paper = async |s: &Screen| {
            s.run("return getComputedStyle(document.body).backgroundColor").await
        };
        let before = paper(s).await;
        // Automatic, light, dark: within two steps the colours are others.
        s.click(&id("theme")).await;
        if paper(s).await == before {
            s.click(&id("theme")).await;
        }
        s.waits("other colours", async |s| paper(s).await != before).await;
    }

    /// Loads the page again: what was open is open again, but for secrets.
    async fn come_back(&self) {
        let s = &self.screen;
        s.click(&id("view-explore")).await;
        let tabs = s.count(&id("tab")).await;
        assert!(tabs >= 5, "{tabs} tabs");
        s.reload().await;
        let kept = s.run("return JSON.stringify(localStorage)").await.to_string();
        assert!(kept.contains("bearer") || kept.contains("Bearer"), "{kept}");
        assert!(!kept.contains(SECRET), "{kept}");
        s.find(&id_with("tree-method", "data-method", GET_STOCK)).await;
        s.waits("the tabs to be back", async |s| s.count(&id("tab")).await == tabs).await;
        s.click(&id_with("tab", "data-method", GET_STOCK)).await;
        s.holds(&field("sku"), "CB-USBC-2M").await;
    }

    async fn add_source(&self, path: &str) {
        let s = &self.screen;
        s.click(&id("source-add")).await;
        s.fill(&id("source-path"), path).await;
        s.click(&id("source-add-confirm")).await;
        s.gone(&id("source-path")).await;
    }

    /// Opens a method from the tree.
    pub async fn choose(&self, method: &str) {
        let s = &self.screen;
        s.click(&id("view-explore")).await;
        let name = method.rsplit('/').next().unwrap_or(method);
        s.fill(&id("tree-search"), name).await;
        s.click(&id_with("tree-method", "data-method", method)).await;
        s.find(&id_with("tab", "data-method", method)).await;
        s.keys(&id("tree-search"), &key::ESCAPE.to_string()).await;
        s.click(&id("tab-form")).await;
    }
}

/// The input of a form's field.
fn field(path: &str) -> String {
    format!("{} :is(input, textarea)", id_with("field", "data-path", path))
}
