//! What is to leave by the link, and which of our requests have left.

use crate::pdu::Command;
use crate::wire::{EncodeError, encode};
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;

/// Octets in their order, and where requests end among them.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    octets: BytesMut,
    /// How many octets have left, of all that ever were here.
    left: u64,
    /// Where each request ends, counted in the same way, and its number.
    marks: VecDeque<(u64, u32)>,
}

impl Outbox {
    /// Adds a PDU; one that does not fit its fields is not added.
    pub(super) fn push(&mut self, command: &Command) -> Result<(), EncodeError> {
        let before = self.octets.len();
        encode(command, &mut self.octets).inspect_err(|_| self.octets.truncate(before))
    }

    /// What was added last is this request of ours.
    pub(super) fn mark(&mut self, sequence: u32) {
        self.marks.push_back((self.left + self.octets.len() as u64, sequence));
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// So many octets have left; gives the requests that have left whole with them.
    pub(super) fn written(&mut self, count: usize) -> Vec<u32> {
        let count = count.min(self.octets.len());
        self.octets.advance(count);
        self.left += count as u64;
        let whole = self.marks.partition_point(|(end, _)| *end <= self.left);
        self.marks.drain(..whole).map(|(_, sequence)| sequence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CommandStatus;
    use crate::pdu::{Outbind, Pdu};

    fn command(pdu: Pdu) -> Command {
        Command {
            status: CommandStatus::OK,
            sequence: 1,
            pdu,
        }
    }

    #[test]
    fn a_request_has_left_with_its_last_octet() {
        let mut outbox = Outbox::default();
        for sequence in [1, 2] {
            outbox.push(&command(Pdu::EnquireLink)).unwrap();
            outbox.mark(sequence);
            outbox.push(&command(Pdu::EnquireLinkResponse)).unwrap();
        }
        for (count, expected) in [(15, vec![]), (1, vec![1]), (30, vec![]), (100, vec![2]), (1, vec![])] {
            assert_eq!(outbox.written(count), expected);
        }
    }

    #[test]
    fn what_does_not_fit_leaves_no_octet() {
        let mut outbox = Outbox::default();
        let outbind = Outbind {
            system_id: "x".repeat(40),
            password: String::new(),
        };
        assert!(outbox.push(&command(Pdu::Outbind(outbind))).is_err());
        assert!(outbox.octets().is_empty());
    }
}
