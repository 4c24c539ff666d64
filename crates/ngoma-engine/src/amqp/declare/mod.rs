//! Exchanges and queues: declared, remembered, declared again at each new session.

mod spec;
mod steps;

pub(super) use spec::check_name;
pub use spec::{Binding, ExchangeKind, Passing, QueueKind, QueueSpec, Quorum, Turns, VUMI_EXCHANGE};
pub use steps::Depth;
pub(super) use steps::depth;

use super::error::BusError;
use lapin::Connection;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many exchanges and queues are remembered.
const DECLARATIONS_MAX: usize = 4096;

/// What is to be there, whenever the broker is; clones share it.
#[derive(Clone, Default)]
pub(super) struct Declarations(Arc<Mutex<Remembered>>);

#[derive(Clone, Default)]
struct Remembered {
    exchanges: BTreeMap<String, ExchangeKind>,
    queues: BTreeMap<String, QueueSpec>,
}

/// One exchange or queue that is to be there.
#[derive(Clone)]
pub(super) enum Declaration {
    Exchange(String, ExchangeKind),
    Queue(QueueSpec),
}

impl Declarations {
    /// From now on it is to be there.
    pub(super) fn remember(&self, declaration: &Declaration) -> Result<(), BusError> {
        declaration.check()?;
        let mut remembered = self.lock();
        if remembered.exchanges.len() + remembered.queues.len() >= DECLARATIONS_MAX {
            return Err(BusError::Invalid(format!(
                "more than {DECLARATIONS_MAX} queues and exchanges are declared"
            )));
        }
        match declaration.clone() {
            Declaration::Exchange(name, kind) => drop(remembered.exchanges.insert(name, kind)),
            Declaration::Queue(spec) => drop(remembered.queues.insert(spec.name.clone(), spec)),
        }
        Ok(())
    }

    /// The broker refuses it: it is not asked for again.
    pub(super) fn forget(&self, declaration: &Declaration) {
        let mut remembered = self.lock();
        match declaration {
            Declaration::Exchange(name, _) => drop(remembered.exchanges.remove(name)),
            Declaration::Queue(spec) => drop(remembered.queues.remove(&spec.name)),
        }
    }

    /// Declares everything that is remembered. What the broker refuses is logged and left out; any other error ends it.
    pub(super) async fn repeat(&self, connection: &Connection) -> Result<(), BusError> {
        let Remembered { exchanges, queues } = self.lock().clone();
        let exchanges = exchanges
            .into_iter()
            .map(|(name, kind)| Declaration::Exchange(name, kind));
        for declaration in exchanges.chain(queues.into_values().map(Declaration::Queue)) {
            match declaration.declare(connection).await {
                Ok(()) => {}
                Err(error @ BusError::Away(_)) => return Err(error),
                Err(error) => tracing::warn!(declaration = declaration.name(), "{error}"),
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Declaration {
    /// Sees to it that it is there.
    pub(super) async fn declare(&self, connection: &Connection) -> Result<(), BusError> {
        match self {
            Self::Exchange(name, kind) => steps::exchange(connection, name, *kind).await,
            Self::Queue(spec) => steps::queue(connection, spec).await,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Exchange(name, _) => name,
            Self::Queue(spec) => &spec.name,
        }
    }

    fn check(&self) -> Result<(), BusError> {
        match self {
            Self::Exchange(name, _) => spec::check_name(name),
            Self::Queue(spec) => spec.check(),
        }
    }
}
