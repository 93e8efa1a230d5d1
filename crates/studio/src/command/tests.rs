//! Lines as people copy them, and that every request comes back from its line.

use super::{
    format::{Origin, format},
    parse::parse,
    words::{self, Input},
};
use crate::layout::{compact, pretty};
use proptest::prelude::*;
use wirelab_model::*;

/// The words of each command, separated by `|`, and its input.
fn outline(text: &str) -> String {
    let script = match words::read(text) {
        Ok(script) => script,
        Err(problem) => return problem.to_string(),
    };
    let mut out = String::new();
    for command in script.commands {
        let input = match command.input {
            Input::Terminal => String::new(),
            Input::Text(text) => format!(" << {text:?}"),
            Input::File(file) => format!(" < {file}"),
            Input::Pipe => " <|".to_owned(),
        };
        out += &format!("[{}{input}]", command.words.join("|"));
    }
    for note in script.notes {
        out += &format!(" ({})", note.message);
    }
    out
}

#[test]
fn shell_words() {
    let cases = [
        ("", ""),
        ("a b  c", "[a|b|c]"),
        ("$ a b", "[a|b]"),
        ("  % a", "[a]"),
        ("a 'b c' \"d e\" f\\ g", "[a|b c|d e|f g]"),
        ("a '' \"\"", "[a||]"),
        ("a 'it'\\''s'", "[a|it's]"),
        (r#"a "x\"y\\z\n\$q""#, r#"[a|x"y\z\n$q]"#),
        (r"a $'x\ty\n\'\\\x41\u00e9\101\q'", "[a|x\ty\n'\\A\u{e9}A\\q]"),
        (r"a $'\xc3\xa9' $'\U0001F600'", "[a|\u{e9}|\u{1f600}]"),
        ("a $\"b\"", "[a|b]"),
        ("a \\\n  b \\\r\n c", "[a|b|c]"),
        ("a b\\\nc", "[a|bc]"),
        ("a \"b\\\nc\"", "[a|bc]"),
        ("a \\", "[a]"),
        ("a # comment\nb", "[a][b]"),
        ("a b#c", "[a|b#c]"),
        ("a | b | c", "[a][b <|][c <|]"),
        ("a |\n b", "[a][b <|]"),
        ("a && b || c; d & e", "[a][b][c][d][e]"),
        ("a < file", "[a < file]"),
        ("a <<< 'text'", "[a << \"text\\n\"]"),
        ("a <<EOF\nx 'y\nz\nEOF\nb", "[a << \"x 'y\\nz\\n\"][b]"),
        ("a <<-'E'\n\tx\n\tE", "[a << \"x\\n\"]"),
        ("cat <<E | a -\n{}\nE", "[cat << \"{}\\n\"][a|- <|]"),
        ("a 2>&1 b", "[a|b]"),
        ("a > out", "[a] (the line writes what comes to a file (out), not here)"),
        ("a &> out", "[a] (the line writes what comes to a file (out), not here)"),
        ("(a b)", "[a|b] (parentheses are left out)"),
        ("a $X", "[a|$X] (the shell would replace $X; it is kept as it is written)"),
        (
            "a \"${X:-y}\"",
            "[a|${X:-y}] (the shell would replace ${X:-y}; it is kept as it is written)",
        ),
        ("a '$X' \\$X 5$", "[a|$X|$X|5$]"),
        (
            "a $(b",
            "[a|$][b] (the shell would replace $(…); it is kept as it is written) (parentheses are left out)",
        ),
        ("a 'b", "line 1, column 3: this ' is not closed; copy the command as a whole"),
        ("a\n\"b", "line 2, column 1: this \" is not closed; copy the command as a whole"),
        ("a $'b", "line 1, column 4: this ' is not closed; copy the command as a whole"),
        (
            "a <<E\nx",
            "line 2, column 2: the here-document does not end with E; copy the command as a whole",
        ),
        ("\u{e4} '\u{1f600}'", "[\u{e4}|\u{1f600}]"),
    ];
    for (text, expected) in cases {
        assert_eq!(outline(text), expected, "{text}");
    }
}

/// What a line gives, in short: the parts that are not the default.
fn summary(line: &str) -> String {
    let parsed = match parse(line) {
        Ok(parsed) => parsed,
        Err(problem) => return format!("! {problem}"),
    };
    let SavedRequest { spec, messages, .. } = parsed.request;
    let serde_json::Value::Object(mut endpoint) = serde_json::to_value(&spec.endpoint).unwrap()
    else {
        unreachable!("an endpoint is an object")
    };
    let mut out = vec![format!("{} {}", spec.endpoint.address, spec.method)];
    endpoint.remove("address");
    if !endpoint.is_empty() {
        out.push(format!("endpoint {}", serde_json::Value::Object(endpoint)));
    }
    for Metadatum { key, value } in &spec.metadata {
        out.push(format!("{key}: {value:?}"));
    }
    let CallSpec {
        deadline_ms, max_message_bytes, compression, wait_for_ready, cold, retry, ..
    } = spec;
    for (name, value) in [("deadline", deadline_ms), ("most", max_message_bytes)] {
        out.extend(value.map(|value| format!("{name} {value}")));
    }
    out.extend(compression.map(|kind| format!("compressed {}", kind.name())));
    out.extend(retry.map(|retry| format!("{} attempts", retry.max_attempts)));
    out.extend(wait_for_ready.then(|| "waits".to_owned()));
    out.extend(cold.then(|| "cold".to_owned()));
    out.extend(messages.iter().map(|message| format!("message {}", compact(message))));
    for source in parsed.sources {
        out.push(match source {
            SourceSpec::Files { path, import_roots } => {
                format!("files {path} from {import_roots:?}")
            }
            SourceSpec::DescriptorSet { path } => format!("set {path}"),
            SourceSpec::Reflection { metadata, .. } => {
                format!("reflection with {} entries", metadata.len())
            }
        });
    }
    out.extend(parsed.notes.iter().map(|note| format!("note: {note}")));
    out.join("\n")
}

#[test]
fn pasted_lines() {
    let lines = [
        "grpcurl -plaintext -d '{\"name\": \"Ada\"}' localhost:50051 helloworld.Greeter/SayHello",
        "$ grpcurl -plaintext \\\n    -H 'Authorization: Bearer abc' \\\n    -d @ localhost:50051 a.B.C <<EOF\n{\"a\": 1}\n{\"a\": 2}\nEOF",
        "echo '{\"a\": 18446744073709551616}' | grpcurl -plaintext -d @ :50051 a.B/C | jq .a",
        "printf '%s\\n' '{}' '{}' | ./bin/grpcurl.exe --plaintext -d=@ h:1 a.B/C 2>/dev/null",
        "cat req.json | grpcurl -d @ h:443 a.B/C",
        "make request | grpcurl -d @ h:443 a.B/C",
        "FOO=1 sudo docker run --rm fullstorydev/grpcurl:v1.9.1 -plaintext h:1 a.B/C",
        "grpcurl -cacert ca.pem -cert me.pem -key me.key -authority api.test 10.0.0.1:443 a.B/C",
        "grpcurl -insecure -servername x.test -user-agent probe/1 h:443 /a.B/C",
        "grpcurl -plaintext=false -insecure=true -emit-defaults=false -v -vv -format json -format-error h:1 a.B/C",
        "grpcurl -max-time 1.5 -max-msg-sz 1000 -keepalive-time 30 -plaintext h:1 a.B/C",
        "grpcurl -plaintext -rpc-header 'a: 1' -reflect-header 'b: 2' -H 'c: 3' -H 'd-bin: AAE' -H e -H 'F:  g:h ' h:1 a.B/C",
        "grpcurl -plaintext -import-path /protos -import-path rel -proto a/b.proto -use-reflection h:1 a.B/C",
        "grpcurl -protoset /x.protoset -plaintext h:1 a.B/C",
        "grpcurl -plaintext -unix /run/app.sock a.B/C",
        "grpcurl -plaintext -unix=true app.sock a.B/C",
        "grpcurl -plaintext localhost:50051 list a.B",
        "grpcurl -protoset x.pb describe a.B",
        "grpcurl -plaintext -d '{\"a\": ' h:1 a.B/C",
        "grpcurl -plaintext -format text -d 'a: 1' h:1 a.B/C",
        "grpcurl -plaintext -expand-headers -H 'x: ${TOKEN}' -H \"y: $TOKEN\" h:1 a.B/C",
        "grpcurl -plaintext -nonsense -max-time soon -tls=perhaps -allow-unknown-fields -protoset-out o h:1 a.B/C extra",
        "grpcurl -plaintext -d",
        "grpcurl",
        "wirelab call h:1 a.B/C -d '{}' -H 'k: v' --deadline 500ms --compress gzip --retry 4 --balance round_robin --cold --wait-for-ready --max-message 1MiB --transport grpc-web-text --http 1.1",
        "wirelab call h:443 a.B/C --authority x -d @file.json --service-config '{}' --health-service ''",
        "wirelab grpcurl -authority x h:443 a.B/C",
        "wirelab list h:1",
        "wirelab serve",
        "curl http://localhost",
        "",
        "grpcurl -d 'x",
    ];
    let mut all = String::new();
    for line in lines {
        all += &format!("{line}\n  {}\n\n", summary(line).replace('\n', "\n  "));
    }
    insta::assert_snapshot!(all);
}

fn start(endpoint: Endpoint) -> StartCall {
    let spec = CallSpec { endpoint, method: "a.B/C".into(), ..CallSpec::default() };
    StartCall { spec, messages: vec![], finish: true, auth: None }
}

#[test]
fn addresses_and_what_grpcurl_cannot() {
    let tls = Tls::System;
    let cases = [
        ("h:1", Tls::Off, "grpcurl -plaintext h:1 a.B/C"),
        ("h:1", tls, "grpcurl h:1 a.B/C"),
        ("http://h:1", tls, "grpcurl -plaintext h:1 a.B/C"),
        ("https://h/", Tls::Off, "grpcurl h:443 a.B/C"),
        ("http://[::1]", Tls::Off, "grpcurl -plaintext '[::1]:80' a.B/C"),
        ("unix:///run/a b.sock", Tls::Off, "grpcurl -plaintext -unix '/run/a b.sock' a.B/C"),
        ("unix:a.sock", Tls::Off, "grpcurl -plaintext -unix a.sock a.B/C"),
        ("dns:///h:1", Tls::Off, "grpcurl -plaintext h:1 a.B/C"),
        ("dns://8.8.8.8/h:1", Tls::Off, "grpcurl -plaintext h:1 a.B/C"),
        ("ipv4:1.2.3.4:5,6.7.8.9:5", Tls::Off, "grpcurl -plaintext 1.2.3.4:5 a.B/C"),
        ("ipv6:[::1]:5,[::2]:5", Tls::Off, "grpcurl -plaintext '[::1]:5' a.B/C"),
        (
            "etcd://h:2379/x",
            Tls::Off,
            "etcd://h:2379/x: grpcurl cannot look a server up in etcd://; give the request the address of one instance",
        ),
    ];
    for (address, tls, expected) in cases {
        let endpoint = Endpoint { address: address.into(), tls, ..Endpoint::default() };
        let line = format(&start(endpoint), &Origin::Unknown).map(|command| command.line);
        assert_eq!(line.unwrap_or_else(|problem| problem.to_string()), expected);
    }
}

#[test]
fn what_grpcurl_does_not_speak_is_a_line_of_our_own() {
    for (transport, bridged, expected) in [
        (Transport::GrpcWeb, false, "wirelab call -transport grpc-web -plaintext h:1 a.B/C"),
        (
            Transport::GrpcWebText,
            true,
            "wirelab call -transport grpc-web-text -bridged -plaintext h:1 a.B/C",
        ),
        (Transport::Connect, true, "wirelab call -transport connect -bridged -plaintext h:1 a.B/C"),
        (Transport::WebSocket, true, "wirelab call -transport ws -plaintext h:1 a.B/C"),
    ] {
        let endpoint =
            Endpoint { address: "h:1".into(), transport, bridged, ..Endpoint::default() };
        let spec = CallSpec { endpoint, method: "a.B/C".into(), ..CallSpec::default() };
        let start = StartCall { spec, messages: Vec::new(), finish: true, auth: None };
        let line = format(&start, &Origin::Unknown).unwrap().line;
        assert_eq!(line, expected);
        let read = parse(&line).unwrap().request.spec.endpoint;
        assert_eq!(read.transport, transport, "{line}");
        assert_eq!(read.bridged, bridged && !transport.needs_bridge(), "{line}");
    }
}

#[test]
fn what_a_line_cannot_say() {
    type Change = fn(&mut CallSpec);
    let cases: &[(Change, &[&str])] = &[
        (|_| {}, &[]),
        (|spec| spec.compression = Some(Compression::Zstd), &["zstd compression"]),
        (|spec| spec.retry = Some(RetryPolicy::default()), &["retries"]),
        (|spec| spec.wait_for_ready = true, &["waiting for an instance"]),
        (|spec| spec.endpoint.service_config = Some("{}".into()), &["the service config"]),
        (|spec| spec.endpoint.balancing.never_eject = true, &["balancing"]),
        (|spec| spec.endpoint.address = "ipv4:1.2.3.4:5".into(), &[]),
        (
            |spec| {
                spec.cold = true;
                spec.endpoint.address = "ipv4:1.2.3.4:5,1.2.3.4:6".into();
            },
            &["a connection of its own", "all instances but the first"],
        ),
    ];
    for (change, left_out) in cases {
        let mut start = start(Endpoint { address: "h:1".into(), ..Endpoint::default() });
        change(&mut start.spec);
        assert_eq!(format(&start, &Origin::Unknown).unwrap().left_out, *left_out);
    }
}

#[test]
fn origins_and_secrets() {
    let endpoint = Endpoint { address: "h:1".into(), ..Endpoint::default() };
    let line = |auth, origin: &Origin| {
        let start = StartCall { auth, messages: vec!["{ }".into()], ..start(endpoint.clone()) };
        format(&start, origin).unwrap().line
    };
    let proto = Origin::Proto { file: "a/b.proto".into(), roots: vec!["/x y".into(), "/z".into()] };
    assert_eq!(
        line(None, &proto),
        "grpcurl -plaintext -import-path '/x y' -import-path /z -proto a/b.proto -d '{}' h:1 a.B/C"
    );
    assert_eq!(
        line(None, &Origin::ProtoSet("/s.pb".into())),
        "grpcurl -plaintext -protoset /s.pb -d '{}' h:1 a.B/C"
    );
    let entry = |text: &str| Metadatum::text("k", text);
    let spec =
        CallSpec { metadata: vec![entry("both"), entry("call")], ..start(endpoint.clone()).spec };
    let reflected = Origin::Reflection(vec![entry("both"), entry("reflection")]);
    assert_eq!(
        format(&StartCall { spec, ..start(endpoint.clone()) }, &reflected).unwrap().line,
        "grpcurl -plaintext -H 'k: both' -rpc-header 'k: call' -reflect-header 'k: reflection' h:1 a.B/C"
    );
    let secret = || Secret("hush".into());
    let table = [
        (Auth::Bearer { token: secret() }, "\"authorization: Bearer $TOKEN\""),
        (
            Auth::Basic { user: "u".into(), password: secret() },
            "\"authorization: Basic $CREDENTIALS\"",
        ),
        (Auth::ApiKey { name: "x-$`\"".into(), key: secret() }, "\"x-\\$\\`\\\": $API_KEY\""),
        (
            Auth::Jwt(JwtAuth { key: secret(), ..JwtAuth::default() }),
            "\"authorization: Bearer $TOKEN\"",
        ),
    ];
    for (auth, header) in table {
        let expected = format!("grpcurl -plaintext -H {header} -d '{{}}' h:1 a.B/C");
        assert_eq!(line(Some(auth), &Origin::Unknown), expected);
    }
}

/// Text that a word of a line may hold, the shell's own marks among it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9./:=~#!$`'\"\\\\ {}()|&;<>*?-]{0,12}",
        "[^\u{0}]{0,8}",
        Just("$(x)".to_owned()),
        Just("it's\n\"so\"".to_owned()),
    ]
}

fn path() -> impl Strategy<Value = String> {
    // Blanks around an address are taken off.
    text().prop_map(|text| format!("/{}", text.trim()))
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        text().prop_map(|text| serde_json::to_string(&text).unwrap_or_default()),
        any::<u64>().prop_map(|number| number.to_string()),
        Just("1e400".to_owned()),
        Just("null".to_owned()),
        Just("{}".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let member = (text(), inner.clone()).prop_map(|(key, value)| {
            format!("{}:{value}", serde_json::to_string(&key).unwrap_or_default())
        });
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..3).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
    .prop_map(|text| pretty(&text))
}

fn metadatum() -> impl Strategy<Value = Metadatum> {
    prop_oneof![
        ("[a-z0-9_.-]{1,8}", "[!-~]([ -~]{0,10}[!-~])?")
            .prop_filter("a text entry", |(key, _)| !key.ends_with("-bin"))
            .prop_map(|(key, value)| Metadatum::text(key, value)),
        ("[a-z0-9]{1,8}", prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(key, value)| Metadatum::binary(format!("{key}-bin"), value)),
    ]
}

/// Endpoints that grpcurl has flags for.
fn endpoint() -> impl Strategy<Value = Endpoint> {
    let address = prop_oneof![
        "[a-z]{1,9}(\\.test)?:[1-9][0-9]{0,3}",
        Just("[::1]:50051".to_owned()),
        path().prop_map(|path| format!("unix://{path}"))
    ];
    let some = |part: BoxedStrategy<String>| prop::option::of(part);
    let names = (some(text().boxed()), some(text().boxed()), any::<bool>());
    let files = (some(path().boxed()), some(path().boxed()), some(path().boxed()), any::<bool>());
    let times = (prop::option::of(1_000_u64..1_000_000), prop::option::of(1_u64..1_000_000));
    (address, any::<bool>(), names, files, times).prop_map(
        |(
            address,
            secure,
            (name, user_agent, verified_only),
            (ca, cert, key, insecure),
            (keepalive_ms, connect_timeout_ms),
        )| {
            let tls = if secure { Tls::System } else { Tls::Off };
            // What the server is called and what its certificate says are one thing to grpcurl.
            let authority = name.clone().filter(|_| !(secure && verified_only));
            let tls_options = match secure {
                true => TlsOptions { ca, cert, key, server_name: name, insecure },
                false => TlsOptions::default(),
            };
            Endpoint {
                address,
                tls,
                tls_options,
                authority,
                user_agent,
                keepalive_ms,
                connect_timeout_ms,
                ..Endpoint::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn requests_come_back(
        endpoint in endpoint(),
        method in "[a-z]{1,5}\\.[A-Z][a-z]{0,5}/[A-Z][a-z]{0,5}",
        metadata in prop::collection::vec(metadatum(), 0..4),
        deadline_ms in prop::option::of(1_u64..10_000_000_000),
        max_message_bytes in prop::option::of(1_u64..u64::MAX),
        messages in prop::collection::vec(json(), 0..4),
    ) {
        let spec = CallSpec { endpoint, method, metadata, deadline_ms, max_message_bytes, ..CallSpec::default() };
        let start = StartCall { spec: spec.clone(), messages: messages.clone(), finish: true, auth: None };
        let FormattedCommand { line, left_out } = format(&start, &Origin::Unknown).unwrap();
        prop_assert_eq!(left_out, Vec::<String>::new());
        let parsed = parse(&line).unwrap();
        prop_assert_eq!(&parsed.request.spec, &spec, "{}", line);
        prop_assert_eq!(&parsed.request.messages, &messages, "{}", line);
        prop_assert_eq!(&parsed.notes, &[], "{}", line);
    }

    #[test]
    fn no_text_is_too_much(text in "(grpcurl )?[-a-z'\"$\\\\<|E\n{}@=: ]{0,40}") {
        let _ = parse(&text);
    }
}
