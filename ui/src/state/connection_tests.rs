use super::*;
use wirelab_model::{Balancing, BalancingPolicy};

fn at(address: &str) -> Endpoint {
    Endpoint { address: address.into(), ..Endpoint::default() }
}

fn everything() -> Endpoint {
    Endpoint {
        tls: Tls::System,
        tls_options: TlsOptions {
            ca: Some("/etc/pki/own.pem".into()),
            cert: Some("c\\me.pem".into()),
            key: Some("me.key".into()),
            server_name: Some("shop.example".into()),
            insecure: true,
        },
        http: HttpVersion::Http2,
        authority: Some("shop".into()),
        user_agent: Some("me/1".into()),
        balancing: Balancing {
            policy: Some(BalancingPolicy::RoundRobin),
            health: Some(String::new()),
            never_eject: true,
        },
        keepalive_ms: Some(30_000),
        connect_timeout_ms: Some(2_500),
        service_config: Some("{}".into()),
        ..at("dns:///shop:443")
    }
}

#[test]
fn the_lock_says_how_safe_it_is() {
    let options = |ca: Option<&str>, cert: Option<&str>, insecure| TlsOptions {
        ca: ca.map(str::to_owned),
        cert: cert.map(str::to_owned),
        insecure,
        ..TlsOptions::default()
    };
    for (address, tls, tls_options, word, class) in [
        ("a:1", Tls::Off, options(None, None, true), "TLS off", "off"),
        ("a:1", Tls::System, options(None, None, false), "TLS", "on"),
        ("a:1", Tls::System, options(Some("ca"), None, false), "TLS", "on"),
        ("a:1", Tls::System, options(None, Some("c"), false), "mTLS", "on"),
        ("a:1", Tls::System, options(None, Some("c"), true), "TLS unverified", "unsafe"),
        ("HTTPS://a:1", Tls::Off, options(None, None, false), "TLS", "on"),
        ("http://a:1", Tls::System, options(None, None, false), "TLS off", "off"),
        ("dns:///a:1", Tls::System, options(None, None, false), "TLS", "on"),
    ] {
        let lock = lock(&Endpoint { tls, tls_options, ..at(address) });
        assert_eq!((lock.word, lock.class), (word, class), "{address}");
    }
}

#[test]
fn only_what_leaves_the_machine_without_tls_is_exposed() {
    for (address, expected) in [
        ("shop.example:443", true),
        ("dns:///shop:1", true),
        ("http://10.0.0.1:80", true),
        ("https://shop.example", false),
        ("localhost:50051", false),
        (" http://127.0.0.1:50051", false),
        ("dns:///localhost:1", false),
        ("[::1]:1", false),
        ("unix:///run/shop.sock", false),
    ] {
        assert_eq!(exposed(&at(address)), expected, "{address}");
    }
    assert!(!exposed(&Endpoint { tls: Tls::System, ..at("shop.example:443") }));
}

#[test]
fn each_setting_has_a_chip_and_can_be_put_back_alone() {
    assert_eq!(chips(&at("a:1")), []);
    let mut endpoint = everything();
    let all = chips(&endpoint);
    let labels: Vec<&str> = all.iter().map(|chip| chip.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "not verified",
            "CA own.pem",
            "cert me.pem",
            "name shop.example",
            "HTTP/2",
            "authority shop",
            "user-agent",
            "round_robin",
            "healthy only",
            "never eject",
            "ping 30s",
            "connect 2500ms",
            "service config",
        ]
    );
    assert!(all[0].loud && all[1..].iter().all(|chip| !chip.loud && !chip.idle));
    for (done, chip) in all.iter().enumerate() {
        reset(&mut endpoint, chip.setting);
        assert_eq!(chips(&endpoint), all[done + 1..], "{:?}", chip.setting);
    }
    assert_eq!(endpoint, Endpoint { tls: Tls::System, ..at("dns:///shop:443") });
}

#[test]
fn what_tls_would_use_is_idle_without_it() {
    let chips = chips(&Endpoint { tls: Tls::Off, ..everything() });
    let idle: Vec<Setting> = chips.iter().filter(|c| c.idle).map(|c| c.setting).collect();
    assert_eq!(
        idle,
        [Setting::Insecure, Setting::Ca, Setting::ClientCertificate, Setting::ServerName]
    );
    assert!(!chips[0].loud, "nothing is verified without TLS anyway");
    assert!(chips[0].title.ends_with("Does nothing while TLS is off"));
}

#[test]
fn says_what_keeps_it_from_being_called() {
    assert_eq!(problem(&everything()), None);
    let key = TlsOptions { key: Some("k".into()), ..TlsOptions::default() };
    let config = |text: &str| Endpoint { service_config: Some(text.into()), ..at("a:1") };
    for (endpoint, what, why) in [
        (
            Endpoint { tls: Tls::System, tls_options: key.clone(), ..at("a:1") },
            "client certificate",
            "The private key needs its certificate",
        ),
        (
            config("[]"),
            "service config",
            "Expected a JSON object, for example {\"methodConfig\": []}",
        ),
    ] {
        assert_eq!(problem(&endpoint), Some((what, why.to_owned())));
    }
    let (_, why) = problem(&config("{\n  \"a\": }")).unwrap();
    assert!(why.starts_with("Line 2, column 8: "), "{why}");
    assert_eq!(problem(&Endpoint { tls_options: key, ..at("a:1") }), None, "TLS is off");
}

#[test]
fn pings_have_bounds() {
    for (text, expected) in [
        ("", Ok(None)),
        ("30", Ok(Some(30_000))),
        ("1m", Ok(Some(60_000))),
        ("500ms", Err("At least one second lies between two pings")),
        ("25h", Err("At most a day lies between two pings")),
        ("often", Err("Expected a time, for example 5s, 300ms or 2m")),
    ] {
        assert_eq!(keepalive_ms(text), expected.map_err(str::to_owned), "{text}");
    }
    assert_eq!(connect_timeout_ms("2.5s"), Ok(Some(2_500)));
    assert!(connect_timeout_ms("0").is_err() && connect_timeout_ms("2h").is_err());
    assert_eq!(typed("  a "), Some("a".to_owned()));
    assert_eq!(typed("  "), None);
}
