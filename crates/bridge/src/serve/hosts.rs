//! By which names requests may call a server. A page elsewhere may have its own name point here (DNS rebinding): to the
//! browser it is then of the same origin as what it asks, so that neither CORS nor `Origin` hold it back. The name that
//! the request was sent to tells.

use crate::refusal::Refusal;
use http::header::HOST;
use http::uri::Authority;
use http::{StatusCode as Http, request};
use std::net::IpAddr;
use wirelab_model::{Problem, ProblemKind, StatusCode};

/// As much of a wrong name as is told.
const SHOWN: usize = 100;

/// The names of a server beside those that always mean this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// These names or addresses, without scheme and port.
    ///
    /// # Errors
    /// What is none.
    pub fn parse<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Hosts, Problem> {
        let name = |given: S| {
            let given = given.as_ref().trim();
            let bare = given.trim_start_matches('[').trim_end_matches(']');
            if let Ok(ip) = bare.parse::<IpAddr>() {
                return Ok(ip.to_canonical().to_string());
            }
            let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            match !bare.is_empty() && bare.chars().all(sound) {
                true => Ok(plain(bare)),
                false => {
                    let message = "this is no name that a host can be called by";
                    Err(Problem::new(ProblemKind::Mismatch, message)
                        .at(given)
                        .help("write it without scheme and port, such as api.example.com"))
                }
            }
        };
        names.into_iter().map(name).collect::<Result<_, _>>().map(Hosts)
    }

    /// Whether a server at the address `at` may be called by `host`, a name or an address with or without a port. A
    /// number cannot be made to point elsewhere, so any will do where other machines may call.
    pub fn admits(&self, host: &str, at: IpAddr) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        if authority.as_str().contains('@') {
            return false;
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = name.parse::<IpAddr>() {
            let ip = ip.to_canonical();
            return ip.is_loopback() || !at.is_loopback() || self.0.contains(&ip.to_string());
        }
        let name = plain(name);
        // Nobody can have these names point elsewhere, or get them (RFC 6761 §6.3).
        name == "localhost" || name.ends_with(".localhost") || self.0.contains(&name)
    }

    /// Looks at every place where a request names its host. On loopback it must be admitted, elsewhere where there are
    /// names; what came by a Unix socket (`at` is none) came from no page.
    ///
    /// # Errors
    /// 421 (RFC 9110 §15.5.20).
    pub(crate) fn check(&self, head: &request::Parts, at: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(at) = at.filter(|at| at.is_loopback() || !self.0.is_empty()) else {
            return Ok(());
        };
        let of_target = head.uri.authority().map(|authority| Ok(authority.as_str()));
        let of_header = head.headers.get_all(HOST).iter().map(|host| host.to_str().map_err(drop));
        let mut said = false;
        for host in of_target.into_iter().chain(of_header) {
            said = true;
            match host {
                Ok(host) if self.admits(host, at) => {}
                wrong => return Err(misdirected(wrong.unwrap_or_default())),
            }
        }
        if said { Ok(()) } else { Err(misdirected("")) }
    }
}

/// Names do not differ by case, nor by the dot at their end.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn misdirected(host: &str) -> Refusal {
    let shown: String = host.chars().take(SHOWN).collect();
    let message = format!(
        "the bridge does not answer to the host \"{}\": call it by localhost or 127.0.0.1, or have the name allowed, \
         with --host NAME",
        shown.escape_debug()
    );
    Refusal::new(StatusCode::PermissionDenied, message).http(Http::MISDIRECTED_REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// A name, and whether it may be called so on loopback and elsewhere, by nobody's name and by the names below.
    const CASES: &[(&str, [bool; 3])] = &[
        ("localhost", [true, true, true]),
        ("LocalHost:8080", [true, true, true]),
        ("localhost.", [true, true, true]),
        ("a.b.localhost:1", [true, true, true]),
        ("127.0.0.1:8080", [true, true, true]),
        ("127.8.9.10", [true, true, true]),
        ("[::1]:8080", [true, true, true]),
        ("[::ffff:127.0.0.1]", [true, true, true]),
        ("192.168.1.1", [false, false, true]),
        ("10.0.0.9:80", [false, true, true]),
        ("[2001:db8::1]:80", [false, false, true]),
        ("api.example.com", [false, true, true]),
        ("API.example.com.:443", [false, true, true]),
        ("evil.api.example.com", [false, false, false]),
        ("evil.example", [false, false, false]),
        ("localhost.evil.example", [false, false, false]),
        ("evillocalhost", [false, false, false]),
        ("127.0.0.1.evil.example", [false, false, false]),
        ("localhost@evil.example", [false, false, false]),
        ("evil.example@localhost", [false, false, false]),
        ("2130706433", [false, false, false]),
        ("", [false, false, false]),
        (" ", [false, false, false]),
    ];

    #[test]
    fn names() {
        let none = Hosts::default();
        let some = Hosts::parse(["api.Example.com", "10.0.0.9"]).unwrap();
        let (here, elsewhere) = ([127, 0, 0, 1].into(), [10, 0, 0, 1].into());
        for (host, wanted) in CASES {
            let found =
                [none.admits(host, here), some.admits(host, here), some.admits(host, elsewhere)];
            assert_eq!(found, *wanted, "{host:?}");
        }
        for wrong in ["", "https://a.example", "a.example:80", "a b", "*", "a/b", "[x]:1"] {
            assert!(Hosts::parse([wrong]).is_err(), "{wrong}");
        }
        assert_eq!(Hosts::parse(["[::1]"]), Hosts::parse(["::1"]));
    }

    /// The target, every `Host`, who is asked, where it listens, and whether it is let in.
    type Case<'a> = (&'a str, &'a [&'a str], &'a Hosts, Option<IpAddr>, bool);

    #[test]
    fn every_place_counts() {
        let none = Hosts::default();
        let some = Hosts::parse(["a.example"]).unwrap();
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        let elsewhere = Some(IpAddr::from([0, 0, 0, 0]));
        let cases: &[Case<'_>] = &[
            ("/", &["localhost"], &none, here, true),
            ("/", &["evil.example"], &none, here, false),
            ("/", &[], &none, here, false),
            ("/", &["localhost", "evil.example"], &none, here, false),
            ("http://evil.example/", &["localhost"], &none, here, false),
            ("http://localhost/", &["evil.example"], &none, here, false),
            ("http://localhost/", &[], &none, here, true),
            ("/", &["evil.example"], &none, elsewhere, true),
            ("/", &["evil.example"], &some, elsewhere, false),
            ("/", &["a.example"], &some, elsewhere, true),
            ("/", &["evil.example"], &some, None, true),
        ];
        for (target, headers, hosts, at, wanted) in cases {
            let mut request = Request::builder().uri(*target);
            for host in *headers {
                request = request.header(HOST, *host);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            let found = hosts.check(&head, *at);
            assert_eq!(found.is_ok(), *wanted, "{target} {headers:?} {at:?}");
            assert!(found.is_ok() || found.unwrap_err().http.as_u16() == 421);
        }
    }
}
