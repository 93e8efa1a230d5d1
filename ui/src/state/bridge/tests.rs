use super::*;
use wirelab_model::{
    Binding, BridgeMetrics, BridgeProfile, BridgeSettings, BridgeState, BridgeStream, Endpoint,
    FaceMetrics,
};

fn metrics(uptime_ms: u64, requests: u64) -> BridgeMetrics {
    let total = FaceMetrics { requests, ..FaceMetrics::default() };
    BridgeMetrics { uptime_ms, total, ..BridgeMetrics::default() }
}

fn series(points: &[(u64, u64)]) -> Series {
    let mut series = Series::default();
    points.iter().for_each(|(ms, requests)| series.take(metrics(*ms, *requests)));
    series
}

fn binding(verb: &str, template: &str, method: &str) -> Binding {
    Binding {
        verb: verb.into(),
        template: template.into(),
        method: method.into(),
        ..Binding::default()
    }
}

#[test]
fn rates_are_of_the_last_two_seconds() {
    for (points, rate) in [
        (&[][..], 0.0),
        (&[(0, 0)], 0.0),
        (&[(0, 0), (500, 50)], 100.0),
        (&[(0, 0), (1_000, 1_000), (2_000, 1_010), (3_000, 1_020)], 10.0),
        // After a pause of words the two last count.
        (&[(0, 0), (60_000, 600)], 10.0),
        // Started anew.
        (&[(9_000, 500), (100, 1), (600, 2)], 2.0),
        // Said twice.
        (&[(0, 0), (500, 10), (500, 20)], 40.0),
    ] {
        assert!((series(points).rate() - rate).abs() < 1e-9, "{points:?}");
    }
}

#[test]
fn a_series_is_bounded() {
    let many: Vec<(u64, u64)> = (0..1_000).map(|n| (n * 500, n)).collect();
    assert_eq!(series(&many).rates(|total| total.requests).len(), POINTS);
}

#[test]
fn tiles_tell_figures() {
    let total = FaceMetrics {
        codes: vec![(0, 27), (1, 3), (5, 10)],
        requests: 1_041,
        timed: 36,
        p50_ns: Some(410_000),
        p99_ns: Some(9_000_000),
        open: 1,
        request_bytes: 100,
        response_bytes: 200,
        ..FaceMetrics::default()
    };
    let stream = BridgeStream { age_ms: 65_000, ..BridgeStream::default() };
    let state = |change: fn(&mut FaceMetrics)| {
        let mut total = total.clone();
        change(&mut total);
        let metrics = BridgeMetrics { total, open_streams: 1, ..BridgeMetrics::default() };
        BridgeState { metrics, streams: vec![stream.clone()], ..BridgeState::default() }
    };
    let tile = |at: usize, change: fn(&mut FaceMetrics)| {
        let tile = tiles(&state(change), &Series::default()).swap_remove(at);
        (tile.value, tile.note, tile.bad)
    };
    let as_is: fn(&mut FaceMetrics) = |_| {};
    for (at, change, value, note, bad) in [
        (0, as_is, "0.0", "1,041 in all", false),
        (0, |t| t.refused = 3, "0.0", "1,041 in all, 3 refused", false),
        (1, as_is, "410 µs", "of 36 unary calls", false),
        (1, |t| t.timed = 0, "410 µs", "no unary calls yet", false),
        (2, as_is, "–", "36 of the 100 unary calls it takes", false),
        (2, |t| t.timed = 100, "9.00 ms", "of 100 unary calls", false),
        (3, as_is, "10", "25.0 % of 40 calls", true),
        (3, |t| t.codes.clear(), "0", "no calls yet", false),
        (4, as_is, "1", "1 stream, oldest 1:05", false),
        (4, |t| t.queued = 2, "1", "2 messages wait for clients", false),
        (4, |t| t.dropped = 1, "1", "1 message missed by slow clients", false),
        (5, as_is, "300 B", "100 B + 200 B", false),
    ] {
        assert_eq!(tile(at, change), (value.to_owned(), note.to_owned(), bad));
    }
}

#[test]
fn every_face_has_its_line() {
    let rest = FaceMetrics {
        face: "rest".into(),
        requests: 150,
        refused: 2,
        codes: vec![(0, 148), (5, 1)],
        timed: 149,
        p50_ns: Some(410_000),
        p99_ns: Some(1_300_000),
        request_bytes: 100,
        ..FaceMetrics::default()
    };
    let lines = faces(&BridgeMetrics { faces: vec![rest], ..BridgeMetrics::default() });
    let names: Vec<_> = lines.iter().map(|line| (line.name, line.used, line.bad)).collect();
    assert_eq!(
        names,
        [
            ("gRPC", false, false),
            ("gRPC-Web", false, false),
            ("Connect", false, false),
            ("REST", true, true),
            ("WebSocket", false, false)
        ]
    );
    assert_eq!(lines[3].cells, ["150", "1", "410 µs", "1.30 ms", "0", "100 B"]);
    assert_eq!(lines[0].cells, ["0", "0", "–", "–", "0", "0 B"]);
    assert!(lines[3].title.starts_with("149 calls, 2 refused"), "{}", lines[3].title);
    assert_eq!((face_name("websocket"), face_name("odd")), ("WebSocket", "odd"));
}

#[test]
fn lines_stay_in_their_box() {
    assert_eq!(points(&[]), "");
    assert_eq!(points(&[3.0]), "");
    assert_eq!(points(&[0.0, 0.0]), "");
    assert_eq!(points(&[0.0, 2.0, f64::NAN]), "0.0,23.0 50.0,1.0 100.0,23.0");
}

#[test]
fn bindings_stand_by_service() {
    let all = [
        binding("GET", "/v1/stock/{sku}", "a.Stock/Get"),
        binding("POST", "/v1/stock:watch", "a.Stock/Watch"),
        binding("POST", "/v1/orders", "a.Orders/Create"),
    ];
    let service = |name: &str, count| Row::Service { name: name.into(), count };
    for (filter, wanted) in [
        (
            "",
            vec![
                service("a.Stock", 2),
                Row::Binding(0),
                Row::Binding(1),
                service("a.Orders", 1),
                Row::Binding(2),
            ],
        ),
        (
            "post",
            vec![service("a.Stock", 1), Row::Binding(1), service("a.Orders", 1), Row::Binding(2)],
        ),
        ("stock get", vec![service("a.Stock", 1), Row::Binding(0)]),
        ("nothing", vec![]),
    ] {
        assert_eq!(rows(&all, filter), wanted, "{filter}");
    }
    assert_eq!(first_of(&all, "a.Stock/Watch"), Some(1));
    assert_eq!(first_of(&all, "a.Stock/Gone"), None);
}

#[test]
fn templates_show_their_variables() {
    for (template, wanted) in [
        (
            "/v1/{name=shelves/*}:x",
            vec![(false, "/v1/"), (true, "{name=shelves/*}"), (false, ":x")],
        ),
        ("/v1", vec![(false, "/v1")]),
        ("{a}{b", vec![(true, "{a}"), (true, "{b")]),
    ] {
        let parts = parts(template);
        let told: Vec<_> = parts.iter().map(|(var, text)| (*var, text.as_str())).collect();
        assert_eq!(told, wanted, "{template}");
    }
}

#[test]
fn notes_say_what_a_binding_takes() {
    let rule = Binding { body: "*".into(), ..binding("POST", "/x", "a.B/C") };
    let odd = Binding {
        body: "item".into(),
        response_body: "stock".into(),
        additional: true,
        ..binding("PUT", "/x", "a.B/C")
    };
    assert_eq!(note(&binding("GET", "/x", "a.B/C")), "");
    assert_eq!(note(&rule), "body: all");
    assert_eq!(note(&Binding { implicit: true, ..rule }), "no rule");
    assert_eq!(note(&odd), "body: item · answer: stock · additional");
}

#[test]
fn settings_are_checked_before_they_are_sent() {
    let draft = |listen: &str, server: &str, origins: &str| Draft {
        settings: BridgeSettings {
            listen: listen.into(),
            upstream: Endpoint { address: server.into(), ..Endpoint::default() },
            ..BridgeSettings::default()
        },
        origins: origins.into(),
    };
    for (listen, server, origins, wanted) in [
        (" 127.0.0.1:0 ", " localhost:1 ", "", Ok(0)),
        ("[::1]:80", "x:1", "https://a.example, http://b:1  *", Ok(3)),
        ("8080", "x:1", "", Err("Listen")),
        (":8080", "x:1", "", Err("Listen")),
        ("127.0.0.1:99999", "x:1", "", Err("Listen")),
        ("127.0.0.1:1", " ", "", Err("Server")),
        ("127.0.0.1:1", "x:1", "app.example", Err("Origins")),
        ("127.0.0.1:1", "x:1", "https://a.example/path", Err("Origins")),
    ] {
        let found = draft(listen, server, origins).settings();
        let told = found
            .as_ref()
            .map(|s| s.allowed_origins.len())
            .map_err(|p| p.path.as_deref().unwrap_or_default());
        assert_eq!(told, wanted, "{listen} {server} {origins}");
        if let Ok(settings) = found {
            assert_eq!(Draft::new(settings.clone()).settings(), Ok(settings));
        }
    }
}

#[test]
fn what_others_can_reach_is_said() {
    for (listen, wanted) in [
        ("127.0.0.1:1", false),
        ("localhost:1", false),
        ("[::1]:1", false),
        ("0.0.0.0:1", true),
        ("[::]:1", true),
        ("192.168.0.2:1", true),
    ] {
        assert_eq!(exposed(listen), wanted, "{listen}");
    }
}

#[test]
fn ages_are_clocks() {
    for (ms, wanted) in [(0, "0 s"), (59_999, "59 s"), (61_000, "1:01"), (3_601_000, "1:00:01")] {
        assert_eq!(age(ms), wanted);
    }
}

#[test]
fn what_is_remembered_comes_back_but_for_the_server() {
    let server = Endpoint { address: "a:1".into(), ..Endpoint::default() };
    let settings = BridgeSettings {
        listen: "127.0.0.1:9".into(),
        profile: BridgeProfile::Envoy,
        allowed_origins: vec!["*".into()],
        upstream: server.clone(),
    };
    let fresh = BridgeSettings { upstream: server, ..BridgeSettings::default() };
    assert_eq!(Remembered::of(&settings).onto(fresh.clone()), settings);
    assert_eq!(Remembered::default().onto(fresh.clone()), fresh);
    // What was started meanwhile stands.
    let started = BridgeSettings { listen: "127.0.0.1:0".into(), ..fresh };
    assert_eq!(Remembered::of(&settings).onto(started.clone()), started);
}
