//! How fast calls are beside tonic's own generated client.
//!
//! ```text
//! cargo bench -p wirelab-call [-- [--fast] [unary-1 | unary-64 | overhead | events | stream]...]
//! ```
//!
//! Everything is paired in one run: the contenders take turns against one server of tonic's (in this process, on a
//! thread of its own), each with one connection whose windows are the same, and a ratio is the median of those of
//! the single turns, so that whatever else the machine does meets all of them. Each turns the same Protobuf messages
//! into bytes and back. Printed are
//!
//! - `ratio unary-1` and `ratio unary-64`: our calls per second over tonic's with 1 and with 64 calls in flight;
//! - `ratio stream`: our time over tonic's for a stream of a million messages of 100 bytes, with the memory that
//!   it took;
//! - `overhead`: the CPU time of a call through `Invoke` less that of the same call on bare `h2`, µs: what the
//!   events cost with everything else that this crate does;
//! - `overhead events`: the CPU time of recording the events of that call, µs: those of a real one are made again, told
//!   in the way of a call that does nothing else, and read. It holds a few allocations more than a call's own recording
//!   (the list of what to tell), and the call's future.
//!
//! `--fast` spends a tenth of the time. Without `--bench`, which `cargo bench` passes, contenders are checked and
//! not timed.

mod asked;
mod contenders;
mod measure;

use asked::Asked;
use contenders::{Bare, Contender, Ours, Tonic};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

/// What can be asked for by name.
const NAMES: [&str; 5] = ["unary-1", "unary-64", "overhead", "events", "stream"];
/// The time that one contender's turn takes, and how many turns each has.
const TURN: Duration = Duration::from_millis(150);
const TURNS: usize = 40;
/// The stream that is received, and how often.
const MESSAGES: u64 = 1_000_000;
const STREAMS: usize = 9;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let asked = match Asked::read(&NAMES) {
        Ok(asked) => asked,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    let done = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(&asked)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(asked: &Asked) -> Outcome<()> {
    let Asked { timed, fast, names: wanted } = asked;
    let (timed, fast) = (*timed, *fast);
    let address = wirelab_call_peer::serve()?;
    let ours = Contender::Ours(Ours::new(address));
    let tonic = Contender::Tonic(Tonic::new(address).await?);
    let bare = Contender::Bare(Bare::new(address).await?);
    for contender in [&ours, &tonic, &bare] {
        contender.echo(b"checked").await?;
    }
    for contender in [&ours, &tonic] {
        contender.stream(1_000).await?;
    }
    if !timed {
        return Ok(());
    }
    let turns = if fast { TURNS / 10 } else { TURNS };
    for name in wanted {
        match name.as_str() {
            "unary-1" => measure::unary(name, &ours, &tonic, 1, TURN, turns).await?,
            "unary-64" => measure::unary(name, &ours, &tonic, 64, TURN, turns).await?,
            "overhead" => measure::overhead(&ours, &bare, TURN, turns).await?,
            "events" => measure::events(&ours, turns).await?,
            _ => {
                let (messages, rounds) =
                    if fast { (MESSAGES / 10, 5) } else { (MESSAGES, STREAMS) };
                measure::stream(&ours, &tonic, messages, rounds).await?;
            }
        }
    }
    Ok(())
}
