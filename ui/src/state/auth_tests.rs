use super::*;

fn secret(text: &str) -> Secret {
    Secret(text.into())
}

fn each() -> Vec<Auth> {
    vec![
        Auth::Bearer { token: secret("s3cret") },
        Auth::Basic { user: "ada".into(), password: secret("s3cret:") },
        Auth::ApiKey { name: "x-goog-api-key".into(), key: secret("s3cret") },
        Auth::Jwt(JwtAuth {
            algorithm: "ES256".into(),
            key: secret("s3cret"),
            claims: "{\"sub\": \"me\"}".into(),
            header: "{\"kid\": \"1\"}".into(),
            lifetime_s: 60,
            ..JwtAuth::default()
        }),
        Auth::OAuth2(OAuth2 {
            token_url: "https://a.example/token".into(),
            client_id: "me".into(),
            client_secret: secret("s3cret"),
            refresh_token: secret("s3cret too"),
            ..OAuth2::default()
        }),
    ]
}

#[test]
fn what_is_shown_is_what_is_sent() {
    assert_eq!(AuthDraft::of(None).auth(), Ok(None));
    for auth in each() {
        let draft = AuthDraft::of(Some(&auth));
        assert_eq!(AuthDraft::named(auth.name()).kind, draft.kind);
        assert_eq!(draft.auth(), Ok(Some(auth)));
    }
    let pasted = AuthDraft { token: secret(" abc\n"), ..AuthDraft::named("bearer") };
    assert_eq!(pasted.auth(), Ok(Some(Auth::Bearer { token: secret("abc") })));
}

#[test]
fn no_secret_is_stored_and_its_absence_is_said() {
    for auth in each() {
        let draft = AuthDraft::of(Some(&auth));
        let stored = draft.clone().without_secrets();
        assert!(!serde_json::to_string(&stored).unwrap().contains("s3cret"), "{auth:?}");
        assert_eq!(stored.as_typed(), Some(auth.without_secrets()), "the two agree");
        let (_, why) = stored.problem().unwrap();
        assert!(why.ends_with("it is never kept"), "{why}");
    }
}

#[test]
fn says_which_field_is_wrong() {
    let basic = |user: &str| AuthDraft {
        user: user.into(),
        password: secret("p"),
        ..AuthDraft::named("basic")
    };
    let jwt = |claims: &str, header: &str| {
        let mut draft = AuthDraft::named("jwt");
        draft.jwt.key = secret("k");
        (draft.jwt.claims, draft.jwt.header) = (claims.into(), header.into());
        draft
    };
    let oauth = |grant, token_url: &str, auth_url: &str, client_id: &str| AuthDraft {
        oauth: OAuth2 {
            grant,
            token_url: token_url.into(),
            auth_url: auth_url.into(),
            client_id: client_id.into(),
            ..OAuth2::default()
        },
        ..AuthDraft::named("oauth2")
    };
    let code = OAuth2Grant::AuthorizationCode;
    let api =
        AuthDraft { key_name: "grpc-x".into(), key: secret("k"), ..AuthDraft::named("api key") };
    let url = "https://a.example/";
    let redirected = |to: &str| {
        let mut draft = oauth(code, url, url, "me");
        draft.oauth.redirect_url = to.into();
        draft
    };
    for (draft, field) in [
        (AuthDraft::default(), None),
        (basic(""), Some("user")),
        (basic("a:b"), Some("user")),
        (basic("ada"), None),
        (api, Some("name")),
        (AuthDraft::named("api key"), Some("key")),
        (jwt("{}", ""), None),
        (jwt("[]", ""), Some("claims")),
        (jwt("{}", "{"), Some("header")),
        (oauth(code, "a.example", url, "me"), Some("token")),
        (oauth(code, url, "https://", "me"), Some("authorize")),
        (oauth(code, url, url, " "), Some("client")),
        (oauth(code, url, url, "me"), None),
        (redirected("http://localhost:8400/callback"), None),
        (redirected("http://localhost.example/"), Some("redirect")),
        (oauth(OAuth2Grant::ClientCredentials, url, "", "me"), Some("secret")),
        (oauth(OAuth2Grant::RefreshToken, url, "", "me"), Some("refresh")),
    ] {
        assert_eq!(draft.problem().map(|(field, _)| field), field, "{draft:?}");
    }
}
