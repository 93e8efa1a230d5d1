//! How many times faster this crate converts than its peers do.
//!
//! ```text
//! cargo bench -p wirelab-transcode [-- [--fast] [DIRECTION | SHAPE | PEER | plans]...]
//! ```
//!
//! Prints one line a ratio, `ratio DIRECTION SHAPE PEER VALUE`, VALUE being the peer's time over ours, and for
//! people the times themselves. `structured` is the geometric mean of a, b and c. `--fast` spends a tenth of the
//! time. Names choose what runs: `json_to_wire c pbjson` is one ratio.
//!
//! The contenders of a ratio take turns in one process, in slices of 2 ms of the thread's CPU time, so that whatever
//! else the machine does meets all of them; a ratio is the median of those of the single turns. Each reads the same
//! bytes and appends to a buffer of its own that it keeps, and before anything is timed its result is read back and
//! held against the message.
//!
//! For `upb.sh` beside it: `--write-corpus DIR` writes the messages, `--alone DIRECTION SHAPE` times ours alone.
//! Without `--bench`, which `cargo bench` passes, contenders are checked and not timed.

mod arguments;
mod contenders;
mod corpus;
mod plans;
mod rotation;

use arguments::{Arguments, Task};
use contenders::{Contender, Direction};
use corpus::Case;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// CPU time spent on the contenders of one direction of one shape.
const BUDGET: Duration = Duration::from_secs(8);

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let done = match &arguments.task {
        Task::Check => check(),
        Task::Compare => compare(&arguments),
        Task::WriteCorpus(directory) => corpus::write(directory),
        Task::Alone(direction, shape) => alone(*direction, shape, arguments.budget(BUDGET)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> io::Result<()> {
    for direction in Direction::ALL {
        for case in corpus::cases(direction) {
            contenders::of(direction, &case).iter_mut().for_each(Contender::check);
        }
    }
    Ok(())
}

fn compare(arguments: &Arguments) -> io::Result<()> {
    for direction in Direction::ALL {
        // Of a, b and c: the peer's name with the logarithm of its ratio.
        let mut structured: Vec<(&str, f64)> = Vec::new();
        for case in corpus::cases(direction).filter(|case| arguments.wants(direction, case.name)) {
            let ratios = compare_one(direction, &case, arguments)?;
            if ["a", "b", "c"].contains(&case.name) {
                structured.extend(ratios.iter().map(|(peer, ratio)| (*peer, ratio.ln())));
            }
        }
        for peer in contenders::PEERS {
            let logs: Vec<f64> =
                structured.iter().filter(|(name, _)| *name == peer).map(|(_, log)| *log).collect();
            if logs.len() == 3 {
                report_ratio(
                    direction,
                    "structured",
                    peer,
                    (logs.iter().sum::<f64>() / 3.0).exp(),
                )?;
            }
        }
    }
    if arguments.wants_plans() {
        plans::report()?;
    }
    Ok(())
}

fn compare_one(
    direction: Direction,
    case: &Case,
    arguments: &Arguments,
) -> io::Result<Vec<(&'static str, f64)>> {
    let mut contenders = contenders::of(direction, case);
    contenders.retain(|contender| {
        contender.name == contenders::OURS || arguments.wants_peer(contender.name)
    });
    contenders.iter_mut().for_each(Contender::check);
    let rounds = rotation::rotate(&mut contenders, arguments.budget(BUDGET));
    let mut out = io::stdout().lock();
    for (contender, times) in contenders.iter().zip(rounds.times()) {
        let time = rotation::median(times);
        let rate = case.json.len() as f64 / time * 1e3;
        writeln!(
            out,
            "time {direction} {} {} {time:.0} ns {rate:.0} MB/s",
            case.name, contender.name
        )?;
    }
    drop(out);
    let ratios: Vec<(&'static str, f64)> = contenders
        .iter()
        .map(|contender| contender.name)
        .zip(rounds.ratios_to_first())
        .skip(1)
        .collect();
    for (peer, ratio) in &ratios {
        report_ratio(direction, case.name, peer, *ratio)?;
    }
    Ok(ratios)
}

fn report_ratio(direction: Direction, shape: &str, peer: &str, value: f64) -> io::Result<()> {
    writeln!(io::stdout(), "ratio {direction} {shape} {peer} {value:.2}")
}

fn alone(direction: Direction, shape: &str, budget: Duration) -> io::Result<()> {
    let case = corpus::cases(direction).find(|case| case.name == shape);
    let case =
        case.ok_or_else(|| io::Error::other(format!("{direction} has no shape {shape:?}")))?;
    let mut contenders = contenders::of(direction, &case);
    contenders.truncate(1);
    contenders.iter_mut().for_each(Contender::check);
    let rounds = rotation::rotate(&mut contenders, budget / 20);
    let time = rounds.times().next().map_or(f64::NAN, rotation::median);
    writeln!(io::stdout(), "{time:.1}")
}
