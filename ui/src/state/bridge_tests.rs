use super::*;
use wirelab_model::{BridgeStream, Endpoint};

fn metrics(uptime_ms: u64, requests: u64) -> BridgeMetrics {
    BridgeMetrics { uptime_ms, requests, ..BridgeMetrics::default() }
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
    assert_eq!(series(&many).rates().len(), POINTS);
}

#[test]
fn tiles_tell_figures() {
    let state = BridgeState {
        metrics: BridgeMetrics {
            codes: vec![(0, 30), (5, 10)],
            requests: 41,
            p50_ns: Some(410_000),
            open: 1,
            request_bytes: 100,
            response_bytes: 200,
            ..BridgeMetrics::default()
        },
        streams: vec![BridgeStream { age_ms: 65_000, ..BridgeStream::default() }],
        ..BridgeState::default()
    };
    let tiles = tiles(&state, &Series::default());
    let told: Vec<_> =
        tiles.iter().map(|tile| (tile.value.as_str(), tile.note.as_str(), tile.bad)).collect();
    assert_eq!(told[0], ("0.0", "41 in all", false));
    assert_eq!(told[2].0, "–");
    assert_eq!(told[3], ("10", "25.0 % of 40 calls", true));
    assert_eq!(told[4], ("1", "oldest 1:05", false));
    assert_eq!(told[5].0, "300 B");
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
