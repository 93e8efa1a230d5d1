//! What has to hold of frames and framings whatever comes: for the fuzz target `socket`, and on random bytes in each test run.

use super::framing::control::{self, Control};
use super::framing::{Framing, GrpcWebsockets, Said, Values};
use super::wire::{Fault, Incoming, Limits, Message, Pool, Reader, negotiate};
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes that a message may have here.
const LIMIT: usize = 1 << 10;

/// Takes any bytes: the first says what they are, the second how they are cut.
///
/// # Panics
/// When how bytes are cut changes what they mean, or something passes a limit.
pub fn socket(data: &[u8]) {
    let &[what, cut, ref data @ ..] = data else { return };
    let cut = usize::from(cut).max(1);
    match what % 5 {
        0 => assert_eq!(frames(data, cut, false), frames(data, data.len().max(1), false)),
        1 => {
            let (one, other) = (frames(data, cut, true), frames(data, data.len().max(1), true));
            // Of several faults in one piece of a compressed message, which is found first depends on the piece.
            assert_eq!((one.0, one.1.is_some()), (other.0, other.1.is_some()));
        }
        2 => assert_eq!(grpc_web(data, cut), grpc_web(data, data.len().max(1))),
        3 => assert_eq!(values(data, cut), values(data, data.len().max(1))),
        _ => {
            if let Ok(Control::Start(start)) = control::read(data) {
                let _ = start.check();
            }
            let _ = std::str::from_utf8(data).map(negotiate);
        }
    }
}

/// What frames come to, and why they end.
fn frames(data: &[u8], cut: usize, compressed: bool) -> (Vec<Incoming>, Option<Fault>) {
    let limits = Limits { wire: LIMIT as u64, message: LIMIT as u64 };
    let mut reader = Reader::new(limits, compressed.then(|| Arc::new(Pool::default())));
    let mut told = Vec::new();
    for piece in data.chunks(cut) {
        reader.space().extend_from_slice(piece);
        loop {
            match reader.next() {
                Ok(Some(incoming)) => {
                    if let Incoming::Message(Message { text, payload }) = &incoming {
                        assert!(payload.len() <= LIMIT);
                        assert!(!text || std::str::from_utf8(payload).is_ok());
                    }
                    told.push(incoming);
                }
                Ok(None) => break,
                Err(fault) => return (told, Some(fault)),
            }
        }
        reader.rest();
    }
    (told, None)
}

/// The requests of a gRPC-Web stream that comes in frames.
fn grpc_web(data: &[u8], cut: usize) -> (VecDeque<Said>, bool) {
    let mut framing = GrpcWebsockets::new(LIMIT);
    let mut said = VecDeque::new();
    let binary = |payload: Vec<u8>| Message { text: false, payload: payload.into() };
    let started = framing.read(binary(Vec::new()), &mut said).is_ok();
    let mut ok = started;
    for piece in data.chunks(cut) {
        ok = ok && framing.read(binary([&[0], piece].concat()), &mut said).is_ok();
    }
    for said in &said {
        assert!(!matches!(said, Said::Request(request) if request.len() > LIMIT));
    }
    // Headers may be anything.
    let _ = GrpcWebsockets::new(LIMIT).read(binary(data.to_vec()), &mut VecDeque::new());
    (said, ok)
}

/// The JSON values of a text that comes in frames.
fn values(data: &[u8], cut: usize) -> Vec<Vec<u8>> {
    let (mut text, mut values, mut found, mut begin) =
        (Vec::new(), Values::default(), Vec::new(), 0);
    for piece in data.chunks(cut) {
        text.extend_from_slice(piece);
        while let Some(end) = values.next(&text) {
            assert!(begin < end && end <= text.len());
            found.push(text[begin..end].to_vec());
            begin = end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_comes_means_the_same_however_it_is_cut(
            what in any::<u8>(), cut in any::<u8>(), data in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            socket(&[&[what, cut], &data[..]].concat());
        }

        #[test]
        fn frames_mean_the_same_however_they_are_cut(
            cut in any::<u8>(),
            frames in proptest::collection::vec((0_u8..16, any::<[u8; 4]>(), proptest::collection::vec(any::<u8>(), 0..100)), 0..8),
            first in prop::sample::select(&[0x80_u8, 0, 0xc0, 0x40][..]),
        ) {
            let mut data = Vec::new();
            for (opcode, mask, payload) in frames {
                data.extend([first | opcode, 0x80 | payload.len() as u8]);
                data.extend(mask);
                data.extend(payload);
            }
            socket(&[&[first >> 6 & 1, cut], &data[..]].concat());
        }
    }
}
