//! What is known of the connections of an endpoint: what TLS agreed on, the instances, and their state.

use crate::{BalancingPolicy, Problem, ProblemKind};
use serde::{Deserialize, Serialize};

/// A certificate that ends within this many days is warned of.
pub const EXPIRY_WARNING_DAYS: i64 = 30;

const DAY_S: i64 = 86_400;

/// What TLS negotiated and whom it met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsInfo {
    /// `TLSv1.3`.
    pub version: String,
    /// `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// `h2`.
    pub alpn: String,
    /// The name that was asked for.
    #[serde(default)]
    pub server_name: String,
    /// Whether the peer's certificate was not verified because verification is off.
    #[serde(default)]
    pub insecure: bool,
    /// Whether a client certificate was sent.
    #[serde(default)]
    pub client_certificate: bool,
    /// The peer's certificates as it sent them, its own first.
    #[serde(default)]
    pub chain: Vec<CertificateInfo>,
}

/// One certificate of a chain (RFC 5280).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// Distinguished name, such as `CN=example.com`; empty when it cannot be read.
    pub subject: String,
    /// Distinguished name of who signed it.
    pub issuer: String,
    /// DNS names and IP addresses that it is for.
    pub names: Vec<String>,
    /// Begin of validity, seconds since the Unix epoch.
    pub not_before_unix_s: i64,
    /// End of validity, seconds since the Unix epoch.
    pub not_after_unix_s: i64,
    /// In hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate in hexadecimal.
    pub sha256: String,
}

impl TlsInfo {
    /// What a person should know although the connection was made: verification that is off, and certificates
    /// that have ended or end within [`EXPIRY_WARNING_DAYS`]. `now_unix_s` is seconds since the Unix epoch.
    pub fn warnings(&self, now_unix_s: i64) -> Vec<Problem> {
        let warn = |message: String, help: &str| {
            let problem = Problem::new(ProblemKind::Tls, message).help(help);
            if self.server_name.is_empty() { problem } else { problem.at(&self.server_name) }
        };
        let mut warnings = Vec::new();
        if self.insecure {
            let message = "the server's certificate was not verified: anybody in between can read \
                           and change this call";
            warnings.push(warn(
                message.to_owned(),
                "trust the server's authority by its file instead of turning verification off",
            ));
        }
        for (index, certificate) in self.chain.iter().enumerate() {
            let end = certificate.not_after_unix_s;
            let left = end.saturating_sub(now_unix_s);
            // A certificate that cannot be read has no dates.
            if left > EXPIRY_WARNING_DAYS * DAY_S || certificate.subject.is_empty() && end == 0 {
                continue;
            }
            let whose = match index {
                0 => "the server's certificate".to_owned(),
                _ => format!("the certificate `{}` in the server's chain", certificate.subject),
            };
            let date = utc_date(end);
            let message = match left / DAY_S {
                _ if left < 0 => format!("{whose} expired on {date}"),
                0 => format!("{whose} expires within a day, on {date}"),
                1 => format!("{whose} expires in a day, on {date}"),
                days => format!("{whose} expires in {days} days, on {date}"),
            };
            warnings.push(warn(message, "have it renewed before calls begin to fail"));
        }
        warnings
    }
}

/// The day in UTC that holds a moment, as `2026-11-21`; `unix_s` is seconds since the Unix epoch.
pub fn utc_date(unix_s: i64) -> String {
    // Days since 0000-03-01 in eras of 400 years: years that begin in March end with their leap day.
    const ERA_DAYS: i64 = 146_097;
    let days = unix_s.div_euclid(DAY_S) + 719_468;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// One failed try of a call that was tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The instance it went to, where one could be picked.
    pub instance: Option<String>,
    /// Nanoseconds since the call began.
    pub ended_at_ns: u64,
    /// How it ended.
    pub status: crate::Status,
    /// How long the next attempt was then held back, nanoseconds.
    pub backoff_ns: u64,
}

/// The instances behind an endpoint as the client sees them now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// What resolves the address: `dns`, `ipv4`, `ipv6`, `unix`, `etcd` or `consul`.
    pub resolver: String,
    /// Why the last resolution failed; the instances are then those of the one before.
    pub problem: Option<Problem>,
    /// Which instance the next call goes to.
    pub policy: BalancingPolicy,
    /// In the resolver's order.
    pub instances: Vec<InstanceInfo>,
}

/// One instance behind an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceInfo {
    /// `ip:port` or the path of a socket.
    pub address: String,
    /// The weight that the resolver gives it; 1 where it gives none.
    pub weight: u32,
    /// Whether calls can go there.
    pub state: InstanceState,
    /// Calls under way.
    pub active: u64,
    /// Calls ever begun there.
    pub calls: u64,
    /// Failures in a row.
    pub failures: u32,
    /// The last HTTP/2 ping's round trip, nanoseconds.
    pub rtt_ns: Option<u64>,
    /// What last went wrong there.
    pub problem: Option<Problem>,
}

/// Whether calls can go to an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    /// No connection is open.
    #[default]
    Idle,
    /// A connection is being made.
    Connecting,
    /// A connection is open.
    Ready,
    /// The last connection failed; it is tried again after a while.
    Failed,
    /// It failed too often and gets no calls for this long, milliseconds from now.
    Ejected {
        /// Milliseconds.
        for_ms: u64,
    },
    /// One trial call shows whether it has recovered.
    Probing,
    /// Its health service says that it does not serve.
    Unhealthy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let table = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
            (1_795_300_000, "2026-11-21"),
            (253_402_300_799, "9999-12-31"),
            (-62_135_596_800, "0001-01-01"),
        ];
        for (unix_s, date) in table {
            assert_eq!(utc_date(unix_s), date, "{unix_s}");
        }
    }

    #[test]
    fn warnings() {
        let now = 1_795_300_000;
        let certificate = |not_after_unix_s| CertificateInfo {
            subject: "CN=it".into(),
            not_after_unix_s,
            ..CertificateInfo::default()
        };
        let warned = |insecure: bool, ends: &[i64]| -> Vec<String> {
            let chain = ends.iter().map(|end| certificate(now + end)).collect();
            let info = TlsInfo { insecure, chain, ..TlsInfo::default() };
            info.warnings(now).into_iter().map(|problem| problem.message).collect()
        };
        let limit = EXPIRY_WARNING_DAYS * DAY_S;
        let none: [&str; 0] = [];
        assert_eq!(warned(false, &[]), none);
        assert_eq!(warned(false, &[limit + 1, limit + 1]), none);
        assert_eq!(
            warned(false, &[limit]),
            ["the server's certificate expires in 30 days, on 2026-12-21"]
        );
        assert_eq!(
            warned(false, &[limit + 1, 100]),
            ["the certificate `CN=it` in the server's chain expires within a day, on 2026-11-21"]
        );
        assert_eq!(
            warned(false, &[DAY_S]),
            ["the server's certificate expires in a day, on 2026-11-22"]
        );
        let both = warned(true, &[-1]);
        assert!(both[0].starts_with("the server's certificate was not verified"), "{both:?}");
        assert_eq!(both[1], "the server's certificate expired on 2026-11-21");
        // A chain that could not be read.
        let unread = TlsInfo { chain: vec![CertificateInfo::default()], ..TlsInfo::default() };
        assert_eq!(unread.warnings(now), []);
    }
}
