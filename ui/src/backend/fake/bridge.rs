//! A bridge that is not there: it starts at once, and figures move as it is asked.

use super::samples;
use serde_json::Value;
use wirelab_model::{
    Binding, BindingPreview, Bindings, BridgeMetrics, BridgePhase, BridgeSettings, BridgeState,
    BridgeStream, CallKind, FaceMetrics, PreviewBinding, Problem, ProblemKind,
};

/// The bridge as it stands.
pub fn state(settings: Option<&BridgeSettings>, running: bool, asked: u64) -> BridgeState {
    let settings = settings.cloned().unwrap_or_else(|| BridgeSettings {
        upstream: samples::endpoint(),
        ..BridgeSettings::default()
    });
    if !running {
        return BridgeState { settings, ..BridgeState::default() };
    }
    if settings.listen.ends_with(":1") {
        let message =
            format!("the bridge cannot listen at `{}`: permission denied", settings.listen);
        let problem =
            Problem::new(ProblemKind::Io, message).at("listen").help("choose another port");
        return BridgeState {
            phase: BridgePhase::Failed(problem),
            settings,
            ..BridgeState::default()
        };
    }
    let stream = |id: u64, method: &str, face: &str, kind| BridgeStream {
        id,
        method: method.into(),
        face: face.into(),
        kind,
        age_ms: asked * 500 + id * 31_000,
        sent: asked * id,
        received: asked * 3 + id,
        bytes: asked * 740,
    };
    let figures = |face: &str, share: u64| {
        let requests = (40 * asked + 7 * (asked % 5) * asked) * share / 100;
        FaceMetrics {
            face: face.into(),
            requests,
            refused: asked * share / 100,
            codes: vec![
                (0, requests.saturating_sub(asked * share / 100)),
                (5, asked * share / 100),
            ],
            timed: requests,
            p50_ns: (share > 0).then_some(410_000 + asked % 7 * 9_000),
            p99_ns: (share > 0).then_some(1_300_000 + asked % 5 * 120_000),
            open: if share == 100 { 3 } else { 0 },
            request_bytes: requests * 47,
            response_bytes: requests * 77,
            ..FaceMetrics::default()
        }
    };
    let faces = [("grpc", 0), ("grpc-web", 10), ("connect", 5), ("websocket", 15), ("rest", 70)];
    let streams = vec![
        stream(1, "shop.order.v1.OrderService/TrackOrders", "websocket", CallKind::Bidi),
        stream(2, "shop.inventory.v1.InventoryService/WatchStock", "rest", CallKind::ServerStream),
        stream(3, "shop.order.v1.OrderService/ImportOrders", "rest", CallKind::ClientStream),
    ];
    BridgeState {
        phase: BridgePhase::Running { address: settings.listen.clone() },
        settings,
        metrics: BridgeMetrics {
            uptime_ms: asked * 500,
            total: figures("", 100),
            faces: faces.into_iter().map(|(face, share)| figures(face, share)).collect(),
            open_streams: streams.len() as u64,
        },
        streams,
        stale: None,
    }
}

pub fn bindings() -> Bindings {
    let catalog = samples::catalog();
    let methods = catalog.services.iter().flat_map(|service| &service.methods);
    let bindings = methods.flat_map(|method| {
        let implicit = Binding {
            method: method.path.clone(),
            kind: method.kind,
            verb: "POST".into(),
            template: format!("/{}", method.path),
            body: "*".into(),
            implicit: true,
            ..Binding::default()
        };
        let rules: Vec<Binding> = method
            .http
            .iter()
            .map(|rule| Binding {
                verb: rule.verb.clone(),
                template: rule.path.clone(),
                body: if rule.verb == "POST" { "*".into() } else { String::new() },
                implicit: false,
                ..implicit.clone()
            })
            .collect();
        rules.into_iter().chain([implicit])
    });
    Bindings { bindings: bindings.collect(), problems: Vec::new() }
}

/// It knows no rules: the verb and the template go as they are, with `sku` filled in.
pub fn preview(request: &PreviewBinding, listen: &str) -> Result<Value, Problem> {
    let PreviewBinding { binding, json, .. } = request;
    let found = match crate::state::json::parse(json) {
        Err(error) => BindingPreview {
            problem: Some(
                Problem::new(ProblemKind::Syntax, error.message).span(error.line, error.column),
            ),
            ..BindingPreview::default()
        },
        Ok(value) => {
            let target = binding.template.replace("{sku}", "KB-204-EU");
            let target = match binding.body.is_empty() {
                true => format!("{target}?warehouseIds=7&warehouseIds=12&maxAge=300s"),
                false => target,
            };
            let body = (!binding.body.is_empty()).then(|| crate::state::json::pretty(&value));
            let data =
                body.as_ref().map_or(String::new(), |body| format!(" \\\n  --json '{body}'"));
            BindingPreview {
                verb: binding.verb.clone(),
                url: format!("http://{listen}{target}"),
                headers: vec![("Grpc-Metadata-X-Tenant".into(), "shop".into())],
                body,
                curl: format!("curl -X {} 'http://{listen}{target}'{data}", binding.verb),
                socket: format!("ws://{listen}{target}"),
                target,
                problem: None,
            }
        }
    };
    super::give(found)
}
