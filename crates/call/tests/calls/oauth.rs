//! OAuth 2.0 against an authorization server that answers as told.

use crate::certificates::*;
use crate::support::tcp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wirelab_call::Client;
use wirelab_model::{
    Auth, Metadatum, OAuth2, OAuth2Grant, Problem, ProblemKind, Secret, TlsOptions,
};

type Form = BTreeMap<String, String>;

/// What a token endpoint was asked.
#[derive(Clone, Debug)]
struct Asked {
    authorization: Option<String>,
    form: Form,
}

impl Asked {
    /// The form as `name=value`, in the order of the names.
    fn text(&self) -> String {
        let pairs: Vec<String> = self.form.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join(" ")
    }
}

/// A token endpoint that gives these answers, one after the other.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    fn new<'a>(answers: impl IntoIterator<Item = (u16, &'a str)>) -> Script {
        let answers = answers.into_iter().map(|(status, body)| (status, body.to_owned()));
        Script { answers: Arc::new(Mutex::new(answers.collect())), ..Script::default() }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn answer(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("POST /token?x=1 HTTP/1.1\r\n"), "{head}");
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        assert_eq!(header("content-type").unwrap(), "application/x-www-form-urlencoded");
        let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let form = form(std::str::from_utf8(&body).unwrap());
        self.asked.lock().unwrap().push(Asked { authorization: header("authorization"), form });
        let (status, body) = self.answers.lock().unwrap().pop_front().expect("an answer");
        let length = body.len();
        let reply = format!("HTTP/1.1 {status} So\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(reply.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

/// Read by another parser than ours.
fn form(text: &str) -> Form {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

async fn serve(script: &Script) -> (crate::support::Server, String) {
    let script = script.clone();
    let server = tcp(move |stream| script.clone().answer(stream)).await;
    let url = format!("http://{}/token?x=1", server.address);
    (server, url)
}

fn config(grant: OAuth2Grant, token_url: &str) -> OAuth2 {
    OAuth2 {
        grant,
        token_url: token_url.into(),
        client_id: "me:1".into(),
        client_secret: Secret("s&cret".into()),
        scope: "read write".into(),
        ..OAuth2::default()
    }
}

async fn get(client: &Client, config: &OAuth2) -> Result<Metadatum, Problem> {
    let nobody = |url| panic!("nobody is asked to open {url}");
    client.authorize(&Auth::OAuth2(config.clone()), &TlsOptions::default(), nobody).await
}

fn bearer(token: &str) -> Metadatum {
    Metadatum::text("authorization", format!("Bearer {token}"))
}

/// `me:1` and `s&cret`, each escaped (RFC 6749 §2.3.1).
const BASIC: &str = "Basic bWUlM0ExOnMlMjZjcmV0";

#[tokio::test]
async fn client_credentials() {
    let script = Script::new([
        (200, r#"{"access_token": "a", "token_type": "Bearer", "expires_in": 3600}"#),
        (200, r#"{"access_token": "b", "token_type": "bearer"}"#),
        (200, r#"{"access_token": "c"}"#),
    ]);
    let (_server, url) = serve(&script).await;
    let client = Client::new();
    let basic = config(OAuth2Grant::ClientCredentials, &url);
    // Calls at once share one token, and so do those after them.
    let (one, two) = tokio::join!(get(&client, &basic), get(&client, &basic));
    assert_eq!((one.unwrap(), two.unwrap()), (bearer("a"), bearer("a")));
    assert_eq!(get(&client, &basic).await.unwrap(), bearer("a"));
    let in_body = OAuth2 { credentials_in_body: true, audience: "api".into(), ..basic.clone() };
    assert_eq!(get(&client, &in_body).await.unwrap(), bearer("b"));
    let public = OAuth2 { client_secret: Secret::default(), scope: "".into(), ..basic };
    assert_eq!(get(&client, &public).await.unwrap(), bearer("c"));
    let asked = script.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].authorization.as_deref(), Some(BASIC));
    assert_eq!(asked[0].text(), "grant_type=client_credentials scope=read write");
    assert_eq!(asked[1].authorization, None);
    assert_eq!(
        asked[1].text(),
        "audience=api client_id=me:1 client_secret=s&cret grant_type=client_credentials scope=read write"
    );
    assert_eq!(asked[2].authorization, None);
    assert_eq!(asked[2].text(), "client_id=me:1 grant_type=client_credentials");
}

#[tokio::test]
async fn tokens_that_end_are_refreshed() {
    // What ends within the margin is used for the call that fetched it and for no other.
    let script = Script::new([
        (200, r#"{"access_token": "a", "expires_in": 30, "refresh_token": "r1"}"#),
        (200, r#"{"access_token": "b", "expires_in": "30"}"#),
        (200, r#"{"access_token": "c", "expires_in": 29.5, "refresh_token": "r2"}"#),
        (400, r#"{"error": "invalid_grant"}"#),
        (200, r#"{"access_token": "d", "expires_in": 31000}"#),
        (200, r#"{"access_token": "e"}"#),
    ]);
    let (_server, url) = serve(&script).await;
    let client = Client::new();
    let config = config(OAuth2Grant::ClientCredentials, &url);
    for token in ["a", "b", "c", "d", "d"] {
        assert_eq!(get(&client, &config).await.unwrap(), bearer(token));
    }
    // The server of the call refused it.
    client.forget(&Auth::OAuth2(config.clone())).await;
    assert_eq!(get(&client, &config).await.unwrap(), bearer("e"));
    let asked: Vec<String> = script.asked().iter().map(Asked::text).collect();
    let by_client = "grant_type=client_credentials scope=read write";
    assert_eq!(
        asked,
        [
            by_client,
            "grant_type=refresh_token refresh_token=r1",
            "grant_type=refresh_token refresh_token=r1",
            "grant_type=refresh_token refresh_token=r2",
            by_client,
            by_client,
        ]
    );
}

#[tokio::test]
async fn refresh_token() {
    let script = Script::new([
        (200, r#"{"access_token": "a", "expires_in": 1, "refresh_token": "r2"}"#),
        (200, r#"{"access_token": "b", "expires_in": 1}"#),
        (400, r#"{"error": "invalid_grant", "error_description": "Taken back."}"#),
    ]);
    let (_server, url) = serve(&script).await;
    let client = Client::new();
    let none = config(OAuth2Grant::RefreshToken, &url);
    let problem = get(&client, &none).await.unwrap_err();
    assert_eq!(problem.path.as_deref(), Some("auth.refresh_token"));
    let config = OAuth2 { refresh_token: Secret("r1".into()), ..none };
    assert_eq!(get(&client, &config).await.unwrap(), bearer("a"));
    assert_eq!(get(&client, &config).await.unwrap(), bearer("b"));
    let problem = get(&client, &config).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Forbidden);
    assert!(problem.message.contains("(invalid_grant: Taken back)"), "{problem}");
    let asked: Vec<String> = script.asked().iter().map(Asked::text).collect();
    let refresh = |token| format!("grant_type=refresh_token refresh_token={token}");
    assert_eq!(asked, [refresh("r1"), refresh("r2"), refresh("r2")]);
}

#[tokio::test]
async fn refusals() {
    let table = [
        (
            401,
            r#"{"error": "invalid_client"}"#,
            "the authorization server does not know this client, or its secret is wrong (invalid_client)",
        ),
        (
            400,
            r#"{"error": "unauthorized_client"}"#,
            "the authorization server does not let this client use",
        ),
        (
            400,
            r#"{"error": "unsupported_grant_type"}"#,
            "the authorization server does not have this grant",
        ),
        (400, r#"{"error": "invalid_scope"}"#, "the authorization server does not know the scope"),
        (
            400,
            r#"{"error": "invalid_request"}"#,
            "the authorization server says that the request is not valid",
        ),
        // Some servers say so with a status of success.
        (
            200,
            r#"{"error": "slow_down", "error_description": "a\u001b[2Jb."}"#,
            "the authorization server refused (slow_down: a [2Jb)",
        ),
        (404, "<html>s&cret</html>", "the authorization server answered HTTP 404 Not Found"),
        (200, "<html>s&cret</html>", "the authorization server did not answer with a token"),
        (200, "{}", "the authorization server did not answer with a token"),
        (
            200,
            r#"{"access_token": "a", "token_type": "DPoP"}"#,
            "the authorization server grants tokens of the type `DPoP`",
        ),
        (200, "{\"access_token\": \"a\\nb\"}", "the token contains what is not printable ASCII"),
    ];
    for (status, body, message) in table {
        let script = Script::new([(status, body)]);
        let (_server, url) = serve(&script).await;
        let config = config(OAuth2Grant::ClientCredentials, &url);
        let problem = get(&Client::new(), &config).await.unwrap_err();
        assert!(problem.message.starts_with(message), "{problem}");
        assert!(!problem.to_string().contains("s&cret"), "{problem}");
        assert!(problem.help.is_some(), "{message} gets no help");
    }
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = config(OAuth2Grant::ClientCredentials, &format!("http://{dead}/token"));
    let problem = get(&Client::new(), &config).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Unreachable);
    assert!(problem.message.contains("cannot be reached"), "{problem}");
}

#[tokio::test]
async fn over_tls() {
    let root = authority("private");
    let script = Script::new([(200, r#"{"access_token": "a"}"#)]);
    let acceptor =
        Secure { alpn: &[b"http/1.1"], ..Secure::new(certificate(&root, "localhost", |_| {})) }
            .acceptor();
    let answers = script.clone();
    let server = tcp(move |stream| {
        let (script, acceptor) = (answers.clone(), acceptor.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                script.answer(stream).await;
            }
        }
    })
    .await;
    let port = server.address.rsplit(':').next().unwrap();
    let config =
        config(OAuth2Grant::ClientCredentials, &format!("https://localhost:{port}/token?x=1"));
    // Nobody trusts it, until the CA file of the server to be called names its authority. Verification that is off
    // for that server is not off here.
    let insecure = TlsOptions { insecure: true, ..TlsOptions::default() };
    let folder = Folder::new();
    let own = folder.certificates("ca.pem", &[root.der()]);
    let trusting = TlsOptions { ca: Some(own), ..TlsOptions::default() };
    let nobody = |url| panic!("nobody is asked to open {url}");
    let auth = Auth::OAuth2(config);
    let client = Client::new();
    for options in [&TlsOptions::default(), &insecure] {
        let problem = client.authorize(&auth, options, nobody).await.unwrap_err();
        assert!(problem.message.contains("signed by `CN=private`"), "{problem}");
    }
    assert_eq!(client.authorize(&auth, &trusting, nobody).await.unwrap(), bearer("a"));
}

/// A browser: asks for a page and gives its status and text.
async fn browse(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    let (head, text) = page.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap()["HTTP/1.1 ".len()..].to_owned(), text.to_owned())
}

/// Signs in: `visit` is what the browser does with the parameters of the authorization endpoint.
async fn sign_in<F>(config: &OAuth2, visit: impl FnOnce(Form) -> F) -> Result<Metadatum, Problem>
where
    F: Future<Output = ()>,
{
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    let open = move |url: String| tx.send(url).unwrap();
    let (client, auth) = (Client::new(), Auth::OAuth2(config.clone()));
    let browser = async {
        let url = rx.recv().await.unwrap();
        let (endpoint, query) = url.split_once('?').unwrap();
        assert_eq!(endpoint, "https://login.test/authorize");
        visit(form(query)).await;
    };
    let options = TlsOptions::default();
    let (made, ()) = tokio::join!(client.authorize(&auth, &options, open), browser);
    made
}

fn by_code(token_url: &str) -> OAuth2 {
    OAuth2 {
        auth_url: "https://login.test/authorize?prompt=login".into(),
        client_secret: Secret::default(),
        ..config(OAuth2Grant::AuthorizationCode, token_url)
    }
}

#[tokio::test]
async fn authorization_code() {
    for (redirect_url, path) in [("", "/"), ("http://localhost:0/back/here", "/back/here")] {
        let script = Script::new([(200, r#"{"access_token": "a", "expires_in": 60}"#)]);
        let (_server, url) = serve(&script).await;
        let config = OAuth2 { redirect_url: redirect_url.into(), ..by_code(&url) };
        let mut seen = Form::new();
        let seen_by = &mut seen;
        let made = sign_in(&config, async |asked: Form| {
            let back = asked["redirect_uri"].replace("localhost", "127.0.0.1");
            // A connection that says nothing holds nobody up.
            let host = back.split('/').nth(2).unwrap();
            let _silent = TcpStream::connect(host).await.unwrap();
            let state =
                url::form_urlencoded::byte_serialize(asked["state"].as_bytes()).collect::<String>();
            for (turned_away, status) in [
                (format!("http://{host}/favicon.ico"), "404 Not Found"),
                (format!("{back}?code=stolen&state=guess"), "400 Bad Request"),
                (format!("{back}?code=stolen"), "400 Bad Request"),
                (format!("{back}?error=access_denied"), "400 Bad Request"),
                (format!("{back}?state={state}"), "400 Bad Request"),
            ] {
                assert_eq!(browse(&turned_away).await.0, status, "{turned_away}");
            }
            let (status, text) = browse(&format!("{back}?code=c%2F+1&state={state}")).await;
            assert_eq!(
                (&*status, &*text),
                ("200 OK", "You are signed in. You can close this page.")
            );
            *seen_by = asked;
        })
        .await;
        assert_eq!(made.unwrap(), bearer("a"));
        let asked = &script.asked()[0];
        assert_eq!(asked.authorization, None);
        assert_eq!(asked.form["grant_type"], "authorization_code");
        assert_eq!(asked.form["code"], "c/ 1");
        assert_eq!(asked.form["client_id"], "me:1");
        assert_eq!(asked.form["redirect_uri"], seen["redirect_uri"]);
        assert!(seen["redirect_uri"].ends_with(path));
        // RFC 7636 §4.6.
        let verifier = asked.form["code_verifier"].as_bytes();
        assert!((43..=128).contains(&verifier.len()));
        let digest = ring::digest::digest(&ring::digest::SHA256, verifier);
        assert_eq!(seen["code_challenge"], URL_SAFE_NO_PAD.encode(digest));
        assert_eq!(seen["code_challenge_method"], "S256");
        assert_eq!(seen["response_type"], "code");
        assert_eq!((&*seen["scope"], &*seen["prompt"]), ("read write", "login"));
    }
}

#[tokio::test]
async fn a_sign_in_that_is_denied() {
    let made = sign_in(&by_code("http://127.0.0.1:1/token"), async |asked: Form| {
        let state = &asked["state"];
        let back = format!(
            "{}?error=access_denied&error_description=Not+today&state={state}",
            asked["redirect_uri"]
        );
        assert!(browse(&back).await.1.starts_with("The sign-in failed"));
    })
    .await;
    let problem = made.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Forbidden);
    assert_eq!(
        problem.message,
        "the authorization server was told to deny access (access_denied: Not today)"
    );
}

#[tokio::test]
async fn settings_that_will_not_do() {
    let good = by_code("https://a.test/token");
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = format!("http://localhost:{}/", held.local_addr().unwrap().port());
    let table = [
        (OAuth2 { token_url: "".into(), ..good.clone() }, "auth.token_url"),
        (OAuth2 { token_url: "a.test/token".into(), ..good.clone() }, "auth.token_url"),
        (OAuth2 { token_url: "ftp://a.test/".into(), ..good.clone() }, "auth.token_url"),
        (
            OAuth2 { token_url: "https://user:pass@a.test/".into(), ..good.clone() },
            "auth.token_url",
        ),
        (OAuth2 { auth_url: "javascript:alert(1)".into(), ..good.clone() }, "auth.auth_url"),
        (OAuth2 { auth_url: "file:///etc/passwd".into(), ..good.clone() }, "auth.auth_url"),
        (OAuth2 { client_id: "".into(), ..good.clone() }, "auth.client_id"),
        (
            OAuth2 { redirect_url: "https://localhost:1/".into(), ..good.clone() },
            "auth.redirect_url",
        ),
        (
            OAuth2 { redirect_url: "http://example.test:1/".into(), ..good.clone() },
            "auth.redirect_url",
        ),
        (OAuth2 { redirect_url: taken, ..good.clone() }, "auth.redirect_url"),
    ];
    for (config, path) in table {
        let problem = get(&Client::new(), &config).await.unwrap_err();
        assert_eq!(problem.path.as_deref(), Some(path), "{problem}");
        assert!(problem.help.is_some(), "{problem}");
    }
}
