//! Takes turns, times them, and prints what came of it.

use crate::contenders::{Contender, PAYLOAD};
use cpu_time::{ProcessTime, ThreadTime};
use futures_util::StreamExt;
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use wirelab_call::scripted::told;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What a unary call carries.
const DATA: [u8; 100] = [7; 100];
/// How often a call's events are recorded in one turn.
const RECORDED: u32 = 20_000;

/// One contender's turn: calls made, time and CPU time of the whole process (the server's included).
struct Turn {
    calls: u64,
    took: Duration,
    cpu: Duration,
}

impl Turn {
    /// Makes calls, `in_flight` at a time, until `time` has passed.
    async fn take(contender: &Contender, in_flight: usize, time: Duration) -> Outcome<Turn> {
        let (begin, cpu) = (Instant::now(), ProcessTime::now());
        let mut callers = JoinSet::new();
        for _ in 0..in_flight {
            let contender = contender.clone();
            callers.spawn(async move {
                let mut calls = 0_u64;
                while begin.elapsed() < time {
                    contender.echo(&DATA).await?;
                    calls += 1;
                }
                Outcome::Ok(calls)
            });
        }
        let mut calls = 0;
        while let Some(made) = callers.join_next().await {
            calls += made??;
        }
        Ok(Turn { calls, took: begin.elapsed(), cpu: cpu.elapsed() })
    }

    fn per_second(&self) -> f64 {
        self.calls as f64 / self.took.as_secs_f64()
    }

    fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.calls as f64
    }
}

/// Lets both have their turns, beginning with the other one each time.
async fn rounds(
    pair: [&Contender; 2],
    in_flight: usize,
    time: Duration,
    turns: usize,
) -> Outcome<Vec<[Turn; 2]>> {
    let mut rounds = Vec::new();
    for round in 0..turns {
        let first = round % 2;
        let before = Turn::take(pair[first], in_flight, time).await?;
        let after = Turn::take(pair[1 - first], in_flight, time).await?;
        rounds.push(if first == 0 { [before, after] } else { [after, before] });
    }
    Ok(rounds)
}

/// Prints our calls per second over the peer's.
pub async fn unary(
    name: &str,
    ours: &Contender,
    peer: &Contender,
    in_flight: usize,
    time: Duration,
    turns: usize,
) -> Outcome<()> {
    let rounds = rounds([ours, peer], in_flight, time, turns).await?;
    for (index, contender) in [ours, peer].into_iter().enumerate() {
        let rate = median(rounds.iter().map(|round| round[index].per_second()));
        let cpu = median(rounds.iter().map(|round| round[index].cpu_micros()));
        println!("rate {name} {} {rate:.0} calls/s, {cpu:.1} us of CPU a call", contender.name());
    }
    let ratio = median(rounds.iter().map(|[ours, peer]| ours.per_second() / peer.per_second()));
    println!("ratio {name} {ratio:.3}");
    Ok(())
}

/// Prints how much more CPU time our calls take.
pub async fn overhead(
    ours: &Contender,
    bare: &Contender,
    time: Duration,
    turns: usize,
) -> Outcome<()> {
    let rounds = rounds([ours, bare], 64, time, turns).await?;
    let more = median(rounds.iter().map(|[ours, bare]| ours.cpu_micros() - bare.cpu_micros()));
    println!("overhead call {more:.2} us");
    Ok(())
}

/// Prints the CPU time of recording the events of a unary call, without the call.
pub async fn events(ours: &Contender, turns: usize) -> Outcome<()> {
    let kinds = ours.events(&DATA).await;
    let mut times = Vec::new();
    for _ in 0..turns {
        let cpu = ThreadTime::now();
        for _ in 0..RECORDED {
            let read = told(kinds.clone()).count().await;
            if read != kinds.len() {
                return Err(format!("{read} events came").into());
            }
        }
        times.push(cpu.elapsed().as_secs_f64() * 1e6 / f64::from(RECORDED));
    }
    println!("overhead events {:.2} us, {} events", median(times.into_iter()), kinds.len());
    Ok(())
}

/// Prints our time for a stream over the peer's, and the memory that was in use meanwhile.
pub async fn stream(
    ours: &Contender,
    peer: &Contender,
    messages: u64,
    turns: usize,
) -> Outcome<()> {
    let begin = resident()?;
    let mut rounds = Vec::new();
    let mut cpus = [Vec::new(), Vec::new()];
    for round in 0..turns {
        let mut times = [Duration::ZERO; 2];
        for turn in 0..2 {
            let index = (turn + round) % 2;
            let (start, cpu) = (Instant::now(), ProcessTime::now());
            [ours, peer][index].stream(messages).await?;
            times[index] = start.elapsed();
            cpus[index].push(cpu.elapsed());
        }
        rounds.push(times);
    }
    for (index, contender) in [ours, peer].into_iter().enumerate() {
        let time = median(rounds.iter().map(|round| round[index].as_secs_f64()));
        let rate = messages as f64 / time;
        let cpu = median(cpus[index].iter().map(Duration::as_secs_f64)) * 1e6 / messages as f64;
        println!(
            "rate stream {} {rate:.0} messages/s, {:.0} MB/s, {cpu:.2} us of CPU a message",
            contender.name(),
            rate * f64::from(PAYLOAD) / 1e6
        );
    }
    let ratio = median(rounds.iter().map(|[ours, peer]| ours.as_secs_f64() / peer.as_secs_f64()));
    println!("ratio stream {ratio:.3}");
    let moved = (messages * u64::from(PAYLOAD)) >> 20;
    println!(
        "memory stream {:.1} MB at first, {:.1} MB at most while streams of {moved} MB were received",
        megabytes(begin.0),
        megabytes(resident()?.1)
    );
    Ok(())
}

fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}

/// Resident memory of this process now and at most so far, kB.
fn resident() -> Outcome<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok())
            .ok_or_else(|| format!("/proc/self/status has no {name}"))
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// The middle value; of none, NaN.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
