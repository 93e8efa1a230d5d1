use super::*;
use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use proptest::prelude::*;
use std::convert::Infallible;

fn pieces(body: Vec<Bytes>) -> Body {
    Body::from_stream(futures_util::stream::iter(body.into_iter().map(Ok::<_, Infallible>)))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The frames of a body in a coding.
async fn compressed(coding: Coding, body: Body) -> Vec<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    let options = CompressionOptions { min_bytes: Some(0), ..CompressionOptions::default() };
    let response = encoded(response, Some(coding), &options);
    assert_eq!(response.headers()[CONTENT_ENCODING], coding.name());
    let mut body = response.into_body();
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        frames.push(frame.unwrap().into_data().unwrap());
    }
    frames
}

async fn decompressed(codings: &str, frames: Vec<Bytes>) -> Result<Vec<u8>, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, codings.parse().unwrap());
    let body = decoded(pieces(frames), &mut headers).map_err(|refusal| refusal.to_string())?;
    body.collect().await.map(|all| all.to_bytes().to_vec()).map_err(|error| error.to_string())
}

/// The same bytes in pieces of a size.
fn cut(bytes: &[u8], size: usize) -> Vec<Bytes> {
    bytes.chunks(size.max(1)).map(Bytes::copy_from_slice).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn there_and_back(
        message in prop::collection::vec(0_u8..4, 0..70_000),
        size in 1_usize..5_000,
        whole in any::<bool>(),
    ) {
        run(async {
            for coding in Coding::ALL {
                let body = if whole { Body::from(message.clone()) } else { pieces(cut(&message, size)) };
                let sent = compressed(coding, body).await.concat();
                let got = decompressed(coding.name(), cut(&sent, size)).await;
                prop_assert_eq!(got.as_deref(), Ok(&message[..]), "{:?}", coding);
            }
            Ok(())
        })?;
    }

    #[test]
    fn messages_there_and_back(message in prop::collection::vec(0_u8..4, 0..2_000)) {
        for coding in Coding::ALL {
            if let Some(packed) = packed(coding, &message) {
                prop_assert_eq!(&unpacked(coding, &packed, 2_000).unwrap(), &message);
            }
        }
    }

    #[test]
    fn garbage_is_an_answer(
        payload in prop::collection::vec(0_u8.., 0..300),
        size in 1_usize..40,
    ) {
        for coding in Coding::ALL {
            let _ = run(decompressed(coding.name(), cut(&payload, size)));
            let _ = unpacked(coding, &payload, 64);
        }
    }
}

#[tokio::test]
async fn every_element_goes_out_at_once() {
    for coding in Coding::ALL {
        let elements: Vec<Bytes> =
            (0..4).map(|n| Bytes::from(format!("{{\"n\":{n}}}\n"))).collect();
        let frames = compressed(coding, pieces(elements.clone())).await;
        // What came so far can be read before the next comes.
        for so_far in 1..=elements.len() {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, coding.value());
            let mut body = decoded(pieces(frames[..so_far].to_vec()), &mut headers).unwrap();
            let mut read = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                read.extend_from_slice(&frame.into_data().unwrap());
            }
            assert_eq!(read, elements[..so_far].concat(), "{coding:?}");
        }
    }
}

/// Four megabytes of zeros in some kilobytes come piece by piece.
#[tokio::test]
async fn bombs_come_in_pieces() {
    for coding in Coding::ALL {
        let bomb = compressed(coding, Body::from(vec![0; 4 << 20])).await.concat();
        assert!(bomb.len() < 20_000, "{coding:?}: {}", bomb.len());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, coding.value());
        let mut body = decoded(pieces(vec![Bytes::from(bomb)]), &mut headers).unwrap();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(first.len() <= PIECE_BYTES, "{coding:?}");
    }
}

#[tokio::test]
async fn cut_off_is_corrupt() {
    for coding in Coding::ALL {
        let body = Body::from("a text that is long enough to be cut in places");
        let whole = compressed(coding, body).await.concat();
        for end in 1..whole.len() - 1 {
            let got =
                decompressed(coding.name(), vec![Bytes::copy_from_slice(&whole[..end])]).await;
            assert!(got.is_err(), "{coding:?} {end}");
        }
    }
}

#[tokio::test]
async fn codings_of_requests() {
    let gzip = compressed(Coding::Gzip, Body::from("hello")).await.concat();
    let both = compressed(Coding::Brotli, Body::from(gzip.clone())).await.concat();
    let raw = {
        use std::io::Write;
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"hello").unwrap();
        encoder.finish().unwrap()
    };
    let table: [(&str, &[u8], Result<&str, &str>); 8] = [
        ("gzip", &gzip, Ok("hello")),
        ("X-GZip", &gzip, Ok("hello")),
        ("identity", b"hello", Ok("hello")),
        ("gzip, br", &both, Ok("hello")),
        ("deflate", &raw, Ok("hello")),
        (
            "compress",
            b"hello",
            Err("the body is coded as `compress`; use one of zstd, br, gzip, deflate"),
        ),
        ("gzip,gzip,gzip,gzip", &gzip, Err("the body is in more than 3 codings; use one")),
        ("gzip", b"hello", Err("the body is no gzip: ")),
    ];
    for (codings, body, wanted) in table {
        let got = decompressed(codings, vec![Bytes::copy_from_slice(body)]).await;
        match (got, wanted) {
            (Ok(got), Ok(wanted)) => assert_eq!(got, wanted.as_bytes(), "{codings}"),
            (Err(got), Err(wanted)) => assert!(got.starts_with(wanted), "{codings}: {got}"),
            (got, _) => panic!("{codings}: {got:?}"),
        }
    }
}

/// What is taken by HTTP's own rules, and where the client's order counts, as Connect has it.
#[test]
fn what_clients_like() {
    let table = [
        ("gzip", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("gzip, deflate, br, zstd", Some(Coding::Zstd), Some(Coding::Gzip)),
        ("GZIP , deflate, br", Some(Coding::Brotli), Some(Coding::Gzip)),
        ("deflate, br;q=0.9, gzip", Some(Coding::Gzip), Some(Coding::Deflate)),
        ("gzip;q=0.9, br;q=0.5", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("br;q=0.5, gzip;q=0.9", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("gzip;q=0", None, None),
        ("identity", None, None),
        ("", None, None),
        ("*", Some(Coding::Zstd), Some(Coding::Zstd)),
        ("*;q=0, br", Some(Coding::Brotli), Some(Coding::Brotli)),
        ("*;q=0.1, gzip", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("gzip, *", Some(Coding::Zstd), Some(Coding::Gzip)),
        ("zstd;q=0, *", Some(Coding::Brotli), Some(Coding::Brotli)),
        ("compress, x-gzip", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("gzip;q=nonsense", None, None),
        ("identity, gzip;q=0.5", None, None),
        ("identity, gzip", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("identity;q=0, gzip;q=0.001", Some(Coding::Gzip), Some(Coding::Gzip)),
        ("gzip;q=NaN, br;q=0.1", Some(Coding::Brotli), Some(Coding::Brotli)),
    ];
    for (value, ours, first) in table {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
        let got = |ties| Coding::preferred(&headers, &ACCEPT_ENCODING, ties);
        assert_eq!((got(Ties::Ours), got(Ties::First)), (ours, first), "{value}");
    }
    assert_eq!(Coding::preferred(&HeaderMap::new(), &ACCEPT_ENCODING, Ties::Ours), None);
    assert_eq!(Coding::ALL.map(Coding::name).join(", "), Coding::ACCEPTED);
}

#[test]
fn messages_as_a_whole() {
    for coding in Coding::ALL {
        for short in ["", "a", "no two letters"] {
            assert_eq!(packed(coding, short.as_bytes()), None, "{coding:?} {short}");
        }
        let bomb = packed(coding, &vec![0; 1 << 20]).unwrap();
        assert!(bomb.len() < 2_000, "{coding:?}");
        for limit in [1 << 20, 1_000] {
            let want = (1 << 20).min(limit as usize + 1);
            assert_eq!(unpacked(coding, &bomb, limit).unwrap().len(), want, "{coding:?}");
        }
        assert!(unpacked(coding, &bomb[..bomb.len() / 2], 1 << 20).is_err(), "{coding:?}");
    }
}

#[test]
fn what_is_worth_it() {
    let long = || Body::from(vec![b' '; 2000]);
    let table = [
        ("application/json", long(), true, true),
        ("application/x-ndjson", pieces(vec![]), true, true),
        ("text/event-stream", pieces(vec![]), true, true),
        ("application/json", Body::from("{}"), false, false),
        ("image/png", long(), false, false),
    ];
    for (media, body, codes, varies) in table {
        for coding in [None, Some(Coding::Gzip)] {
            let body = match coding {
                None => Body::from(vec![b' '; body_length(&body)]),
                Some(_) => pieces_or(&body),
            };
            let mut response = Response::new(body);
            response.headers_mut().insert(CONTENT_TYPE, media.parse().unwrap());
            let response = encoded(response, coding, &CompressionOptions::default());
            let is_coded = response.headers().contains_key(CONTENT_ENCODING);
            assert_eq!(is_coded, codes && coding.is_some(), "{media} {coding:?}");
            if coding.is_some() {
                assert_eq!(response.headers().contains_key(VARY), varies, "{media}");
            }
        }
    }
}

fn body_length(body: &Body) -> usize {
    use axum::body::HttpBody;
    body.size_hint().exact().unwrap_or_default() as usize
}

fn pieces_or(body: &Body) -> Body {
    match body_length(body) {
        0 => pieces(vec![]),
        length => Body::from(vec![b' '; length]),
    }
}
