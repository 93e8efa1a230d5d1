//! gRPC's messages, metadata and statuses as bytes, for whoever serves what this crate calls.

pub use crate::compress::{ACCEPTED, compress, named};
pub use crate::frame::{Decoder, FrameError, Message, PREFIX_BYTES, Unpack, decompress};
pub use crate::metadata::{STATUS_HEADERS, decode_all};
pub use crate::status::details;
pub use crate::text::Text;
