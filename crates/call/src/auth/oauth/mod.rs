//! Tokens of authorization servers (RFC 6749), kept in memory until shortly before they end.

mod answer;
mod code;
mod form;
mod post;
mod redirect;

pub use code::SIGN_IN_WAIT;
pub use post::TOKEN_TIMEOUT;

use super::wrong;
use crate::explain;
use crate::tls::{Tls, Trust};
use answer::Granted;
use form::Form;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wirelab_model::{OAuth2, OAuth2Grant, Problem, Secret, TlsOptions};

/// A token is not used any more when it ends within this time.
pub const TOKEN_MARGIN: Duration = Duration::from_secs(30);
/// How many configurations have their tokens kept; the one not used for longest goes first.
const MAX_TOKENS: usize = 64;

/// All tokens of a client.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Vec<Arc<Entry>>>);

struct Entry {
    config: OAuth2,
    /// Held while one is fetched, so that calls made at once share it.
    token: tokio::sync::Mutex<Option<Token>>,
}

struct Token {
    access: Secret,
    refresh: Secret,
    /// None where the server does not say.
    ends: Option<Instant>,
}

impl Token {
    fn is_fresh(&self) -> bool {
        self.ends.is_none_or(|ends| ends.saturating_duration_since(Instant::now()) > TOKEN_MARGIN)
    }
}

/// What everything that asks an authorization server needs.
struct Asking<'a> {
    config: &'a OAuth2,
    trust: Trust,
}

impl Tokens {
    /// A token that can be used: the one there is, a refreshed one, or a new one.
    pub async fn token(
        &self,
        tls: &Tls,
        config: &OAuth2,
        options: &TlsOptions,
        sign_in: impl Fn(String) + Send,
    ) -> Result<Secret, Problem> {
        check(config)?;
        let entry = self.entry(config);
        let mut held = entry.token.lock().await;
        if let Some(token) = held.as_ref().filter(|token| token.is_fresh()) {
            return Ok(token.access.clone());
        }
        let trust = tls
            .trust_beside_system(options.ca.as_deref())
            .await
            .map_err(|failure| explain::problem(&failure))?;
        let asking = Asking { config, trust };
        let refresh = held.as_ref().map(|token| &token.refresh).filter(|token| !token.0.is_empty());
        let refresh = refresh.unwrap_or(&config.refresh_token).clone();
        let granted = asking.granted(&refresh, sign_in).await?;
        let ends = granted.lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        let access = granted.access;
        *held = Some(Token { access: access.clone(), refresh: granted.refresh, ends });
        Ok(access)
    }

    /// Does not use the token again that `config` came to: a server refused it. It may be refreshed.
    pub async fn forget(&self, config: &OAuth2) {
        let entry = self.entry(config);
        if let Some(token) = entry.token.lock().await.as_mut() {
            token.ends = Some(Instant::now());
        }
    }

    fn entry(&self, config: &OAuth2) -> Arc<Entry> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match entries.iter().position(|entry| entry.config == *config) {
            Some(found) => entries.remove(found),
            None => Arc::new(Entry { config: config.clone(), token: Default::default() }),
        };
        if entries.len() >= MAX_TOKENS {
            entries.remove(0);
        }
        entries.push(entry.clone());
        entry
    }
}

impl Asking<'_> {
    async fn granted(
        &self,
        refresh: &Secret,
        sign_in: impl Fn(String) + Send,
    ) -> Result<Granted, Problem> {
        let only = self.config.grant == OAuth2Grant::RefreshToken;
        if !refresh.0.is_empty() {
            match self.ask(Form::new("refresh_token").with("refresh_token", &refresh.0)).await {
                // It has ended, or was taken back: the grant itself gets another.
                Err(refused) if refused.by_grant && !only => {}
                Err(refused) => return Err(refused.problem),
                // A server that sends no new refresh token means the old one to be used again (RFC 6749 §6).
                Ok(granted) if granted.refresh.0.is_empty() => {
                    return Ok(Granted { refresh: refresh.clone(), ..granted });
                }
                Ok(granted) => return Ok(granted),
            }
        } else if only {
            let help = "secrets are not kept: give it again, or choose another grant";
            return Err(wrong("auth.refresh_token", "there is no refresh token", help));
        }
        let form = match self.config.grant {
            OAuth2Grant::AuthorizationCode => code::sign_in(self.config, sign_in).await?,
            _ => Form::new("client_credentials")
                .maybe("scope", &self.config.scope)
                .maybe("audience", &self.config.audience),
        };
        self.ask(form).await.map_err(|refused| refused.problem)
    }

    async fn ask(&self, form: Form) -> Result<Granted, answer::Refused> {
        let url = &self.config.token_url;
        let (form, header) = form.by_client(self.config);
        let answer = post::post(url, &self.trust, form.encode(), header).await?;
        answer::read(url, &answer)
    }
}

/// What can be seen to be wrong before anybody is asked.
fn check(config: &OAuth2) -> Result<(), Problem> {
    post::server(&config.token_url, "auth.token_url")?;
    if config.client_id.is_empty() {
        let help = "the authorization server knows each client by an id";
        return Err(wrong("auth.client_id", "there is no client id", help));
    }
    match config.grant {
        OAuth2Grant::AuthorizationCode => {
            post::server(&config.auth_url, "auth.auth_url")?;
            redirect::Redirect::parse(&config.redirect_url).map(drop)
        }
        _ => Ok(()),
    }
}
