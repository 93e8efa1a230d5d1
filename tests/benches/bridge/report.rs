//! Takes turns and prints what came of them.

use crate::load::Turn;

/// The contenders: address and process.
pub struct Pair<'a> {
    pub ours: (&'a str, u32),
    pub theirs: (&'a str, u32),
}

/// One turn with what it cost the contender.
struct Cost {
    turn: Turn,
    /// CPU seconds.
    cpu: f64,
}

/// Prints the ratios of one shape.
pub fn ratios(
    shape: &str,
    connections: usize,
    pair: &Pair<'_>,
    turns: usize,
    take: impl Fn(&str) -> Turn,
) {
    let cost = |(address, process): (&str, u32)| {
        let before = cpu_seconds(process);
        let turn = take(address);
        Cost { turn, cpu: cpu_seconds(process) - before }
    };
    let mut rounds: Vec<[Cost; 2]> = Vec::new();
    for round in 0..turns {
        // Beginning with the other one each time.
        rounds.push(if round % 2 == 0 {
            let ours = cost(pair.ours);
            [ours, cost(pair.theirs)]
        } else {
            let theirs = cost(pair.theirs);
            [cost(pair.ours), theirs]
        });
    }
    let per_request = |cost: &Cost| cost.cpu / cost.turn.requests as f64;
    let print = |what: &str, of: &dyn Fn(&[Cost; 2]) -> f64| {
        let value = median(rounds.iter().map(of).collect());
        println!("ratio bridge {shape} {connections} {what} {value:.2}");
    };
    for (index, name) in ["wirelab", "envoy"].into_iter().enumerate() {
        let of = |value: &dyn Fn(&Cost) -> f64| {
            median(rounds.iter().map(|round| value(&round[index])).collect())
        };
        println!(
            "{shape} {connections} {name}: {:.0} requests/s, p99 {:.3} ms, {:.1} µs CPU a request",
            of(&|cost| cost.turn.per_second()),
            of(&|cost| cost.turn.p99.as_secs_f64() * 1e3),
            of(&|cost| per_request(cost) * 1e6),
        );
    }
    print("requests", &|[ours, theirs]| ours.turn.per_second() / theirs.turn.per_second());
    print("p99", &|[ours, theirs]| ours.turn.p99.as_secs_f64() / theirs.turn.p99.as_secs_f64());
    print("cpu", &|[ours, theirs]| per_request(theirs) / per_request(ours));
}

/// Prints the ratio of the most memory that each had.
pub fn memory(pair: &Pair<'_>) {
    let [ours, theirs] = [pair.ours.1, pair.theirs.1].map(peak_kib);
    println!("memory at most: wirelab {ours} KiB, envoy {theirs} KiB");
    println!("ratio bridge memory {:.2}", ours as f64 / theirs as f64);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// User and system time of a process so far (proc(5), `/proc/pid/stat`).
fn cpu_seconds(process: u32) -> f64 {
    /// `sysconf(_SC_CLK_TCK)` on every Linux that runs here.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    // The name, in brackets, may hold anything; the 14th and 15th fields are the times.
    let fields: Vec<&str> =
        stat.rsplit_once(')').expect("a name").1.split_ascii_whitespace().collect();
    let ticks: f64 =
        fields[11..13].iter().map(|field| field.parse::<f64>().expect("a number")).sum();
    ticks / TICKS
}

/// The most resident memory that a process had (proc(5), `VmHWM`).
fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
