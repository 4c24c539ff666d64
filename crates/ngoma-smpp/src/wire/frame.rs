//! Where one PDU ends and the next begins: by the length that each has in front (SMPP 3.4 §3.2).

use crate::CommandStatus;
use bytes::{Buf, Bytes, BytesMut};

/// The length of a header, and so of the shortest PDU.
const HEADER: usize = 16;
/// The longest PDU that is passed over when it is too long to be read; what claims more is no SMPP.
const PASSED_OVER: usize = 1 << 20;

/// A PDU that is not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which operation it is.
    pub command_id: u32,
    /// Its status.
    pub status: CommandStatus,
    /// Its number.
    pub sequence: u32,
    /// What follows the header.
    pub body: Bytes,
}

/// Octets that are no PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is longer than allowed; it is passed over, and what follows is read.
    #[error("a PDU of {length} octets is longer than {limit}")]
    TooLong {
        /// Its number, for the answer.
        sequence: u32,
        /// Which operation it is.
        command_id: u32,
        /// How long it says it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Its length cannot be true, so nobody knows where the next begins: the link is of no use any more.
    #[error("a PDU cannot have {length} octets")]
    Broken {
        /// Its number, for the answer.
        sequence: u32,
        /// How long it says it is.
        length: usize,
    },
}

/// Cuts a stream into frames. It holds no more than one PDU and what was pushed at once.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    /// How many octets are still to be passed over.
    passing: usize,
    limit: usize,
    is_broken: bool,
}

impl Framer {
    /// PDUs of up to so many octets are read.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            passing: 0,
            limit: limit.max(HEADER),
            is_broken: false,
        }
    }

    /// From now on PDUs of up to so many octets are read.
    pub(crate) fn limit_to(&mut self, limit: usize) {
        self.limit = limit.max(HEADER);
    }

    /// Takes what came by the link.
    pub fn push(&mut self, octets: &[u8]) {
        let passed = self.passing.min(octets.len());
        self.passing -= passed;
        if !self.is_broken {
            self.buffer.extend_from_slice(&octets[passed..]);
        }
    }

    /// The next PDU, when it is whole.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(mut header) = self.buffer.get(..HEADER) else {
            return Ok(None);
        };
        let length = header.get_u32() as usize;
        let (command_id, status, sequence) = (header.get_u32(), CommandStatus(header.get_u32()), header.get_u32());
        if !(HEADER..=PASSED_OVER).contains(&length) {
            self.is_broken = true;
            self.buffer.clear();
            return Err(FrameError::Broken { sequence, length });
        }
        if length > self.limit {
            let here = length.min(self.buffer.len());
            self.buffer.advance(here);
            self.passing = length - here;
            return Err(FrameError::TooLong {
                sequence,
                command_id,
                length,
                limit: self.limit,
            });
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let body = self.buffer.split_to(length).freeze().slice(HEADER..);
        Ok(Some(Frame {
            command_id,
            status,
            sequence,
            body,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pdu(length: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
        let header = [length, 0x15, 0, sequence].map(u32::to_be_bytes).concat();
        [header, body.to_vec()].concat()
    }

    /// More may come before the next PDU is asked for.
    #[test]
    fn what_is_too_long_is_passed_over_whenever_the_rest_comes() {
        let long = pdu(100, 1, &[0; 84]);
        let stream = [long, pdu(16, 2, &[])].concat();
        for cut in HEADER..stream.len() {
            let mut framer = Framer::new(50);
            framer.push(&stream[..cut]);
            assert!(matches!(
                framer.next_frame(),
                Err(FrameError::TooLong { sequence: 1, .. })
            ));
            framer.push(&stream[cut..]);
            assert_eq!(frames(&mut framer), [Ok((2, 0))], "{cut}");
        }
    }

    fn frames(framer: &mut Framer) -> Vec<Result<(u32, usize), FrameError>> {
        let mut found = Vec::new();
        loop {
            match framer.next_frame() {
                Ok(None) => return found,
                Ok(Some(frame)) => found.push(Ok((frame.sequence, frame.body.len()))),
                Err(error) => {
                    found.push(Err(error));
                    if matches!(error, FrameError::Broken { .. }) {
                        return found;
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn pdus_are_found_however_the_stream_is_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..6),
            cut in 1..40_usize,
        ) {
            let stream: Vec<u8> = (1..)
                .zip(&bodies)
                .flat_map(|(sequence, body)| pdu(16 + body.len() as u32, sequence, body))
                .collect();
            let mut framer = Framer::new(60);
            let mut found = Vec::new();
            for piece in stream.chunks(cut) {
                framer.push(piece);
                found.extend(frames(&mut framer));
            }
            let expected: Vec<_> = (1..)
                .zip(&bodies)
                .map(|(sequence, body)| match 16 + body.len() {
                    length @ 61.. => Err(FrameError::TooLong { sequence, command_id: 0x15, length, limit: 60 }),
                    _ => Ok((sequence, body.len())),
                })
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_octets_are_cut_and_none_are_hoarded(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut framer = Framer::new(64);
            for piece in octets.chunks(7) {
                framer.push(piece);
                frames(&mut framer);
                prop_assert!(framer.buffer.len() < 64 + 7);
            }
        }
    }

    #[test]
    fn a_length_that_cannot_be_true_ends_it() {
        for length in [0, 15, 0x0010_0001, u32::MAX] {
            let mut framer = Framer::new(64);
            framer.push(&pdu(length, 7, &[]));
            let length = length as usize;
            assert_eq!(framer.next_frame(), Err(FrameError::Broken { sequence: 7, length }));
            framer.push(&pdu(16, 8, &[]));
            assert_eq!(framer.next_frame(), Ok(None));
        }
    }
}
