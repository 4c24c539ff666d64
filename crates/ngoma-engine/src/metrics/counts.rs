//! What is counted of each channel.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is counted when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    Accepted,
    Received,
    Sent,
    Delivered,
    Failed,
    Expired,
    Ambiguous,
    PossibleDuplicates,
    ReceiptsHeld,
    InboundFailed,
    InboundExpired,
    InboundUnrouted,
    Fallbacks,
}

/// Each with its name and what it means, in the order of [`Count`].
pub(super) const COUNTS: [(Count, &str, &str); 13] = [
    (
        Count::Accepted,
        "ngoma_messages_accepted_total",
        "Messages taken from clients.",
    ),
    (
        Count::Received,
        "ngoma_messages_received_total",
        "Messages that came in from people, each once.",
    ),
    (Count::Sent, "ngoma_messages_sent_total", "Messages the carrier took."),
    (
        Count::Delivered,
        "ngoma_messages_delivered_total",
        "Messages whose receipt says they are on the phone.",
    ),
    (
        Count::Failed,
        "ngoma_messages_failed_total",
        "Messages to people that will not arrive.",
    ),
    (
        Count::Expired,
        "ngoma_messages_expired_total",
        "Messages to people that came too late to be sent.",
    ),
    (
        Count::Ambiguous,
        "ngoma_messages_ambiguous_total",
        "Messages of which nobody knows whether they were sent.",
    ),
    (
        Count::PossibleDuplicates,
        "ngoma_messages_possible_duplicates_total",
        "Messages that may have been sent twice.",
    ),
    (
        Count::ReceiptsHeld,
        "ngoma_receipts_held_total",
        "Receipts that came before the id they name was known.",
    ),
    (
        Count::InboundFailed,
        "ngoma_inbound_failed_total",
        "Messages from people whose service failed.",
    ),
    (
        Count::InboundExpired,
        "ngoma_inbound_expired_total",
        "Messages from people whose turn came when nobody waited any more.",
    ),
    (
        Count::InboundUnrouted,
        "ngoma_inbound_unrouted_total",
        "Messages from people that no service takes.",
    ),
    (
        Count::Fallbacks,
        "ngoma_fallbacks_total",
        "Texts channels gave by themselves in place of a service's answer.",
    ),
];

/// One channel's counts.
pub(super) struct Counts([AtomicU64; COUNTS.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Counts {
    /// Counts one more.
    pub(super) fn add(&self, count: Count) {
        self.0[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub(super) fn get(&self, count: Count) -> u64 {
        self.0[count as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_stands_at_its_own_place_under_a_counters_name() {
        for (place, (count, name, help)) in COUNTS.iter().enumerate() {
            assert_eq!(*count as usize, place, "{count:?}");
            assert!(name.starts_with("ngoma_") && name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn a_count_moves_alone() {
        let counts = Counts::default();
        counts.add(Count::Failed);
        counts.add(Count::Failed);
        for (count, ..) in COUNTS {
            assert_eq!(
                counts.get(count),
                if count == Count::Failed { 2 } else { 0 },
                "{count:?}"
            );
        }
    }
}
