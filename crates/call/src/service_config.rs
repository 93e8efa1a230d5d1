//! gRPC's service config, read from JSON
//! (<https://github.com/grpc/grpc/blob/master/doc/service_config.md> and `service_config.proto`).
//!
//! What is there must be right, as gRPC's own libraries want it; what is not known is passed over.

use serde_json::{Map, Value};
use std::time::Duration;
use wirelab_model::{BalancingPolicy, Problem, ProblemKind, RetryPolicy, StatusCode};

/// What a config says for the calls of an endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServiceConfig {
    /// The first policy of the list that is known here.
    pub policy: Option<BalancingPolicy>,
    /// The service name that health is asked for.
    pub health: Option<String>,
    /// The bucket of the retry throttle and what a success puts into it, in thousandths of a token.
    pub throttling: Option<(u32, u32)>,
    methods: Vec<(Name, MethodConfig)>,
}

/// What a config says for a method.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MethodConfig {
    pub timeout: Option<Duration>,
    pub wait_for_ready: Option<bool>,
    pub retry: Option<RetryPolicy>,
}

/// Both empty is every method, an empty method is every one of the service.
#[derive(Clone, Debug, PartialEq)]
struct Name {
    service: String,
    method: String,
}

impl ServiceConfig {
    /// Reads a config.
    ///
    /// # Errors
    /// `Mismatch` at the place in the config, such as `service_config.methodConfig[0].timeout`.
    pub fn parse(text: &str) -> Result<ServiceConfig, Problem> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Problem::new(ProblemKind::Mismatch, format!("the service config is not JSON: {error}"))
                .at("service_config")
                .help(
                    "write for example {\"methodConfig\": [{\"name\": [{}], \"timeout\": \"5s\"}]}",
                )
        })?;
        config(Place { value: &value, path: "service_config".to_owned() })
    }

    /// What holds for `pkg.Service/Method`: the most exact name wins.
    pub fn method(&self, full: &str) -> MethodConfig {
        let (service, method) = full.split_once('/').unwrap_or((full, ""));
        let find = |service: &str, method: &str| {
            let named = |name: &Name| name.service == service && name.method == method;
            self.methods.iter().find(|(name, _)| named(name)).map(|(_, config)| config.clone())
        };
        find(service, method)
            .or_else(|| find(service, ""))
            .or_else(|| find("", ""))
            .unwrap_or_default()
    }
}

/// A value and where it is.
struct Place<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Place<'a> {
    fn wrong(&self, what: &str) -> Problem {
        let shown: String = self.value.to_string().chars().take(60).collect();
        let message = format!("the service config says {shown} where {what} must be");
        Problem::new(ProblemKind::Mismatch, message)
            .at(self.path.clone())
            .help("see gRPC's service_config.md for the form")
    }

    fn object(&self) -> Result<&'a Map<String, Value>, Problem> {
        self.value.as_object().ok_or_else(|| self.wrong("an object"))
    }

    /// A member that is there and not null.
    fn get(&self, key: &str) -> Result<Option<Place<'a>>, Problem> {
        let value = self.object()?.get(key).filter(|value| !value.is_null());
        Ok(value.map(|value| Place { value, path: format!("{}.{key}", self.path) }))
    }

    fn need(&self, key: &str, what: &str) -> Result<Place<'a>, Problem> {
        self.get(key)?.ok_or_else(|| {
            let message = format!("the service config lacks `{key}`, {what}");
            Problem::new(ProblemKind::Mismatch, message).at(self.path.clone()).help("add it")
        })
    }

    fn list(&self) -> Result<Vec<Place<'a>>, Problem> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let place = |(index, value)| Place { value, path: format!("{}[{index}]", self.path) };
        Ok(list.iter().enumerate().map(place).collect())
    }

    fn text(&self) -> Result<&'a str, Problem> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    fn text_or_empty(&self, key: &str) -> Result<String, Problem> {
        let text = self.get(key)?.map(|place| place.text().map(str::to_owned)).transpose()?;
        Ok(text.unwrap_or_default())
    }

    /// A number, which ProtoJSON may write as a string.
    fn number(&self) -> Result<f64, Problem> {
        let number = match self.value {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        number.filter(|number: &f64| number.is_finite()).ok_or_else(|| self.wrong("a number"))
    }

    /// `1.5s`.
    fn duration(&self) -> Result<Duration, Problem> {
        const WHAT: &str = "a time such as \"1.5s\"";
        let wrong = || self.wrong(WHAT);
        let digits = self.text()?.strip_suffix('s').ok_or_else(wrong)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let seconds = digits.parse::<f64>().ok().filter(|_| plain).ok_or_else(wrong)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
    }

    fn positive_ms(&self) -> Result<u64, Problem> {
        let time = self.duration()?;
        if time.is_zero() {
            return Err(self.wrong("a time longer than none"));
        }
        Ok(ms(time))
    }
}

/// Rounded up.
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

fn config(root: Place<'_>) -> Result<ServiceConfig, Problem> {
    let mut config = ServiceConfig::default();
    if let Some(policies) = root.get("loadBalancingConfig")? {
        let mut names = Vec::new();
        for policy in policies.list()? {
            let mut keys = policy.object()?.keys();
            let (Some(name), None) = (keys.next(), keys.next()) else {
                return Err(policy.wrong("an object with the one name of a policy"));
            };
            names.push(name.as_str());
        }
        config.policy = names.iter().find_map(|name| policy(name));
        if config.policy.is_none() && !names.is_empty() {
            return Err(policies.wrong(
                "at least one of pick_first, round_robin, least_request and weighted_round_robin",
            ));
        }
    } else if let Some(name) = root.get("loadBalancingPolicy")? {
        let known = policy(&name.text()?.to_ascii_lowercase());
        config.policy = Some(known.ok_or_else(|| name.wrong("pick_first or round_robin"))?);
    }
    if let Some(health) = root.get("healthCheckConfig")? {
        config.health = match health.get("serviceName")? {
            Some(name) => Some(name.text()?.to_owned()),
            None => None,
        };
    }
    if let Some(throttling) = root.get("retryThrottling")? {
        config.throttling = Some(self::throttling(&throttling)?);
    }
    for place in root.get("methodConfig")?.map(|list| list.list()).transpose()?.unwrap_or_default()
    {
        let method = method(&place)?;
        for name in place.get("name")?.map(|list| list.list()).transpose()?.unwrap_or_default() {
            let service = name.text_or_empty("service")?;
            let parsed = Name { service, method: name.text_or_empty("method")? };
            if parsed.service.is_empty() && !parsed.method.is_empty() {
                return Err(name.wrong("the service of the method too"));
            }
            if config.methods.iter().any(|(known, _)| *known == parsed) {
                return Err(name.wrong("a name that is not there twice"));
            }
            config.methods.push((parsed, method.clone()));
        }
    }
    Ok(config)
}

fn policy(name: &str) -> Option<BalancingPolicy> {
    match name {
        "pick_first" => Some(BalancingPolicy::PickFirst),
        "round_robin" => Some(BalancingPolicy::RoundRobin),
        "least_request" | "least_request_experimental" => Some(BalancingPolicy::LeastRequest),
        "weighted" | "weighted_round_robin" => Some(BalancingPolicy::Weighted),
        _ => None,
    }
}

fn throttling(place: &Place<'_>) -> Result<(u32, u32), Problem> {
    let max = place.need("maxTokens", "how many tokens there are")?;
    let ratio = place.need("tokenRatio", "what a success puts back")?;
    let (tokens, part) = (max.number()?, ratio.number()?);
    if !(tokens > 0.0 && tokens <= 1_000.0) {
        return Err(max.wrong("a number from 1 to 1,000"));
    }
    if !(part > 0.0 && part <= 1_000_000.0) {
        return Err(ratio.wrong("a number greater than 0"));
    }
    // More decimals than three are passed over.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are in range")]
    let thousandths = |number: f64| (number * 1_000.0) as u32;
    Ok((thousandths(tokens), thousandths(part)))
}

fn method(place: &Place<'_>) -> Result<MethodConfig, Problem> {
    let timeout = place.get("timeout")?.map(|timeout| timeout.duration()).transpose()?;
    let wait_for_ready = match place.get("waitForReady")? {
        Some(wait) => Some(wait.value.as_bool().ok_or_else(|| wait.wrong("true or false"))?),
        None => None,
    };
    let retry = place.get("retryPolicy")?.map(|policy| retry(&policy)).transpose()?;
    if let Some(hedging) = place.get("hedgingPolicy")? {
        let message = "hedging is not supported: a call goes to one instance at a time";
        let problem = Problem::new(ProblemKind::Mismatch, message).at(hedging.path);
        return Err(problem.help("use a `retryPolicy`"));
    }
    Ok(MethodConfig { timeout, wait_for_ready, retry })
}

fn retry(place: &Place<'_>) -> Result<RetryPolicy, Problem> {
    let attempts = place.need("maxAttempts", "how many attempts there are")?;
    let initial = place.need("initialBackoff", "the first wait")?;
    let most = place.need("maxBackoff", "the longest wait")?;
    let growth = place.need("backoffMultiplier", "how the waits grow")?;
    let codes = place.need("retryableStatusCodes", "after what it is tried again")?;
    let max_attempts = attempts.number()?;
    if max_attempts < 2.0 || max_attempts.fract() != 0.0 {
        return Err(attempts.wrong("a whole number from 2 on"));
    }
    let multiplier = growth.number()?;
    if multiplier <= 0.0 {
        return Err(growth.wrong("a number greater than 0"));
    }
    let list = codes.list()?;
    if list.is_empty() {
        return Err(codes.wrong("at least one status"));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "floats saturate, and both are positive"
    )]
    Ok(RetryPolicy {
        max_attempts: max_attempts as u32,
        initial_backoff_ms: initial.positive_ms()?,
        max_backoff_ms: most.positive_ms()?,
        backoff_percent: (multiplier * 100.0).round() as u32,
        codes: list.iter().map(code).collect::<Result<_, _>>()?,
    })
}

fn code(place: &Place<'_>) -> Result<u32, Problem> {
    let found = match place.value {
        Value::String(name) => {
            let name = name.to_ascii_uppercase();
            let named = |code: &StatusCode| {
                // gRPC writes it with one L, Google's RPC codes with two.
                code.name() == name || (*code == StatusCode::Cancelled && name == "CANCELED")
            };
            StatusCode::ALL.iter().find(|code| named(code)).map(|code| *code as u32)
        }
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|n| *n <= 16),
    };
    found.ok_or_else(|| place.wrong("the name or number of a gRPC status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: &str = r#"{"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s",
        "backoffMultiplier": 1.5, "retryableStatusCodes": ["UNAVAILABLE", "canceled", 10]}"#;

    #[test]
    fn whole() {
        let text = format!(
            r#"{{
                "loadBalancingConfig": [{{"xds": {{}}}}, {{"round_robin": {{}}}}, {{"pick_first": {{}}}}],
                "healthCheckConfig": {{"serviceName": "shop"}},
                "retryThrottling": {{"maxTokens": 10, "tokenRatio": 0.1234}},
                "methodConfig": [
                    {{"name": [{{"service": "a.B"}}], "timeout": "1.5s", "waitForReady": true}},
                    {{"name": [{{"service": "a.B", "method": "C"}}], "retryPolicy": {RETRY}}},
                    {{"name": [{{}}], "timeout": "30s", "somethingNew": 1}}
                ]
            }}"#
        );
        let config = ServiceConfig::parse(&text).unwrap();
        assert_eq!(config.policy, Some(BalancingPolicy::RoundRobin));
        assert_eq!(config.health.as_deref(), Some("shop"));
        assert_eq!(config.throttling, Some((10_000, 123)));
        let retry = RetryPolicy {
            max_attempts: 4,
            initial_backoff_ms: 100,
            max_backoff_ms: 1000,
            backoff_percent: 150,
            codes: vec![14, 1, 10],
        };
        let method = |name| config.method(name);
        assert_eq!(method("a.B/C"), MethodConfig { retry: Some(retry), ..Default::default() });
        let service = method("a.B/D");
        assert_eq!(service.timeout, Some(Duration::from_millis(1500)));
        assert_eq!((service.wait_for_ready, service.retry), (Some(true), None));
        assert_eq!(method("x.Y/Z").timeout, Some(Duration::from_secs(30)));
        assert_eq!(ServiceConfig::parse("{}").unwrap(), ServiceConfig::default());
        assert_eq!(ServiceConfig::parse("{}").unwrap().method("a.B/C"), MethodConfig::default());
    }

    #[test]
    fn policies() {
        let table = [
            (r#"{"loadBalancingPolicy": "ROUND_ROBIN"}"#, BalancingPolicy::RoundRobin),
            (
                r#"{"loadBalancingConfig": [{"least_request_experimental": {"choiceCount": 2}}]}"#,
                BalancingPolicy::LeastRequest,
            ),
            (
                r#"{"loadBalancingConfig": [{"weighted_round_robin": {}}]}"#,
                BalancingPolicy::Weighted,
            ),
            (
                r#"{"loadBalancingConfig": [{"pick_first": {}}], "loadBalancingPolicy": "round_robin"}"#,
                BalancingPolicy::PickFirst,
            ),
        ];
        for (text, want) in table {
            assert_eq!(ServiceConfig::parse(text).unwrap().policy, Some(want), "{text}");
        }
    }

    #[test]
    fn faults() {
        let without = |key: &str| {
            let mut policy: Value = serde_json::from_str(RETRY).unwrap();
            policy.as_object_mut().unwrap().remove(key);
            policy.to_string()
        };
        let with = |key: &str, value: &str| {
            let mut policy: Value = serde_json::from_str(RETRY).unwrap();
            policy[key] = serde_json::from_str(value).unwrap();
            policy.to_string()
        };
        let retry =
            |policy: String| format!(r#"{{"methodConfig": [{{"retryPolicy": {policy}}}]}}"#);
        let text = str::to_owned;
        // The config and where it is wrong, below `service_config`.
        let table = [
            (text("{"), ""),
            (text("[]"), ""),
            (text(r#"{"methodConfig": {}}"#), ".methodConfig"),
            (text(r#"{"methodConfig": [1]}"#), ".methodConfig[0]"),
            (text(r#"{"methodConfig": [{"timeout": 5}]}"#), ".methodConfig[0].timeout"),
            (text(r#"{"methodConfig": [{"timeout": "5m"}]}"#), ".methodConfig[0].timeout"),
            (text(r#"{"methodConfig": [{"timeout": "-5s"}]}"#), ".methodConfig[0].timeout"),
            (text(r#"{"methodConfig": [{"timeout": "1e99s"}]}"#), ".methodConfig[0].timeout"),
            (text(r#"{"methodConfig": [{"waitForReady": 1}]}"#), ".methodConfig[0].waitForReady"),
            (
                text(r#"{"methodConfig": [{"name": [{"method": "x"}]}]}"#),
                ".methodConfig[0].name[0]",
            ),
            (
                text(r#"{"methodConfig": [{"name": [{}]}, {"name": [{}]}]}"#),
                ".methodConfig[1].name[0]",
            ),
            (
                text(r#"{"methodConfig": [{"hedgingPolicy": {}}]}"#),
                ".methodConfig[0].hedgingPolicy",
            ),
            (retry(without("maxAttempts")), ".methodConfig[0].retryPolicy"),
            (retry(without("maxBackoff")), ".methodConfig[0].retryPolicy"),
            (retry(with("maxAttempts", "1")), ".methodConfig[0].retryPolicy.maxAttempts"),
            (retry(with("maxAttempts", "2.5")), ".methodConfig[0].retryPolicy.maxAttempts"),
            (
                retry(with("initialBackoff", "\"0s\"")),
                ".methodConfig[0].retryPolicy.initialBackoff",
            ),
            (
                retry(with("backoffMultiplier", "0")),
                ".methodConfig[0].retryPolicy.backoffMultiplier",
            ),
            (
                retry(with("retryableStatusCodes", "[]")),
                ".methodConfig[0].retryPolicy.retryableStatusCodes",
            ),
            (
                retry(with("retryableStatusCodes", "[14, \"NOPE\"]")),
                ".methodConfig[0].retryPolicy.retryableStatusCodes[1]",
            ),
            (
                retry(with("retryableStatusCodes", "[17]")),
                ".methodConfig[0].retryPolicy.retryableStatusCodes[0]",
            ),
            (
                text(r#"{"retryThrottling": {"maxTokens": 0, "tokenRatio": 1}}"#),
                ".retryThrottling.maxTokens",
            ),
            (
                text(r#"{"retryThrottling": {"maxTokens": 1001, "tokenRatio": 1}}"#),
                ".retryThrottling.maxTokens",
            ),
            (text(r#"{"retryThrottling": {"maxTokens": 1}}"#), ".retryThrottling"),
            (
                text(r#"{"retryThrottling": {"maxTokens": 1, "tokenRatio": "x"}}"#),
                ".retryThrottling.tokenRatio",
            ),
            (text(r#"{"loadBalancingConfig": [{"xds": {}}]}"#), ".loadBalancingConfig"),
            (text(r#"{"loadBalancingConfig": [{}]}"#), ".loadBalancingConfig[0]"),
            (text(r#"{"loadBalancingPolicy": "grpclb"}"#), ".loadBalancingPolicy"),
            (
                text(r#"{"healthCheckConfig": {"serviceName": 1}}"#),
                ".healthCheckConfig.serviceName",
            ),
        ];
        for (config, path) in table {
            let problem = ServiceConfig::parse(&config).unwrap_err();
            assert_eq!(problem.path, Some(format!("service_config{path}")), "{config}");
            assert!(problem.help.is_some() && problem.kind == ProblemKind::Mismatch);
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_is_an_answer(text in r#"\{("methodConfig"|"retryThrottling"|"loadBalancingConfig"): ?[\[\]{}0-9a-z":, ]{0,30}\}"#) {
            let _ = ServiceConfig::parse(&text);
        }
    }
}
