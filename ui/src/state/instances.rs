//! The instances behind an address as lines of a table.
//!
//! Owns the wording of their states. What they are is the engine's to say.

use wirelab_chart::format;
use wirelab_model::{ChannelInfo, InstanceInfo, InstanceState};

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `ip:port` or the path of a socket.
    pub address: String,
    /// `ready`, or `ejected, back in 12 s`.
    pub state: String,
    /// The class that colours the state.
    pub class: &'static str,
    /// What the state means.
    pub about: &'static str,
    /// `3`; empty where every instance weighs the same.
    pub weight: String,
    /// Calls under way.
    pub active: String,
    /// Calls ever begun there.
    pub calls: String,
    /// Failures in a row; empty for none.
    pub failures: String,
    /// `0.3 ms`, or `–` where no ping was answered.
    pub rtt: String,
    /// What last went wrong.
    pub problem: Option<String>,
}

/// The instances in the resolver's order.
pub fn lines(channel: &ChannelInfo) -> Vec<Line> {
    let weighted = channel.instances.windows(2).any(|pair| pair[0].weight != pair[1].weight);
    channel.instances.iter().map(|instance| line(instance, weighted)).collect()
}

fn line(instance: &InstanceInfo, weighted: bool) -> Line {
    let (state, class, about) = state(instance.state);
    Line {
        address: instance.address.clone(),
        state,
        class,
        about,
        weight: if weighted { instance.weight.to_string() } else { String::new() },
        active: format::count(instance.active),
        calls: format::count(instance.calls),
        failures: match instance.failures {
            0 => String::new(),
            failures => format::count(u64::from(failures)),
        },
        rtt: instance.rtt_ns.map_or_else(|| "–".to_owned(), format::ns),
        problem: instance.problem.as_ref().map(ToString::to_string),
    }
}

fn state(state: InstanceState) -> (String, &'static str, &'static str) {
    let (word, class, about) = match state {
        InstanceState::Idle => ("idle", "idle", "No connection is open"),
        InstanceState::Connecting => ("connecting", "busy", "A connection is being made"),
        InstanceState::Ready => ("ready", "good", "A connection is open"),
        InstanceState::Failed => {
            ("failed", "bad", "The last connection failed; it is tried again after a while")
        }
        InstanceState::Ejected { for_ms } => {
            let words = format!("ejected, back in {}", seconds(for_ms));
            return (words, "bad", "It failed too often and gets no calls for a while");
        }
        InstanceState::Probing => {
            ("probing", "busy", "One trial call shows whether it has recovered")
        }
        InstanceState::Unhealthy => {
            ("unhealthy", "warn", "Its health service says that it does not serve")
        }
    };
    (word.to_owned(), class, about)
}

/// Whole seconds, so that the countdown of a list drawn each second is calm.
fn seconds(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        s if s >= 60 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{s} s"),
    }
}

/// `3 instances by dns, 2 ready, round_robin`.
pub fn summary(channel: &ChannelInfo) -> String {
    let count = channel.instances.len();
    let ready = channel.instances.iter().filter(|i| i.state == InstanceState::Ready).count();
    let word = if count == 1 { "instance" } else { "instances" };
    let by = if channel.resolver.is_empty() {
        String::new()
    } else {
        format!(" by {}", channel.resolver)
    };
    format!("{count} {word}{by}, {ready} ready, {}", channel.policy.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{BalancingPolicy, Problem, ProblemKind};

    fn instance(address: &str, state: InstanceState) -> InstanceInfo {
        InstanceInfo { address: address.into(), state, weight: 1, ..InstanceInfo::default() }
    }

    #[test]
    fn states_have_words_and_colours() {
        for (state, words, class) in [
            (InstanceState::Idle, "idle", "idle"),
            (InstanceState::Connecting, "connecting", "busy"),
            (InstanceState::Ready, "ready", "good"),
            (InstanceState::Failed, "failed", "bad"),
            (InstanceState::Ejected { for_ms: 11_001 }, "ejected, back in 12 s", "bad"),
            (InstanceState::Ejected { for_ms: 61_000 }, "ejected, back in 1 min 1 s", "bad"),
            (InstanceState::Probing, "probing", "busy"),
            (InstanceState::Unhealthy, "unhealthy", "warn"),
        ] {
            let line = line(&instance("a:1", state), false);
            assert_eq!((line.state.as_str(), line.class), (words, class));
        }
    }

    #[test]
    fn figures_are_shown_where_they_say_something() {
        let mut channel = ChannelInfo {
            resolver: "dns".into(),
            policy: BalancingPolicy::RoundRobin,
            instances: vec![
                InstanceInfo {
                    active: 2,
                    calls: 1_284,
                    rtt_ns: Some(300_000),
                    ..instance("10.0.0.1:50051", InstanceState::Ready)
                },
                InstanceInfo {
                    failures: 3,
                    problem: Some(Problem::new(ProblemKind::Unreachable, "nobody listens")),
                    ..instance("10.0.0.2:50051", InstanceState::Failed)
                },
            ],
            ..ChannelInfo::default()
        };
        assert_eq!(summary(&channel), "2 instances by dns, 1 ready, round_robin");
        let of = lines(&channel);
        assert_eq!([&of[0].calls, &of[0].failures, &of[0].weight], ["1,284", "", ""]);
        assert_eq!([&of[0].rtt, &of[1].rtt], ["300 µs", "–"]);
        assert_eq!(of[1].problem.as_deref(), Some("nobody listens"));
        channel.instances[1].weight = 5;
        assert_eq!(lines(&channel)[1].weight, "5");
        assert_eq!(summary(&ChannelInfo::default()), "0 instances, 0 ready, pick_first");
    }
}
