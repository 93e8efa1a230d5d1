//! What it costs to meet a message type for the first time.

use crate::rotation::median;
use cpu_time::ThreadTime;
use std::io::{self, Write};
use wirelab_transcode::{Codec, Options};
use wirelab_transcode_shapes::thousand_messages;

const REPETITIONS: usize = 11;

/// Prints the CPU time of compiling the plans of a thousand message types in one pool, and of the first of them.
pub fn report() -> io::Result<()> {
    let (mut all, mut first) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        // A new pool each time: nothing is compiled yet.
        let messages = thousand_messages();
        let start = ThreadTime::now();
        let codec = Codec::new(&messages[0]);
        touch(&codec);
        first.push(start.elapsed().as_secs_f64() * 1e6);
        for message in &messages[1..] {
            touch(&codec.of(message));
        }
        all.push(start.elapsed().as_secs_f64() * 1e3);
    }
    writeln!(io::stdout(), "plans 1000 {:.2} ms", median(all))?;
    writeln!(io::stdout(), "plans first-touch {:.1} us", median(first))
}

/// Converts an empty message both ways, which needs its plan.
fn touch(codec: &Codec) {
    codec.json_to_wire(b"{}", &mut Vec::new()).expect("an empty message");
    codec.wire_to_json(b"", &mut Vec::new(), &Options::default()).expect("an empty message");
}
