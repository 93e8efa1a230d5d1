//! What it is to make a call: messages in, events out.

use bytes::Bytes;
use futures_util::{Stream, stream};
use std::pin::Pin;
use tokio_util::sync::CancellationToken;
use wirelab_model::{CallEvent, CallSpec};

/// The request messages of a call, as wire bytes. Pulled one at a time, as the connection takes them; its end
/// half-closes the call. When the client does not stream, only the first message is taken.
pub type Requests = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// The events of a call, in the order that [`wirelab_model::CallEventKind`] documents; the last is always the
/// one `Finished`. Reading it is what drives the call, so that no task has to be switched to; when nobody has read for
/// [`STAND_IN_AFTER`](crate::STAND_IN_AFTER), or up to twice that, the call goes on by itself as far as its queue has
/// room, deadline and cancellation included. Dropping it resets the stream.
pub type Events = Pin<Box<dyn Stream<Item = CallEvent> + Send>>;

/// Something that makes calls.
pub trait Invoke: Send + Sync + 'static {
    /// Begins a call at once; must be called inside a Tokio runtime. Never fails: what goes wrong is in the
    /// status of `Finished`, with a `Problem` that says what to do. `cancel` ends the call with CANCELLED and
    /// resets its stream.
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events;
}

/// Requests that are there already.
pub fn requests<I>(messages: I) -> Requests
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Into<Bytes> + 'static,
{
    Box::pin(stream::iter(messages.into_iter().map(Into::into)))
}
