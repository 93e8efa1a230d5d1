//! Comparisons from start to report.

mod common;

use common::Rig;
use wirelab_model::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_of_each_kind() {
    let mut rig = Rig::new().await;
    let cases: [(&str, &[&str]); 4] = [
        ("user.v1.UserService/GetUser", &[r#"{"id": 1}"#]),
        ("user.v1.UserService/ListUsers", &[r#"{"pageSize": 3}"#]),
        ("user.v1.UserService/CreateUsers", &[r#"{"name": "Ada"}"#, r#"{"name": "Bob"}"#]),
        ("user.v1.UserService/ChatStream", &[r#"{"text": "hello"}"#]),
    ];
    for (method, messages) in cases {
        let spec = BenchSpec {
            call: rig.spec(method),
            messages: messages.iter().map(|text| (*text).to_owned()).collect(),
            calls: 20,
            in_flight: 4,
            warm_up: 2,
            ..BenchSpec::default()
        };
        let begun: BenchProgress = rig.must("start_bench", spec).await;
        assert_eq!((begun.state, begun.total), (BenchState::Running, 20), "{method}");
        let last = loop {
            if let StudioEvent::Bench(progress) = rig.event().await
                && progress.id == begun.id
                && progress.state != BenchState::Running
            {
                break progress;
            }
        };
        assert_eq!((last.state, last.done, last.errors), (BenchState::Finished, 20, 0), "{method}");
        let report: BenchReport = rig.must("bench", begun.id).await;
        assert_eq!((report.state, &report.problem), (BenchState::Finished, &None), "{method}");
        let [grpc, json] = &report.paths[..] else { panic!("{method}: {:?}", report.paths) };
        assert_eq!(
            (grpc.path, json.path),
            (BenchPath::GrpcProtobuf, BenchPath::JsonText),
            "{method}"
        );
        assert_eq!(grpc.latency.as_ref().map(|latency| latency.count), Some(20), "{method}");
        assert_eq!((grpc.calls, json.latency.as_ref()), (20, None), "{method}");
        assert_eq!(grpc.request_bytes, report.request.proto as f64, "{method}");
        assert_eq!(json.request_bytes, report.request.json as f64, "{method}");
        assert!(report.response.json > report.response.proto, "{method}");
        assert!(report.request.proto_gzip > 0 && report.response.json_gzip > 0, "{method}");
        for (sizes, forms) in [
            (report.request, &report.request_encodings),
            (report.response, &report.response_encodings),
        ] {
            let of = |name| forms.iter().find(|one| one.form == name).map(|one| one.bytes);
            assert_eq!(of("Protobuf"), Some(sizes.proto), "{method}");
            assert_eq!((of("JSON"), forms.len()), (Some(sizes.json), 8), "{method}");
        }
        for costs in [report.request_costs, report.response_costs] {
            assert!(
                costs.is_some_and(|costs| costs.samples > 0 && costs.json_decode_ns > 0.0),
                "{method}"
            );
        }
    }
    // Comparisons are not calls of the history.
    assert_eq!(rig.history("").await.total, 0);
    let rows: Vec<BenchRow> = rig.must("benches", ()).await;
    assert_eq!(rows.len(), 4);
    assert_eq!((rows[0].method.as_str(), rows[0].kind), (cases[3].0, CallKind::Bidi));
    rig.must::<()>("delete_bench", rows[0].id).await;
    rig.studio.close().await;
    rig.studio = common::open(rig.folder.path()).await;
    assert_eq!(rig.must::<Vec<BenchRow>>("benches", ()).await, rows[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_is_stopped() {
    let mut rig = Rig::new().await;
    let mut call = rig.spec("user.v1.UserService/GetUser");
    call.metadata = vec![Metadatum::text("demo-delay-ms", "20")];
    let spec = BenchSpec {
        call,
        messages: vec![r#"{"id": 1}"#.into()],
        calls: 1_000_000,
        in_flight: 2,
        warm_up: 0,
        ..BenchSpec::default()
    };
    let begun: BenchProgress = rig.must("start_bench", spec).await;
    let running = rig.ask::<()>("delete_bench", begun.id).await.unwrap_err();
    assert_eq!(running.kind, ProblemKind::Mismatch);
    let mut stopped = false;
    let last = loop {
        let StudioEvent::Bench(progress) = rig.event().await else { continue };
        if progress.done > 0 && !stopped {
            stopped = true;
            rig.must::<()>("cancel_bench", begun.id).await;
        }
        if progress.state != BenchState::Running {
            break progress;
        }
    };
    assert_eq!(last.state, BenchState::Cancelled);
    let report: BenchReport = rig.must("bench", begun.id).await;
    assert!(report.paths[0].calls > 0 && report.paths[0].calls < 1_000_000);
    rig.must::<()>("cancel_bench", begun.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_whose_calls_fail() {
    let mut rig = Rig::new().await;
    let mut call = rig.spec("user.v1.UserService/GetUser");
    call.metadata = vec![Metadatum::text("demo-fail", "PERMISSION_DENIED")];
    let spec = BenchSpec {
        call,
        messages: vec![r#"{"id": 1}"#.into()],
        calls: 5,
        in_flight: 1,
        warm_up: 0,
        ..BenchSpec::default()
    };
    let begun: BenchProgress = rig.must("start_bench", spec).await;
    loop {
        if let StudioEvent::Bench(progress) = rig.event().await
            && progress.state != BenchState::Running
        {
            break;
        }
    }
    let report: BenchReport = rig.must("bench", begun.id).await;
    assert_eq!(report.paths[0].errors, 5);
    assert!(report.problem.is_some(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_take_turns() {
    let mut rig = Rig::new().await;
    let paths = vec![BenchPath::GrpcProtobuf, BenchPath::RestJson];
    let spec = BenchSpec {
        call: rig.spec("user.v1.UserService/ListUsers"),
        messages: vec![r#"{"pageSize": 3}"#.into()],
        calls: 10,
        in_flight: 2,
        warm_up: 2,
        paths: paths.clone(),
    };
    let begun: BenchProgress = rig.must("start_bench", spec).await;
    assert_eq!(begun.total, 20);
    loop {
        if let StudioEvent::Bench(progress) = rig.event().await
            && progress.id == begun.id
            && progress.state != BenchState::Running
        {
            assert_eq!((progress.done, progress.errors), (20, 0));
            break;
        }
    }
    let report: BenchReport = rig.must("bench", begun.id).await;
    assert_eq!((report.state, &report.problem), (BenchState::Finished, &None));
    assert_eq!(report.paths.iter().map(|path| path.path).collect::<Vec<_>>(), paths);
    for path in &report.paths {
        let count = path.latency.as_ref().map(|latency| latency.count);
        assert_eq!((path.calls, count), (10, Some(10)), "{:?}", path.path);
        assert!(path.wire_bytes.is_some_and(|bytes| bytes > path.response_bytes), "{path:?}");
    }
    let [grpc, rest] = &report.paths[..] else { panic!("{:?}", report.paths) };
    assert_eq!(grpc.response_bytes, report.response.proto as f64);
    assert!(rest.response_bytes > report.response.json as f64, "with a line break each");
}
