//! Frames to messages, whole and in pieces.

use crate::socket::wire::{Broken, Incoming, Limits, Pool, Wire};
use std::future::poll_fn;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// First bytes of frames and their payloads, and what comes of them: messages, then why no more do.
const CASES: &[(&str, &str)] = &[
    ("81 Hello", "text Hello"),
    ("82 Hello", "binary Hello"),
    ("01 Hel|80 lo", "text Hello"),
    ("01 Hel|89 ping|00 l|80 o", "ping ping, text Hello"),
    ("01 |00 |80 ", "text "),
    ("81 |8a pong", "text , pong pong"),
    ("88 ", "close 1005"),
    // A character that is cut between frames.
    ("01 \u{fc}|80 x", "text \u{fc}x"),
    ("80 lo", "1002 a continuation without a message before it"),
    ("01 a|81 b", "1002 a message begins within another"),
    ("83 a", "1002 the opcode is reserved"),
    ("8b a", "1002 the opcode is reserved"),
    ("c1 a", "1002 a reserved bit is set that no extension uses"),
    ("a1 a", "1002 a reserved bit is set that no extension uses"),
    ("09 a", "1002 a control frame is fragmented"),
    ("88 x", "1002 a close frame has half a code"),
    ("88 \u{1}\u{1}", "1002 a close frame has a code that may not be sent"),
    ("81 0123456789|81 01234567890", "text 0123456789, 1009 the message is larger than allowed"),
    ("01 012345|00 67890", "1009 the message is larger than allowed"),
];

fn bytes(frames: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames.split('|') {
        let (first, payload) = frame.split_once(' ').unwrap();
        let mask = [7, 0x80, 3, 0xff];
        bytes.extend([u8::from_str_radix(first, 16).unwrap(), 0x80 | payload.len() as u8]);
        bytes.extend(mask);
        bytes.extend(payload.bytes().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
    bytes
}

async fn read(bytes: &[u8], piece: usize) -> String {
    let (mut here, there) = tokio::io::duplex(piece);
    let limits = Limits { wire: 10, message: 10 };
    let mut wire = Wire::new(there, limits, None, &Arc::new(Pool::default()));
    let bytes = bytes.to_vec();
    tokio::spawn(async move { here.write_all(&bytes).await });
    let mut told = Vec::new();
    loop {
        let text = |payload: &[u8]| String::from_utf8_lossy(payload).into_owned();
        told.push(match poll_fn(|cx| wire.poll_next(cx)).await {
            Ok(Incoming::Message(message)) => {
                format!(
                    "{} {}",
                    if message.text { "text" } else { "binary" },
                    text(&message.payload)
                )
            }
            Ok(Incoming::Ping(payload)) => format!("ping {}", text(&payload)),
            Ok(Incoming::Pong(payload)) => format!("pong {}", text(&payload)),
            Ok(Incoming::Close(code)) => format!("close {code}"),
            Err(Broken::Fault(fault)) => {
                told.push(format!(
                    "{} {}",
                    fault.close,
                    fault.what.replace(" before decompression", "")
                ));
                break;
            }
            Err(Broken::Lost) => break,
        });
    }
    told.join(", ")
}

#[tokio::test]
async fn frames_become_messages_however_they_come() {
    for (frames, wanted) in CASES {
        for piece in [1, 2, 7, 4096] {
            assert_eq!(read(&bytes(frames), piece).await, *wanted, "{frames} by {piece}");
        }
    }
}

#[tokio::test]
async fn text_is_refused_at_its_first_byte_that_is_not_utf8() {
    // A frame that says it has ten bytes, of which three came: the third cannot be.
    let mut bytes = vec![0x81, 0x8a, 0, 0, 0, 0, b'a', 0xc3];
    bytes.push(b'(');
    assert_eq!(read(&bytes, 4096).await, "1007 the text is not UTF-8");
    // Half a character at the end of a message.
    assert_eq!(read(&[0x81, 0x81, 0, 0, 0, 0, 0xc3], 4096).await, "1007 the text is not UTF-8");
    // A frame without a mask.
    assert_eq!(read(&[0x81, 0x01, b'a'], 4096).await, "1002 the frame is not masked");
}
