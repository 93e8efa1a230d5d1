//! One handler per studio method; what takes more than a line lives with what it is about.

use crate::{Handlers, Studio, details, json};
use wirelab_model::*;

impl Handlers for Studio {
    async fn hello(&self, (): ()) -> Result<Hello, Problem> {
        let count = self.0.records.shelf().count().await;
        let problem = self.0.records.problem();
        Ok(Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            default_endpoint: self.0.default_endpoint.clone(),
            data_dir: self.0.data_dir.display().to_string(),
            history_count: *count.as_ref().unwrap_or(&0),
            history_problem: problem.or(count.err()),
        })
    }

    async fn catalog(&self, (): ()) -> Result<Catalog, Problem> {
        Ok(self.0.sources.catalog())
    }

    async fn add_source(&self, spec: SourceSpec) -> Result<Catalog, Problem> {
        self.add(spec).await
    }

    async fn remove_source(&self, id: SourceId) -> Result<Catalog, Problem> {
        self.remove(id).await
    }

    async fn reload(&self, id: Option<SourceId>) -> Result<Catalog, Problem> {
        self.reload_sources(id).await
    }

    async fn form(&self, name: String) -> Result<Form, Problem> {
        let schema = self.0.sources.schema();
        let types = schema.form(&name).ok_or_else(|| unknown(&name))?;
        Ok(Form { types, example: schema.example(&name).unwrap_or_else(|| "{}".to_owned()) })
    }

    async fn describe(&self, name: String) -> Result<Description, Problem> {
        self.0.sources.schema().describe(&name).ok_or_else(|| unknown(&name))
    }

    async fn check(&self, request: CheckRequest) -> Result<Checked, Problem> {
        self.checked(request).await
    }

    async fn start_call(&self, start: StartCall) -> Result<CallRecord, Problem> {
        self.start(start).await
    }

    async fn send_message(&self, message: SendMessage) -> Result<(), Problem> {
        self.send(message).await
    }

    async fn finish_sending(&self, call: CallId) -> Result<(), Problem> {
        self.finish_call(call).await
    }

    async fn cancel_call(&self, call: CallId) -> Result<(), Problem> {
        self.cancel(call).await
    }

    async fn call(&self, id: CallId) -> Result<CallRecord, Problem> {
        match self.0.calls.get(id) {
            Some(live) => Ok(live.record()),
            None => self.recorded(id).await,
        }
    }

    async fn messages(&self, query: MessagesQuery) -> Result<Vec<MessageRow>, Problem> {
        self.rows(query).await
    }

    async fn message(&self, query: MessageQuery) -> Result<MessageDetail, Problem> {
        self.detail(query).await
    }

    async fn encodings(&self, query: MessageQuery) -> Result<Vec<Encoded>, Problem> {
        self.encoded(query).await
    }

    async fn status_details(&self, status: Blob) -> Result<Vec<StatusDetail>, Problem> {
        Ok(details::read(&status, &self.0.sources.codecs()))
    }

    async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, Problem> {
        self.0.records.shelf().query(&query).await
    }

    async fn delete_calls(&self, ids: Vec<CallId>) -> Result<u64, Problem> {
        let (lasting, temporary): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| *id > 0);
        let mut gone = 0;
        for ids in [lasting, temporary] {
            if let Some(first) = ids.first()
                && let Ok(shelf) = self.0.records.of(*first)
            {
                gone += shelf.delete(&ids).await?;
            }
        }
        self.tell_history().await;
        Ok(gone)
    }

    async fn clear_history(&self, filter: HistoryFilter) -> Result<u64, Problem> {
        let gone = self.0.records.shelf().clear(&filter).await?;
        self.tell_history().await;
        Ok(gone)
    }

    async fn replay(&self, id: CallId) -> Result<CallRecord, Problem> {
        self.replay_call(id).await
    }

    async fn latencies(&self, filter: HistoryFilter) -> Result<Vec<LatencyPoint>, Problem> {
        self.0.records.shelf().latencies(&filter).await
    }

    async fn payloads(&self, filter: HistoryFilter) -> Result<Vec<MethodPayload>, Problem> {
        self.0.records.shelf().payloads(&filter).await
    }

    async fn saved(&self, (): ()) -> Result<Vec<SavedRequest>, Problem> {
        match self.0.records.lasting() {
            Ok(history) => history.saved().await,
            // The screen says why by `Hello`.
            Err(_) => Ok(Vec::new()),
        }
    }

    async fn save(&self, request: SavedRequest) -> Result<SavedRequest, Problem> {
        // A temporary place would lose it: better to say that it cannot be saved.
        self.0.records.lasting()?.save(&request).await
    }

    async fn delete_saved(&self, id: SavedId) -> Result<(), Problem> {
        self.0.records.lasting()?.delete_saved(id).await
    }

    async fn start_bench(&self, spec: BenchSpec) -> Result<BenchProgress, Problem> {
        self.begin_bench(spec).await
    }

    async fn cancel_bench(&self, id: BenchId) -> Result<(), Problem> {
        self.stop_bench(id).await
    }

    async fn benches(&self, (): ()) -> Result<Vec<BenchRow>, Problem> {
        self.0.records.shelf().benches().await
    }

    async fn bench(&self, id: BenchId) -> Result<BenchReport, Problem> {
        self.bench_report(id).await
    }

    async fn delete_bench(&self, id: BenchId) -> Result<(), Problem> {
        self.forget_bench(id).await
    }

    async fn health(&self, endpoint: Endpoint) -> Result<Health, Problem> {
        Ok(self.check_health(&HealthQuery { endpoint, ..HealthQuery::default() }).await)
    }

    async fn watch_health(&self, query: Option<HealthQuery>) -> Result<(), Problem> {
        self.watch_one(query);
        Ok(())
    }

    async fn channel(&self, endpoint: Endpoint) -> Result<ChannelInfo, Problem> {
        Ok(self.0.client.channel(&endpoint.behind_bridge()).await)
    }

    async fn bridge(&self, (): ()) -> Result<BridgeState, Problem> {
        Ok(self.bridge_state())
    }

    async fn start_bridge(&self, settings: BridgeSettings) -> Result<BridgeState, Problem> {
        self.begin_bridge(settings).await
    }

    async fn stop_bridge(&self, (): ()) -> Result<BridgeState, Problem> {
        Ok(self.halt_bridge().await)
    }

    async fn bindings(&self, (): ()) -> Result<Bindings, Problem> {
        Ok(self.all_bindings())
    }

    async fn preview_binding(&self, request: PreviewBinding) -> Result<BindingPreview, Problem> {
        self.preview(&request)
    }

    async fn parse_command(&self, line: String) -> Result<ParsedCommand, Problem> {
        self.parsed(&line)
    }

    async fn format_command(&self, start: StartCall) -> Result<FormattedCommand, Problem> {
        self.formatted(&start)
    }
}

/// A name that no source defines.
pub fn unknown(name: &str) -> Problem {
    if name.contains('/') {
        return json::unknown_method(name);
    }
    Problem::new(ProblemKind::NotFound, format!("no loaded source defines {name:?}"))
        .help("check its name, or add or reload the source that defines it")
}
