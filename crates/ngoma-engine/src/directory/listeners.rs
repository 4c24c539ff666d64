//! Who is told what happens in an account.

use super::Topic;
use std::collections::{BTreeSet, HashSet};

/// Who is told what happens in an account, besides the service that a message goes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listeners {
    /// The services that are told what became of their messages.
    pub(crate) services: HashSet<i64>,
    /// What the account's web hook is told.
    pub(crate) topics: BTreeSet<Topic>,
}

impl Listeners {
    /// Whether nobody is told anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.services.is_empty() && self.topics.is_empty()
    }
}
