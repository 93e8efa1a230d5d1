//! Several servers as the instances of one address.

use std::net::SocketAddr;
use wirelab_model::{Problem, ProblemKind};

/// One address as it is; several as a list of instances.
///
/// # Errors
/// When several are not all IP addresses (or `localhost`) of one family: names and registries know their instances
/// themselves.
pub fn together(upstreams: &[String]) -> Result<String, Problem> {
    if let [only] = upstreams {
        return Ok(only.clone());
    }
    let address = |text: &String| {
        let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        local.as_ref().unwrap_or(text).parse().map_err(|_| {
            Problem::new(ProblemKind::Mismatch, "several upstreams have to be IP addresses")
                .at(text)
                .help("write IP:PORT for each; one name with several addresses is dns:///NAME:PORT")
        })
    };
    let all: Vec<SocketAddr> = upstreams.iter().map(address).collect::<Result<_, _>>()?;
    let family = match all.iter().filter(|at| at.is_ipv4()).count() {
        0 => "ipv6",
        v4 if v4 == all.len() => "ipv4",
        _ => {
            let message = "several upstreams have to be of one family of IP addresses";
            return Err(Problem::new(ProblemKind::Mismatch, message)
                .at(upstreams.join(" "))
                .help("give those of IPv4, or those of IPv6"));
        }
    };
    let list: Vec<String> = all.iter().map(SocketAddr::to_string).collect();
    Ok(format!("{family}:{}", list.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_become_instances() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["api.example.com:443"], Some("api.example.com:443")),
            (&["etcd://a:1/b"], Some("etcd://a:1/b")),
            (&["10.0.0.1:1", "localhost:2"], Some("ipv4:10.0.0.1:1,127.0.0.1:2")),
            (&["[::1]:1", "[::2]:2"], Some("ipv6:[::1]:1,[::2]:2")),
            (&["[::1]:1", "10.0.0.1:1"], None),
            (&["a.example.com:1", "b.example.com:1"], None),
            (&["10.0.0.1:1", "10.0.0.1"], None),
        ];
        for (given, wanted) in cases {
            let given: Vec<String> = given.iter().map(|text| text.to_string()).collect();
            assert_eq!(together(&given).ok().as_deref(), *wanted, "{given:?}");
        }
    }
}
