//! What to begin with where no table of the tests has it: one right body of each form, and the same cut off.

use std::fs;
use std::io;
use std::path::Path;

/// What the rest of a case says: two messages, then what a body may be as it is.
const BODIES: [&[u8]; 5] = [
    b"hi\0there",
    b"\0\0\0\0\x04\x0a\x02hi\0\0\0\0\0",
    b"\0\0\0\0\x0d{\"text\":\"hi\"}",
    b"[{\"text\": \"hi\"}, {\"count\": \"5\"}]",
    b"AAAAAAQKAmhpAAAAAAA=",
];

/// Writes a folder for each target.
///
/// # Errors
/// Where that cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    // Bytes before the case's own: those of which form it is.
    for (target, before) in [
        ("grpc", &[&[][..]][..]),
        ("grpc_web", &[&[0], &[128]]),
        ("connect", &[&[0], &[128]]),
        ("rest", &[&[0], &[16], &[31]]),
        ("socket", &[&[]]),
    ] {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        let cases =
            before.iter().flat_map(|before| (0..128_u8).step_by(5).map(move |how| (before, how)));
        for (at, (before, how)) in cases.enumerate() {
            // Some are too long.
            let body = BODIES[at % BODIES.len()].repeat(if at % 3 == 0 { 80 } else { 1 });
            fs::write(folder.join(format!("case-{at}")), [*before, &[how, 3], &body].concat())?;
        }
    }
    // Frames of sockets: masked, in both ways of their length.
    let frames: [&[u8]; 3] = [
        b"\x00\x03\x81\x82\0\0\0\0hi\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8",
        b"\x01\x03\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0",
        b"\x04\x03{\"metadata\": {\"a\": \"1\"}, \"timeout\": \"1s\"}",
    ];
    for (at, frame) in frames.iter().enumerate() {
        fs::write(folder.join("socket").join(format!("frame-{at}")), frame)?;
    }
    Ok(())
}
