//! Known bugs that a test can plant in the message path. Without the feature `faults` nothing of them is compiled.

use std::cell::Cell;

/// A bug of the past or of other systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A sender is answered before what he sent is durable.
    AckBeforeCommit,
    /// A receipt that comes before the answer to its send is thrown away.
    EarlyReceiptDropped,
    /// A process that lost its lease sends all the same.
    LeaseNotFenced,
    /// What waits in the spool is forgotten there before the store has it.
    SpoolForgetsFirst,
}

thread_local! {
    static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Plants a bug, or none, in all that this thread runs.
#[cfg(test)]
pub(crate) fn plant(fault: Option<Fault>) {
    PLANTED.set(fault);
}

/// Whether this thread runs with that bug.
pub(crate) fn is_planted(fault: Fault) -> bool {
    PLANTED.get() == Some(fault)
}
