//! A service in front of a store in memory: the step code is production's, http comes from fixtures.

use super::fixtures::Fixtures;
use super::memory_kv::MemoryKv;
use anyhow::{Context, Result};
use ngoma_engine::ports::AccountPorts;
use ngoma_engine::ports::contacts::MemoryContacts;
use ngoma_engine::recording::Seed;
use ngoma_engine::service::{Bundle, Ports, ServiceError, ServiceKey, ServiceRunner, Step, StepInput, StepOutcome};
use ngoma_engine::{Clock, FrozenClock, SystemClock};
use ngoma_message::{Object, Timestamp};
use ngoma_sandbox::{Sandbox, SandboxOptions};
use std::sync::Arc;
use std::time::Duration;

/// How long one step may take, calls to the outside included; as in production.
const STEP_LIMIT: Duration = Duration::from_secs(60);

/// Code that was loaded, or why it could not be.
pub struct Loaded {
    sandbox: Arc<Sandbox>,
    key: ServiceKey,
    result: Result<(), ServiceError>,
}

/// What there is before the first message.
#[derive(Default)]
pub struct Beginning {
    /// The service's config keys and their values.
    pub config: Object,
    /// The store.
    pub kv: Object,
    /// The contacts and groups.
    pub contacts: MemoryContacts,
    /// The calls to the outside that are answered.
    pub http: Fixtures,
    /// The moment at which the clock stands; the system's clock goes on.
    pub now: Option<Timestamp>,
}

/// A service with all it may ask for.
pub struct Simulation {
    loaded: Arc<Loaded>,
    config: Arc<Object>,
    /// Its store.
    pub kv: Arc<MemoryKv>,
    /// The account's contacts and groups.
    pub contacts: Arc<MemoryContacts>,
    http: Arc<Fixtures>,
    /// What it takes for the present.
    pub clock: Arc<dyn Clock>,
    seed: Option<Seed>,
}

/// A sandbox for services that are tried out.
pub fn sandbox() -> Result<Arc<Sandbox>> {
    let sandbox = Sandbox::new(SandboxOptions::default()).context("cannot start the sandbox")?;
    Ok(Arc::new(sandbox))
}

impl Loaded {
    /// Loads a service under this name.
    pub async fn load(sandbox: Arc<Sandbox>, name: &str, bundle: Bundle) -> Arc<Self> {
        let key = ServiceKey {
            account: "simulate".to_owned(),
            service: name.to_owned(),
            version: 0,
        };
        let result = sandbox.load(&key, Arc::new(bundle)).await;
        Arc::new(Self { sandbox, key, result })
    }
}

impl Simulation {
    /// A service that nobody has talked to.
    pub fn new(loaded: Arc<Loaded>, beginning: Beginning) -> Self {
        let clock: Arc<dyn Clock> = match beginning.now {
            Some(moment) => Arc::new(FrozenClock::at(moment)),
            None => Arc::new(SystemClock),
        };
        let seed = beginning
            .now
            .map(|moment| Seed::of_number(moment.micros().unsigned_abs()));
        Self {
            loaded,
            config: Arc::new(beginning.config),
            kv: Arc::new(MemoryKv::new(beginning.kv, clock.clone())),
            contacts: Arc::new(beginning.contacts),
            http: Arc::new(beginning.http),
            clock,
            // A frozen clock asks for the same output every time: random numbers follow.
            seed,
        }
    }

    /// Tells the service something, and keeps what it stored.
    pub async fn step(&self, input: StepInput) -> StepOutcome {
        let outcome = self.run(input).await;
        self.kv.apply(&outcome);
        if outcome.error.is_none() {
            self.contacts.apply(&outcome.contacts);
        }
        outcome
    }

    async fn run(&self, input: StepInput) -> StepOutcome {
        let Loaded { sandbox, key, result } = self.loaded.as_ref();
        if let Err(error) = result {
            return StepOutcome {
                error: Some(error.clone()),
                ..StepOutcome::default()
            };
        }
        let ports = Ports {
            kv: self.kv.clone(),
            http: self.http.clone(),
            config: self.config.clone(),
            http_allow: None,
            account: AccountPorts {
                contacts: self.contacts.clone(),
                ..AccountPorts::simulated()
            },
            clock: self.clock.clone(),
            seed: self.seed,
        };
        let wall_limit = STEP_LIMIT;
        sandbox.step(key, Step { input, wall_limit }, ports).await
    }
}
