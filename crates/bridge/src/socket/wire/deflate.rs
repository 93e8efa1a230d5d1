//! `permessage-deflate` (RFC 7692), always without context takeover: a socket holds a window only while a message of
//! its own is on its way, and sockets take turns with the windows of a [`Pool`].

use super::read::{Fault, MESSAGE_TOO_LARGE, NOT_DEFLATE};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is accepted, and how it is said in the answer.
pub(in crate::socket) const ACCEPTED: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// Messages shorter than this are sent as they are, bytes: they would hardly become smaller.
pub(super) const MIN_BYTES: usize = 512;
/// How many idle windows of each sort are kept for the next message of any socket.
const POOLED: usize = 32;
/// How much room is made at once, bytes.
const STEP: usize = 4 << 10;
/// What ends each compressed message and is left out on the wire (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The proof that both sides compress, by [`ACCEPTED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::socket) struct Agreed(());

impl Agreed {
    /// What the answer says of it.
    pub fn header(self) -> &'static str {
        ACCEPTED
    }
}

/// Whether an offer of `Sec-WebSocket-Extensions` can be accepted: one without parameters that are unknown, said twice
/// or wrong, and without a window that we cannot make (RFC 7692 §5.1, §7.1).
pub(in crate::socket) fn negotiate(offers: &str) -> Option<Agreed> {
    offers.split(',').any(acceptable).then_some(Agreed(()))
}

fn acceptable(offer: &str) -> bool {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return false;
    }
    let mut seen = Vec::new();
    parts.all(|part| {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        };
        let again = seen.contains(&name);
        seen.push(name);
        let fits = match (name, value) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
            // That the client could do with less: we read all of them.
            ("client_max_window_bits", value) => value.is_none_or(is_bits),
            ("server_max_window_bits", Some(bits)) => bits == "15",
            _ => false,
        };
        fits && !again
    })
}

fn is_bits(bits: &str) -> bool {
    matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

/// Windows that no message uses at the moment. Holds at most [`POOLED`] of each sort.
#[derive(Default)]
pub(in crate::socket) struct Pool {
    inflate: Mutex<Vec<Decompress>>,
    deflate: Mutex<Vec<Compress>>,
}

fn lock<T>(idle: &Mutex<T>) -> MutexGuard<'_, T> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

fn give_back<T>(idle: &Mutex<Vec<T>>, one: T) {
    let mut idle = lock(idle);
    if idle.len() < POOLED {
        idle.push(one);
    }
}

/// A message that is being decompressed.
pub(super) struct Inflating {
    pool: Arc<Pool>,
    inflate: Option<Decompress>,
}

impl Inflating {
    pub fn new(pool: &Arc<Pool>) -> Inflating {
        let idle = lock(&pool.inflate).pop();
        let inflate = idle.unwrap_or_else(|| Decompress::new(false));
        Inflating { pool: pool.clone(), inflate: Some(inflate) }
    }

    /// Appends what `input` decompresses to, as long as `out` does not pass `limit`.
    pub fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        let Some(inflate) = &mut self.inflate else { return Err(NOT_DEFLATE) };
        loop {
            if out.len() == out.capacity() {
                let wanted = out.len().clamp(STEP, 1 << 20);
                // One byte past the limit tells that there is more.
                out.reserve(wanted.min((limit - out.len()).saturating_add(1)));
            }
            let (taken, made) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress_vec(input, out, FlushDecompress::Sync);
            let status = status.map_err(|_| NOT_DEFLATE)?;
            if out.len() > limit {
                return Err(MESSAGE_TOO_LARGE);
            }
            let taken = inflate.total_in() - taken;
            let still = taken == 0 && inflate.total_out() == made;
            input = input.get(usize::try_from(taken).unwrap_or_default()..).unwrap_or_default();
            if status == Status::StreamEnd {
                // A block that calls itself the last one; the message goes on where it ends (RFC 7692 §7.2.3.4).
                inflate.reset(false);
                if input.is_empty() {
                    return Ok(());
                }
            } else if out.len() < out.capacity() && (input.is_empty() || still) {
                return if input.is_empty() { Ok(()) } else { Err(NOT_DEFLATE) };
            }
        }
    }

    /// The same for the end of the message.
    pub fn end(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        self.feed(&TAIL, out, limit)?;
        if let Some(mut inflate) = self.inflate.take() {
            inflate.reset(false);
            give_back(&self.pool.inflate, inflate);
        }
        Ok(())
    }
}

/// What a message compresses to; none when it would not become smaller.
pub(super) fn deflate(pool: &Pool, payload: &[u8]) -> Option<Vec<u8>> {
    let mut deflate = lock(&pool.deflate).pop();
    let deflate = deflate.get_or_insert_with(|| Compress::new(Compression::fast(), false));
    let mut out = Vec::with_capacity(payload.len() / 2 + STEP);
    let mut rest = payload;
    loop {
        if out.len() == out.capacity() {
            out.reserve(STEP);
        }
        let taken = deflate.total_in();
        deflate.compress_vec(rest, &mut out, FlushCompress::Sync).ok()?;
        let taken = usize::try_from(deflate.total_in() - taken).unwrap_or_default();
        rest = rest.get(taken..).unwrap_or_default();
        // Room that is left means that nothing waits to be written.
        if rest.is_empty() && out.len() < out.capacity() {
            break;
        }
        if out.len() >= payload.len() + STEP {
            return None;
        }
    }
    deflate.reset();
    let length = out
        .len()
        .checked_sub(TAIL.len())
        .filter(|&length| out.ends_with(&TAIL) && length < payload.len())?;
    out.truncate(length);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offer_is_accepted_or_not() {
        for (offer, accepted) in [
            ("permessage-deflate", true),
            ("permessage-deflate; client_max_window_bits", true),
            ("permessage-deflate; client_max_window_bits=10; server_no_context_takeover", true),
            ("permessage-deflate; server_max_window_bits=15", true),
            ("permessage-deflate; server_max_window_bits=10", false),
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", true),
            ("permessage-deflate; server_max_window_bits", false),
            ("permessage-deflate; client_max_window_bits=7", false),
            ("permessage-deflate; client_max_window_bits=\"15\"", true),
            ("permessage-deflate; server_no_context_takeover=1", false),
            ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", false),
            ("permessage-deflate; unheard_of", false),
            ("x-webkit-deflate-frame", false),
            ("", false),
        ] {
            assert_eq!(negotiate(offer).is_some(), accepted, "{offer}");
        }
    }

    fn inflated(input: &[u8], piece: usize, limit: usize) -> Result<Vec<u8>, Fault> {
        let pool = Arc::new(Pool::default());
        let (mut inflating, mut out) = (Inflating::new(&pool), Vec::new());
        for piece in input.chunks(piece) {
            inflating.feed(piece, &mut out, limit)?;
        }
        inflating.end(&mut out, limit)?;
        Ok(out)
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        // RFC 7692 §7.2.3: with one block, without compression, with a block that calls itself the last one, with two
        // blocks.
        for bytes in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] {
            for piece in [1, 2, 100] {
                assert_eq!(inflated(bytes, piece, 5).as_deref(), Ok(&b"Hello"[..]), "{bytes:x?}");
                assert_eq!(inflated(bytes, piece, 4), Err(MESSAGE_TOO_LARGE), "{bytes:x?}");
            }
        }
        assert_eq!(inflated(&[0xff; 20], 20, 1000), Err(NOT_DEFLATE));
    }

    #[test]
    fn a_small_message_that_becomes_a_large_one_stops_at_the_limit() {
        let pool = Pool::default();
        let bomb = deflate(&pool, &vec![0; 16 << 20]).unwrap();
        assert!(bomb.len() < 128 << 10, "{}", bomb.len());
        let (mut inflating, mut out) = (Inflating::new(&Arc::new(pool)), Vec::new());
        assert_eq!(inflating.feed(&bomb, &mut out, 1 << 20), Err(MESSAGE_TOO_LARGE));
        assert!(out.capacity() < 4 << 20, "{}", out.capacity());
    }

    proptest! {
        #[test]
        fn what_was_compressed_is_read_again(
            word in proptest::collection::vec(any::<u8>(), 1..40), times in 1_usize..3000, piece in 1_usize..3000,
        ) {
            let message = word.repeat(times);
            let pool = Pool::default();
            // The second time with a window that was used before.
            for _ in 0..2 {
                if let Some(small) = deflate(&pool, &message) {
                    prop_assert!(small.len() < message.len());
                    prop_assert_eq!(inflated(&small, piece, message.len()), Ok(message.clone()));
                }
            }
        }
    }
}
