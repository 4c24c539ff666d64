//! The host's half: one supervised worker per service, and the conversation of each step.

mod conversation;
mod death;
mod describing;
mod lines;
mod service;
mod source;
mod spawn;
mod testing;
mod worker;

use crate::limits;
use crate::python::{self, Python};
use crate::resources::{self, ContextLimits, Resource, StepContext};
use async_trait::async_trait;
use conversation::Conversation;
use ngoma_engine::service::{Bundle, Ports, ServiceError, ServiceKey, ServiceRunner, Step, StepOutcome};
use service::Service;
use source::Source;
use spawn::Spawner;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use worker::Worker;

/// How services are run.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The program whose hidden command `sandbox-worker` calls [`worker_main`](crate::worker_main).
    pub program: PathBuf,
    /// How long a service may take to load.
    pub load_limit: Duration,
    /// How many steps of one service run at once; others wait.
    pub steps_at_once: usize,
    /// How many keys a service may hold.
    pub keys_limit: u64,
    /// Where services in Python have their files.
    pub python: PathBuf,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            load_limit: Duration::from_secs(15),
            steps_at_once: 32,
            keys_limit: 550_000,
            python: python::folder_of_user(),
        }
    }
}

/// Runs the code of services in worker processes. Workers die with it.
pub struct Sandbox {
    options: SandboxOptions,
    spawner: Arc<Spawner>,
    python: Python,
    resources: Vec<Box<dyn Resource>>,
    services: Mutex<HashMap<ServiceKey, Arc<Service>>>,
}

impl Sandbox {
    /// A sandbox without services.
    pub fn new(options: SandboxOptions) -> io::Result<Self> {
        Ok(Self {
            spawner: Arc::new(Spawner::start(options.program.clone())?),
            python: Python::new(options.python.clone()),
            options,
            resources: resources::all(),
            services: Mutex::default(),
        })
    }

    /// The process of a service's worker, to measure it.
    pub async fn worker_pid(&self, key: &ServiceKey) -> Option<u32> {
        match self.service(key) {
            Some(service) => Some(service.worker_pid().await),
            None => None,
        }
    }

    fn services(&self) -> MutexGuard<'_, HashMap<ServiceKey, Arc<Service>>> {
        // A panic elsewhere cannot leave a map of Arcs half written.
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn service(&self, key: &ServiceKey) -> Option<Arc<Service>> {
        self.services().get(key).cloned()
    }

    async fn run(&self, key: &ServiceKey, step: &Step, context: &mut StepContext) -> Result<(), ServiceError> {
        let service = self.service(key).ok_or_else(|| error("the service is not loaded"))?;
        let _turn = service.turn().await;
        let begun = service.begin_step().await?;
        let conversation = Conversation::new(step, context, &self.resources, Some(begun.loaded))?;
        let longest = step.wall_limit + limits::WALL_GRACE + limits::HOST_GRACE;
        let talked = tokio::time::timeout(longest, conversation.run(begun)).await;
        if talked.is_err() {
            service.end_hung().await;
        }
        match talked.unwrap_or_else(|_| Err(error(&limits::wall_time_spent(step.wall_limit)))) {
            Ok(()) => Ok(()),
            Err(failed) => Err(service.explained(failed).await),
        }
    }
}

#[async_trait]
impl ServiceRunner for Sandbox {
    async fn try_out(&self, bundle: Arc<Bundle>) -> Result<(), ServiceError> {
        let source = Source::of(bundle, &self.python).await?;
        let worker = Worker::start(&self.spawner, &source, self.options.load_limit, || {}).await;
        worker.map(drop)
    }

    async fn load(&self, key: &ServiceKey, bundle: Arc<Bundle>) -> Result<(), ServiceError> {
        if self.service(key).is_some_and(|loaded| loaded.has(&bundle)) {
            return Ok(());
        }
        let source = Source::of(bundle, &self.python).await?;
        let service = Service::load(key, source, Arc::clone(&self.spawner), &self.options).await?;
        self.services().insert(key.clone(), service);
        Ok(())
    }

    async fn unload(&self, key: &ServiceKey) {
        self.services().remove(key);
    }

    async fn step(&self, key: &ServiceKey, step: Step, ports: Ports) -> StepOutcome {
        let limits = ContextLimits {
            keys: self.options.keys_limit,
        };
        let mut context = StepContext::new(ports, &step.input, limits);
        let result = self.run(key, &step, &mut context).await;
        context.outcome.error = result.err();
        context.outcome
    }
}

/// A failure without a place in the author's files.
fn error(message: &str) -> ServiceError {
    ServiceError {
        message: message.to_owned(),
        file: None,
        line: None,
        column: None,
    }
}
