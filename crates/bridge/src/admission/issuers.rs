//! Where the keys of tokens come from: a file, or a web server that is asked again and again.
//!
//! What was had last holds until something better comes. A token whose key is not known has the server asked at once, but
//! not more often than [`JWKS_GAP`] or what the policy says: whoever makes such tokens up must not have it flooded.

use super::jwt::{Issuer, key_id};
use super::policy::JwtPolicy;
use super::read;
use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use http::{Request, Uri};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use wirelab_call::{Bounds, Web};
use wirelab_model::{Problem, ProblemKind, TlsOptions};

/// How often a server is asked for its keys unless told otherwise.
pub const JWKS_INTERVAL: Duration = Duration::from_secs(300);
/// How long it is left alone after it was asked, whatever tokens come, unless told otherwise.
pub const JWKS_GAP: Duration = Duration::from_secs(10);
/// How long its answer may take.
pub const JWKS_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer, bytes.
pub const JWKS_BYTES: usize = 1 << 20;
/// How long a request waits for keys that may make its token one that is known.
pub const JWKS_WAIT: Duration = Duration::from_secs(3);
/// How long it takes until a server is asked again that did not give its keys; doubled until [`LAST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    /// The address of a set.
    Set(String),
    /// The issuer, who says where its set is (OpenID Connect Discovery 1.0 §4).
    Discovery(String),
}

impl Place {
    /// Where a policy says.
    ///
    /// # Errors
    /// When it says nothing.
    pub fn of(policy: &JwtPolicy) -> Result<Place, Problem> {
        let is_web = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        match (&policy.keys, &policy.issuer) {
            (Some(keys), _) if is_web(keys) => address(keys).map(|()| Place::Set(keys.clone())),
            (Some(keys), _) => Ok(Place::File(keys.into())),
            (None, Some(issuer)) if is_web(issuer) => {
                address(issuer).map(|()| Place::Discovery(issuer.clone()))
            }
            (None, _) => {
                let message = "nothing says where the keys of tokens are";
                Err(Problem::new(ProblemKind::Mismatch, message).at("jwt.keys").help(
                    "name a file or the https address of a key set as keys, or an issuer with an https address",
                ))
            }
        }
    }
}

fn address(url: &str) -> Result<(), Problem> {
    let good = url.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
    let wrong = || Problem::new(ProblemKind::Mismatch, "this is no web address").at(url);
    good.then_some(()).ok_or_else(wrong)
}

/// What is known of an issuer on the web.
#[derive(Debug, Default)]
struct Fetched {
    issuer: Option<Arc<Issuer>>,
    /// When the server was last asked.
    at: Option<Instant>,
}

/// An issuer, wherever its keys are.
#[derive(Debug)]
pub(super) enum Source {
    File(Arc<Issuer>),
    Web(Remote),
}

/// An issuer whose keys are on the web.
#[derive(Debug)]
pub(super) struct Remote {
    asking: Arc<Asking>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Asking {
    policy: JwtPolicy,
    place: Place,
    web: Web,
    fetched: watch::Sender<Fetched>,
    wanted: Notify,
}

impl Source {
    /// Reads a file, or begins to ask, for which a Tokio runtime is needed. Blocks.
    ///
    /// # Errors
    /// What is wrong with the file or the policy.
    pub fn open(policy: &JwtPolicy, web: &Web) -> Result<Source, Problem> {
        let place = Place::of(policy)?;
        if let Place::File(path) = &place {
            let text = read(path)?;
            let issuer = Issuer::new(policy, &text).map_err(|problem| super::at(problem, path))?;
            return Ok(Source::File(Arc::new(issuer)));
        }
        Issuer::check_policy(policy)?;
        let (fetched, wanted) = Default::default();
        let asking = Asking { policy: policy.clone(), place, web: web.clone(), fetched, wanted };
        let asking = Arc::new(asking);
        let task = tokio::spawn(asking.clone().keep());
        Ok(Source::Web(Remote { asking, _task: AbortOnDropHandle::new(task) }))
    }

    /// The issuer; none before its keys came.
    pub fn issuer(&self) -> Option<Arc<Issuer>> {
        match self {
            Source::File(issuer) => Some(issuer.clone()),
            Source::Web(remote) => remote.asking.fetched.borrow().issuer.clone(),
        }
    }

    /// Waits until the server was asked for the first time; whether its keys are there.
    pub async fn first(&self) -> bool {
        if let Source::Web(remote) = self {
            let mut fetched = remote.asking.fetched.subscribe();
            // The sender is ours.
            let _ = fetched.wait_for(|fetched| fetched.at.is_some()).await;
        }
        self.issuer().is_some()
    }

    /// Has the keys asked for once more when that of a token is not among them, and waits for them where that may help.
    pub async fn look_for(&self, token: &str) {
        let Source::Web(Remote { asking, .. }) = self else { return };
        let mut fetched = asking.fetched.subscribe();
        let gap = seconds(asking.policy.refresh_gap, JWKS_GAP);
        {
            let now = fetched.borrow_and_update();
            let Some(issuer) = &now.issuer else { return };
            let known = key_id(token).is_none_or(|id| issuer.has(&id));
            if known || now.at.is_some_and(|at| at.elapsed() < gap) {
                return;
            }
        }
        asking.wanted.notify_one();
        // When it is over, what is there is used.
        let _ = timeout(JWKS_WAIT, fetched.changed()).await;
    }
}

fn seconds(given: Option<u64>, otherwise: Duration) -> Duration {
    given.map_or(otherwise, |seconds| Duration::from_secs(seconds.max(1)))
}

impl Asking {
    /// Asks again and again. Never ends.
    async fn keep(self: Arc<Asking>) {
        let interval = seconds(self.policy.refresh, JWKS_INTERVAL);
        let gap = seconds(self.policy.refresh_gap, JWKS_GAP);
        let mut retry = FIRST_RETRY;
        loop {
            let got = self.ask().await;
            let pause = match &got {
                Ok(_) => {
                    retry = FIRST_RETRY;
                    interval
                }
                Err(problem) => {
                    let known = self.fetched.borrow().issuer.is_some();
                    match known {
                        true => {
                            tracing::warn!(%problem, "the keys of tokens were not had, the last ones hold")
                        }
                        false => {
                            tracing::error!(%problem, "the keys of tokens were not had, no token is taken")
                        }
                    }
                    let pause = retry.min(interval);
                    retry = (retry * 2).min(LAST_RETRY);
                    pause
                }
            };
            self.fetched.send_modify(|fetched| {
                fetched.at = Some(Instant::now());
                if let Ok(issuer) = got {
                    fetched.issuer = Some(Arc::new(issuer));
                }
            });
            let least = gap.min(pause);
            sleep(least).await;
            // Sooner than the pause, or at its end: both are reasons to ask.
            let _ = timeout(pause.saturating_sub(least), self.wanted.notified()).await;
        }
    }

    async fn ask(&self) -> Result<Issuer, Problem> {
        let url = match &self.place {
            Place::Discovery(issuer) => self.discover(issuer).await?,
            Place::Set(url) => url.clone(),
            // A file is not asked for.
            Place::File(path) => path.display().to_string(),
        };
        let text = self.get(&url).await?;
        Issuer::new(&self.policy, &text).map_err(|problem| problem.at(url))
    }

    async fn discover(&self, issuer: &str) -> Result<String, Problem> {
        #[derive(Deserialize)]
        struct Metadata {
            issuer: String,
            jwks_uri: String,
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let wrong = |message: String| Problem::new(ProblemKind::Mismatch, message).at(&*url);
        let found: Metadata = serde_json::from_slice(&self.get(&url).await?).map_err(|error| {
            wrong(format!("the issuer does not say where its keys are: {error}"))
        })?;
        if found.issuer != issuer {
            let message = "the issuer there is another one".to_owned();
            return Err(wrong(message).help(format!("write {:?} as the issuer", found.issuer)));
        }
        // What was asked in private must not go on in the open.
        if issuer.starts_with("https://") && !found.jwks_uri.starts_with("https://") {
            return Err(wrong("the address of the issuer's keys is not https".to_owned()));
        }
        Ok(found.jwks_uri)
    }

    async fn get(&self, url: &str) -> Result<Bytes, Problem> {
        let wrong = |message: String| Problem::new(ProblemKind::Mismatch, message).at(url);
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.parse().map_err(|_| wrong("this is no web address".to_owned()))?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let ca = self.policy.ca.as_ref().map(|path| path.display().to_string());
        let tls = TlsOptions { ca, ..TlsOptions::default() };
        let bounds = Bounds { time: JWKS_TIMEOUT, bytes: JWKS_BYTES };
        let answer = self.web.ask(request, &tls, bounds).await?;
        match answer.status() {
            http::StatusCode::OK => Ok(answer.into_body()),
            status => Err(wrong(format!("the server of the keys answered HTTP {status}"))),
        }
    }
}
