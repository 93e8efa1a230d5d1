//! The bridge's settings as they are typed.

use serde::{Deserialize, Serialize};
use wirelab_model::{BridgeProfile, BridgeSettings, Problem};

/// The bridge's settings as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The settings, but for
    pub settings: BridgeSettings,
    /// origins, apart by commas or spaces.
    pub origins: String,
}

impl Draft {
    /// What was started last, or would be.
    pub fn new(settings: BridgeSettings) -> Draft {
        Draft { origins: settings.allowed_origins.join(", "), settings }
    }

    /// What to start.
    ///
    /// # Errors
    /// What is wrong, with the field that it is in.
    pub fn settings(&self) -> Result<BridgeSettings, Problem> {
        let wrong = |at: &str, message: String, help: &str| {
            Err(Problem::new(wirelab_model::ProblemKind::Mismatch, message).at(at).help(help))
        };
        let listen = self.settings.listen.trim();
        let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() || listen.starts_with(':') {
            let message = format!("“{listen}” is no address to listen at");
            return wrong("Listen", message, "Write host:port, for example 127.0.0.1:8080");
        }
        if self.settings.upstream.address.trim().is_empty() {
            let help = "Type its address, for example localhost:50051";
            return wrong("Server", "There is no server behind the bridge".into(), help);
        }
        let origins = self.origins.split([',', ' ', '\n']).map(str::trim);
        let origins: Vec<String> =
            origins.filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let odd = |origin: &&String| {
            let host = origin.split_once("://").map(|(_, host)| host);
            *origin != "*" && host.is_none_or(|host| host.is_empty() || host.contains('/'))
        };
        if let Some(odd) = origins.iter().find(odd) {
            let help = "Write scheme and host, for example https://app.example, or * for all";
            return wrong("Origins", format!("“{odd}” is no origin"), help);
        }
        let mut settings = self.settings.clone();
        settings.listen = listen.to_owned();
        settings.upstream.address = settings.upstream.address.trim().to_owned();
        Ok(BridgeSettings { allowed_origins: origins, ..settings })
    }
}

/// Whether others than this machine can reach what listens there.
pub fn exposed(listen: &str) -> bool {
    let host = listen.trim().rsplit_once(':').map_or("", |(host, _)| host);
    !(host == "localhost" || host.starts_with("127.") || host == "[::1]")
}

/// What of the settings is remembered between visits; the server is the studio's to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Where it listened.
    pub listen: String,
    /// Whose habits it had.
    pub profile: BridgeProfile,
    /// Pages that could call it.
    pub allowed_origins: Vec<String>,
}

impl Remembered {
    /// What is remembered of these settings.
    pub fn of(settings: &BridgeSettings) -> Remembered {
        Remembered {
            listen: settings.listen.clone(),
            profile: settings.profile,
            allowed_origins: settings.allowed_origins.clone(),
        }
    }

    /// The settings with what is remembered, where anything is and the studio has started none since.
    pub fn onto(self, settings: BridgeSettings) -> BridgeSettings {
        let untouched = Remembered::of(&settings) == Remembered::of(&BridgeSettings::default());
        let Remembered { listen, profile, allowed_origins } = self;
        match untouched && !listen.is_empty() {
            true => BridgeSettings { listen, profile, allowed_origins, ..settings },
            false => settings,
        }
    }
}
