//! What is read again beside the schema: the files that say who may call and which rules override those of the schema,
//! and the bridge's own credentials. What breaks is logged and counted, and leaves what was there.

use super::{Fingerprint, look_at};
use crate::Bridge;
use crate::admission::Policy;
use crate::observe::Reload;
use crate::own::CREDENTIALS_INTERVAL;
use crate::rules::Routing;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::time::MissedTickBehavior;
use wirelab_call::Client;
use wirelab_model::{Problem, ProblemKind, TlsOptions};

/// What the files of a configuration say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configured {
    /// Which rules there are beside those of the schema.
    pub routing: Routing,
    /// Who may call what, and how often.
    pub admission: Policy,
}

type Read = dyn Fn() -> Result<Configured, Problem> + Send + Sync;

/// Files of a configuration that are read again when they change.
#[derive(Clone)]
pub struct Reread {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What reads all of them; may block.
    pub read: Arc<Read>,
}

impl fmt::Debug for Reread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reread").field("files", &self.files).finish_non_exhaustive()
    }
}

/// What the files looked like when they were last read.
pub(super) struct Watched {
    reread: Option<Reread>,
    configuration: Fingerprint,
    keys: Fingerprint,
}

impl Watched {
    pub async fn new(reread: Option<Reread>, bridge: &Bridge) -> Watched {
        let files = reread.as_ref().map(|reread| reread.files.clone()).unwrap_or_default();
        let configuration = look_at(files).await;
        let keys = look_at(bridge.shared.admission.files()).await;
        Watched { reread, configuration, keys }
    }

    /// Reads what has changed, or everything.
    pub async fn look(&mut self, bridge: &Bridge, everything: bool) {
        if let Some(reread) = &self.reread {
            let seen = look_at(reread.files.clone()).await;
            if everything || seen != self.configuration {
                self.configuration = seen;
                configure(bridge, reread).await;
            }
        }
        let seen = look_at(bridge.shared.admission.files()).await;
        if everything || seen != self.keys {
            let had_keys = seen != Fingerprint::default();
            self.keys = seen;
            if had_keys {
                tell(bridge, Reload::Keys, "the keys", bridge.readmit(None).await);
            }
        }
    }
}

/// Reads a configuration and takes what is other in it.
async fn configure(bridge: &Bridge, reread: &Reread) {
    let read = reread.read.clone();
    let failed = |_| Problem::new(ProblemKind::Internal, "the configuration could not be read");
    let read = tokio::task::spawn_blocking(move || read()).await.map_err(failed);
    let configured = match read.and_then(|read| read) {
        Ok(configured) => configured,
        Err(problem) => {
            return tell(bridge, Reload::Admission, "the configuration", Err(problem));
        }
    };
    if configured.routing != *bridge.shared.routing() {
        let taken = bridge.reroute(configured.routing).map_err(|problems| {
            let mut problems = problems.into_iter();
            let first = problems.next();
            problems.for_each(|problem| tracing::error!(%problem, "so are these rules"));
            first.unwrap_or_else(|| Problem::new(ProblemKind::Internal, "they were refused"))
        });
        tell(bridge, Reload::Rules, "the rules", taken);
    }
    if configured.admission != bridge.shared.admission.state().policy {
        let taken = bridge.readmit(Some(configured.admission)).await;
        tell(bridge, Reload::Admission, "who may call", taken);
    }
}

fn tell(bridge: &Bridge, what: Reload, name: &str, taken: Result<(), Problem>) {
    bridge.shared.observe.figures.reloaded(what, taken.is_ok());
    match taken {
        Ok(()) => tracing::info!(what = name, "read again"),
        Err(problem) => tracing::error!(what = name, %problem, "not taken, what held before holds"),
    }
}

/// Keeps the bridge's own credentials fresh. Never ends.
pub(super) async fn credentials(bridge: Bridge, client: Client, tls: TlsOptions) {
    let own = &bridge.shared.options.own;
    let mut look = tokio::time::interval(CREDENTIALS_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_lost = false;
    loop {
        look.tick().await;
        let renewed = own.renew(&client, &tls).await;
        match &renewed {
            Ok(true) => tell(&bridge, Reload::Credentials, "the bridge's credentials", Ok(())),
            Ok(false) => {}
            Err(problem) if !was_lost => {
                let problem = problem.clone();
                tell(&bridge, Reload::Credentials, "the bridge's credentials", Err(problem));
            }
            // It was said.
            Err(_) => {}
        }
        was_lost = renewed.is_err();
    }
}
