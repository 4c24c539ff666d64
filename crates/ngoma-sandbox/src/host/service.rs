//! A loaded service: its worker, started again when it ends.

use super::SandboxOptions;
use super::death;
use super::source::Source;
use super::spawn::Spawner;
use super::worker::{BegunStep, Worker};
use crate::python::crash;
use ngoma_engine::service::{Bundle, ServiceError, ServiceKey};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A worker that lived this long was well; its end starts the pauses anew.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// How long the last words of a process may take to be read.
const WORDS_AFTER: Duration = Duration::from_millis(50);

/// A service that can run steps.
pub struct Service {
    key: ServiceKey,
    source: Source,
    spawner: Arc<Spawner>,
    load_limit: Duration,
    turns: Semaphore,
    running: Mutex<Running>,
}

struct Running {
    worker: Arc<Worker>,
    started_at: Instant,
    /// How long to wait before the next start.
    pause: Duration,
}

impl Service {
    /// Loads a service.
    pub async fn load(
        key: &ServiceKey,
        source: Source,
        spawner: Arc<Spawner>,
        options: &SandboxOptions,
    ) -> Result<Arc<Self>, ServiceError> {
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let on_end = move || {
            let _ = ended.send(());
        };
        let worker = Worker::start(&spawner, &source, options.load_limit, on_end).await?;
        let service = Arc::new(Self {
            key: key.clone(),
            source,
            spawner,
            load_limit: options.load_limit,
            turns: Semaphore::new(options.steps_at_once),
            running: Mutex::new(Running {
                worker: Arc::new(worker),
                started_at: Instant::now(),
                pause: FIRST_PAUSE,
            }),
        });
        tokio::spawn(supervise(Arc::downgrade(&service), has_ended));
        Ok(service)
    }

    /// Whether this is the code it runs.
    pub fn has(&self, bundle: &Bundle) -> bool {
        self.source.is(bundle)
    }

    /// Waits until one more step may run.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// The worker's process.
    pub async fn worker_pid(&self) -> u32 {
        self.running.lock().await.worker.pid()
    }

    /// Ends a worker in Python that does not keep its steps to their time; it is started again.
    pub async fn end_hung(&self) {
        self.running.lock().await.worker.end_group();
    }

    /// A step's error, with the place where its process crashed if the worker says so.
    pub async fn explained(&self, error: ServiceError) -> ServiceError {
        if self.source.python().is_none() || !death::is_crash(&error.message) {
            return error;
        }
        // The news of its end may come before what it wrote.
        tokio::time::sleep(WORDS_AFTER).await;
        let words = self.running.lock().await.worker.last_words();
        match crash::place(&words) {
            Some((file, line)) => ServiceError {
                file: Some(file),
                line: Some(line),
                ..error
            },
            None => error,
        }
    }

    /// Has the worker begin a step.
    pub async fn begin_step(&self) -> Result<BegunStep, ServiceError> {
        let worker = Arc::clone(&self.running.lock().await.worker);
        let begun = if worker.is_over() {
            None
        } else {
            worker.begin_step().await.ok()
        };
        begun.ok_or_else(|| super::error("the service's worker ended and is being started again"))
    }
}

/// Starts the worker again each time it ended, until the service is unloaded.
async fn supervise(service: Weak<Service>, mut has_ended: tokio::sync::oneshot::Receiver<()>) {
    loop {
        let _ = has_ended.await;
        let Some(pause) = pause_before_start(&service).await else {
            return;
        };
        tokio::time::sleep(pause).await;
        let Some(service) = service.upgrade() else {
            return;
        };
        has_ended = start_again(&service).await;
    }
}

async fn pause_before_start(service: &Weak<Service>) -> Option<Duration> {
    let service = service.upgrade()?;
    let mut running = service.running.lock().await;
    if running.started_at.elapsed() > WELL_AFTER {
        running.pause = FIRST_PAUSE;
    }
    let pause = running.pause;
    running.pause = (pause * 2).min(LONGEST_PAUSE);
    tracing::warn!(
        account.id = service.key.account,
        service = service.key.service,
        pause_ms = pause.as_millis(),
        "the worker of a service ended; it is started again"
    );
    Some(pause)
}

/// A start that fails ends at once, so that the next pause begins.
async fn start_again(service: &Service) -> tokio::sync::oneshot::Receiver<()> {
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    let on_end = move || {
        let _ = ended.send(());
    };
    match Worker::start(&service.spawner, &service.source, service.load_limit, on_end).await {
        Ok(worker) => {
            let mut running = service.running.lock().await;
            running.worker = Arc::new(worker);
            running.started_at = Instant::now();
        }
        Err(error) => {
            tracing::error!(
                account.id = service.key.account,
                service = service.key.service,
                %error,
                "the worker of a service could not be started again"
            );
        }
    }
    has_ended
}
