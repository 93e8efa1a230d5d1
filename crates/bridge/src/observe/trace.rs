//! Trace contexts (<https://www.w3.org/TR/trace-context/>) and the two spans of a call: that of the client's request,
//! and that of the call to the server behind the bridge.

use super::otlp::{Exporter, Finished};
use http::HeaderMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wirelab_model::{MetadataValue, Metadatum};

/// The name of the header and of the metadata.
const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";
/// The longest `tracestate` that is passed on (§3.3.1.5 asks for 512 at least).
const MAX_STATE: usize = 1_024;

/// Makes spans and hands those that are sampled to the exporter.
#[derive(Debug)]
pub(crate) struct Tracer {
    exporter: Exporter,
    /// Of the traces that begin here, between 0 and 1.
    ratio: f64,
}

/// The spans of one call.
#[derive(Clone, Debug)]
pub(crate) struct Spans {
    pub trace: u128,
    /// The client's span; none where the trace begins here.
    pub parent: Option<u64>,
    /// The request's.
    pub server: u64,
    /// The call's.
    pub client: u64,
    pub state: String,
    pub sampled: bool,
}

impl Tracer {
    pub fn new(exporter: Exporter, ratio: f64) -> Tracer {
        Tracer { exporter, ratio }
    }

    /// Goes on with the trace that the headers name, or begins one.
    pub fn begin(&self, headers: &HeaderMap) -> Spans {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // More than one is none (§3.2.1).
        let only = headers.get_all(PARENT).iter().count() == 1;
        let given = text(PARENT).filter(|_| only).and_then(parent);
        let state = match given {
            Some(_) => text(STATE).filter(|state| state.len() <= MAX_STATE).unwrap_or_default(),
            None => "",
        };
        let (trace, parent, sampled) = match given {
            Some((trace, parent, sampled)) => (trace, Some(parent), sampled),
            None => (random128(), None, fastrand::f64() < self.ratio),
        };
        let (server, client) = (random(), random());
        Spans { trace, parent, server, client, state: state.to_owned(), sampled }
    }

    /// Hands over what was done.
    pub fn end(&self, finished: Finished) {
        if finished.spans.sampled {
            self.exporter.send(finished);
        }
    }

    /// Spans that were lost.
    pub fn dropped(&self) -> u64 {
        self.exporter.dropped()
    }

    /// Sends what waits.
    pub async fn flush(&self, patience: Duration) {
        self.exporter.flush(patience).await;
    }
}

impl Spans {
    /// Puts the context of the call in the place of what the client sent.
    pub fn inject(&self, metadata: &mut Vec<Metadatum>) {
        metadata.retain(|one| one.key != PARENT && one.key != STATE);
        let flags = u8::from(self.sampled);
        let value = format!("00-{:032x}-{:016x}-{flags:02x}", self.trace, self.client);
        metadata.push(Metadatum { key: PARENT.to_owned(), value: MetadataValue::Text(value) });
        if !self.state.is_empty() {
            metadata.push(Metadatum::text(STATE, self.state.clone()));
        }
    }
}

/// Trace, parent and whether it is sampled (§3.2.2).
fn parent(text: &str) -> Option<(u128, u64, bool)> {
    let mut parts = text.trim().split('-');
    let mut hex = |length: usize| {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        parts.next().filter(|part| part.len() == length && part.bytes().all(lower))
    };
    let version = hex(2)?;
    let trace = u128::from_str_radix(hex(32)?, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(hex(16)?, 16).ok().filter(|span| *span != 0)?;
    let flags = u8::from_str_radix(hex(2)?, 16).ok()?;
    // A later version may have more to say; version ff is none.
    let whole = version != "00" || parts.next().is_none();
    (version != "ff" && whole).then_some((trace, span, flags & 1 == 1))
}

fn random() -> u64 {
    fastrand::u64(1..)
}

fn random128() -> u128 {
    fastrand::u128(1..)
}

/// When something was, on the wall's clock, by how long ago it was.
pub(super) fn wall(at: Instant) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let then = now.saturating_sub(at.elapsed());
    u64::try_from(then.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_of_clients() {
        const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
        const SPAN: u64 = 0x00f0_67aa_0ba9_02b7;
        let whole = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        let zero = "00000000000000000000000000000000-00f067aa0ba902b7";
        let cases = [
            (format!("00-{whole}-01"), Some(true)),
            (format!("00-{whole}-00"), Some(false)),
            (format!("00-{whole}-03"), Some(true)),
            (format!("cc-{whole}-01-more"), Some(true)),
            (format!("00-{whole}-01-more"), None),
            (format!("ff-{whole}-01"), None),
            (format!("00-{}-01", whole.to_uppercase()), None),
            (format!("00-{zero}-01"), None),
            (format!("00-{whole}"), None),
            (format!("00-{whole}-+1"), None),
            (String::new(), None),
        ];
        for (text, wanted) in cases {
            let wanted = wanted.map(|sampled| (TRACE, SPAN, sampled));
            assert_eq!(parent(&text), wanted, "{text}");
        }
    }
}
