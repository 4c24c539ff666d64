//! Between octets and PDUs: what the stream of a link is cut into, and what each piece says.

mod codec;
mod frame;
mod masking;

pub(crate) use codec::empty;
pub use codec::{EncodeError, Malformed, decode, encode};
pub use frame::{Frame, FrameError, Framer};
pub use masking::masked_hex;
