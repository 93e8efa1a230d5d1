//! What the environment says of traces, by the names of OpenTelemetry
//! (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>,
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>).

use std::time::Duration;
use wirelab_bridge::observe::{Otlp, SPAN_TIMEOUT};
use wirelab_model::{Problem, ProblemKind, TlsOptions};

/// The variables.
pub struct Environment<F>(F);

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// Variables as `get` gives them.
    pub fn new(get: F) -> Self {
        Environment(get)
    }

    /// What is set and not empty.
    fn get(&self, name: &str) -> Option<String> {
        self.0(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The variable of traces, or else that of all signals.
    fn of_traces(&self, name: &str) -> Option<String> {
        let traces = self.get(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
        traces.or_else(|| self.get(&format!("OTEL_EXPORTER_OTLP_{name}")))
    }

    /// Where traces go: to the address that a flag gives or else to that of the environment; none when nowhere.
    ///
    /// # Errors
    /// Names the variable that will not do.
    pub fn otlp(&self, flag: Option<&str>) -> Result<Option<Otlp>, Problem> {
        let is = |name: &str, wanted: &str| {
            self.get(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        let off = is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none");
        let url = match flag {
            Some(url) => Some(of_flag(url)),
            None if off => None,
            // That of all signals is what the paths of each are added to; that of traces is taken as it is.
            None => self.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
                let all = self.get("OTEL_EXPORTER_OTLP_ENDPOINT")?;
                Some(format!("{}/v1/traces", all.trim_end_matches('/')))
            }),
        };
        let Some(url) = url else { return Ok(None) };
        if let Some(protocol) = self.of_traces("PROTOCOL").filter(|name| name != "http/protobuf") {
            let message = format!("traces cannot be sent by {protocol:?}");
            return Err(wrong("OTEL_EXPORTER_OTLP_PROTOCOL", &message).help(
                "leave it out, or say http/protobuf; collectors listen for it at port 4318",
            ));
        }
        let gzip = match self.of_traces("COMPRESSION").as_deref() {
            None | Some("none") => false,
            Some("gzip") => true,
            Some(_) => {
                let message = "traces can be compressed by gzip, or not at all";
                return Err(wrong("OTEL_EXPORTER_OTLP_COMPRESSION", message));
            }
        };
        let timeout = match self.of_traces("TIMEOUT") {
            None => SPAN_TIMEOUT,
            Some(text) => {
                let millis = text.parse().ok().filter(|millis| *millis > 0);
                let message = "the time is no number of milliseconds";
                let millis = millis.ok_or_else(|| wrong("OTEL_EXPORTER_OTLP_TIMEOUT", message))?;
                Duration::from_millis(millis)
            }
        };
        let headers = self.of_traces("HEADERS").unwrap_or_default();
        let mut otlp = Otlp::new(&url)?.headers(pairs("OTEL_EXPORTER_OTLP_HEADERS", &headers)?)?;
        (otlp.gzip, otlp.timeout) = (gzip, timeout);
        otlp.tls = TlsOptions {
            ca: self.of_traces("CERTIFICATE"),
            cert: self.of_traces("CLIENT_CERTIFICATE"),
            key: self.of_traces("CLIENT_KEY"),
            ..TlsOptions::default()
        };
        let name = "OTEL_RESOURCE_ATTRIBUTES";
        otlp.attributes = pairs(name, &self.get(name).unwrap_or_default())?;
        Ok(Some(otlp))
    }

    /// How many of the traces that begin here are kept.
    ///
    /// # Errors
    /// A sampler that is not known, or an argument that is no ratio.
    pub fn ratio(&self) -> Result<f64, Problem> {
        let sampler = self.get("OTEL_TRACES_SAMPLER").unwrap_or_default();
        match sampler.strip_prefix("parentbased_").unwrap_or(&sampler) {
            "" | "always_on" => Ok(1.0),
            "always_off" => Ok(0.0),
            "traceidratio" => {
                let Some(text) = self.get("OTEL_TRACES_SAMPLER_ARG") else { return Ok(1.0) };
                let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
                let message = "this is no number from 0 to 1";
                ratio.ok_or_else(|| wrong("OTEL_TRACES_SAMPLER_ARG", message))
            }
            _ => Err(wrong("OTEL_TRACES_SAMPLER", "this sampler is not known").help(
                "there are always_on, always_off and traceidratio, each with parentbased_ too",
            )),
        }
    }
}

/// The path is added unless there is one.
fn of_flag(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    match url[after..].trim_end_matches('/').contains('/') {
        true => url.to_owned(),
        false => format!("{}/v1/traces", url.trim_end_matches('/')),
    }
}

/// `key=value,key=value`, percent-encoded (<https://www.w3.org/TR/baggage/#header-content>). What is wrong is not quoted:
/// it may be secret.
fn pairs(name: &str, text: &str) -> Result<Vec<(String, String)>, Problem> {
    let decoded = |text: &str| {
        let bytes = percent_encoding::percent_decode_str(text.trim());
        bytes.decode_utf8().ok().map(|text| text.into_owned())
    };
    let one = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        Some((decoded(key).filter(|key| !key.is_empty())?, decoded(value)?))
    };
    let written = text.split(',').filter(|pair| !pair.trim().is_empty());
    let pairs: Option<Vec<_>> = written.map(one).collect();
    pairs.ok_or_else(|| wrong(name, "these are no pairs").help("write key=value,key=value"))
}

fn wrong(name: &str, message: &str) -> Problem {
    Problem::new(ProblemKind::Mismatch, message).at(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(text: &str) -> Environment<impl Fn(&str) -> Option<String>> {
        let pairs: Vec<(String, String)> = text
            .split_whitespace()
            .map(|pair| pair.split_once(':').unwrap())
            .map(|(name, value)| (format!("OTEL_{name}"), value.to_owned()))
            .collect();
        Environment::new(move |wanted: &str| {
            pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn where_traces_go() {
        // The flag, variables without `OTEL_`, and the address.
        let cases = [
            (None, "", None),
            (Some("http://a:4318"), "", Some("http://a:4318/v1/traces")),
            (Some("https://a/"), "", Some("https://a/v1/traces")),
            (Some("https://a/x"), "EXPORTER_OTLP_ENDPOINT:http://b", Some("https://a/x")),
            (Some("http://a"), "SDK_DISABLED:true", Some("http://a/v1/traces")),
            (None, "EXPORTER_OTLP_ENDPOINT:http://b:4318", Some("http://b:4318/v1/traces")),
            (None, "EXPORTER_OTLP_ENDPOINT:http://b/x/", Some("http://b/x/v1/traces")),
            (None, "EXPORTER_OTLP_TRACES_ENDPOINT:https://c/y", Some("https://c/y")),
            (None, "EXPORTER_OTLP_ENDPOINT:http://b SDK_DISABLED:true", None),
            (None, "EXPORTER_OTLP_ENDPOINT:http://b TRACES_EXPORTER:none", None),
        ];
        for (flag, variables, wanted) in cases {
            let found =
                environment(variables).otlp(flag).unwrap().map(|otlp| otlp.url().to_owned());
            assert_eq!(found.as_deref(), wanted, "{flag:?} {variables}");
        }
    }

    #[test]
    fn how_they_go() {
        let all = "EXPORTER_OTLP_ENDPOINT:https://a EXPORTER_OTLP_HEADERS:x-key=s%20ecret,b=2 \
                   EXPORTER_OTLP_TRACES_TIMEOUT:250 EXPORTER_OTLP_TIMEOUT:1 EXPORTER_OTLP_COMPRESSION:gzip \
                   EXPORTER_OTLP_CERTIFICATE:/ca.pem RESOURCE_ATTRIBUTES:k8s.pod.name=p,a=b";
        let otlp = environment(all).otlp(None).unwrap().unwrap();
        assert_eq!((otlp.gzip, otlp.timeout), (true, Duration::from_millis(250)));
        assert_eq!(otlp.tls.ca.as_deref(), Some("/ca.pem"));
        let attribute = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(otlp.attributes, [attribute("k8s.pod.name", "p"), attribute("a", "b")]);
        assert!(!format!("{otlp:?}").contains("ecret"));
    }

    #[test]
    fn what_will_not_do() {
        for (variables, name) in [
            ("EXPORTER_OTLP_PROTOCOL:grpc", "PROTOCOL"),
            ("EXPORTER_OTLP_COMPRESSION:br", "COMPRESSION"),
            ("EXPORTER_OTLP_TIMEOUT:soon", "TIMEOUT"),
            ("EXPORTER_OTLP_TIMEOUT:0", "TIMEOUT"),
            ("EXPORTER_OTLP_HEADERS:s3cret", "HEADERS"),
            ("EXPORTER_OTLP_HEADERS:no\u{fc}=s3cret", "HEADERS"),
            ("RESOURCE_ATTRIBUTES:=1", "ATTRIBUTES"),
        ] {
            let problem = environment(variables).otlp(Some("http://a")).unwrap_err();
            assert!(problem.path.as_deref().is_some_and(|path| path.contains(name)), "{problem}");
            assert!(!problem.to_string().contains("s3cret"), "{problem}");
        }
        for address in ["ftp://a", "a:4318", "", "https://"] {
            assert!(environment("").otlp(Some(address)).is_err(), "{address}");
        }
    }

    #[test]
    fn samplers() {
        for (variables, wanted) in [
            ("", Some(1.0)),
            ("TRACES_SAMPLER:parentbased_always_off", Some(0.0)),
            ("TRACES_SAMPLER:traceidratio TRACES_SAMPLER_ARG:0.25", Some(0.25)),
            ("TRACES_SAMPLER:traceidratio TRACES_SAMPLER_ARG:2", None),
            ("TRACES_SAMPLER:jaeger_remote", None),
        ] {
            assert_eq!(environment(variables).ratio().ok(), wanted, "{variables}");
        }
    }
}
