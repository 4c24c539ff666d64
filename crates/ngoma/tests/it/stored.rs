//! What a server that has ended left in its data folder.

use crate::program::Server;
use async_trait::async_trait;
use ngoma_engine::engine::EngineOptions;
use ngoma_engine::service::{Bundle, Ports, ServiceError, ServiceKey, ServiceRunner, Step, StepOutcome};
use ngoma_engine::{Direction, Engine, SystemClock};
use ngoma_message::Address;
use std::sync::Arc;

/// The engine of an ended server's data folder; it is not started.
pub async fn open(server: &Server) -> Arc<Engine> {
    let options = EngineOptions::new(
        Arc::new(SystemClock),
        Arc::new(NoServices),
        ngoma_channels::all(&Arc::default()),
    );
    Engine::open(&server.data(), options).await.unwrap()
}

/// Each message of a person of account `test` as `in handled text` or `out sent text`.
pub async fn story(engine: &Engine, number: &str) -> Vec<String> {
    let thread = engine.thread("test", &Address::tel(number, None), 100).await.unwrap();
    let line = |message: &ngoma_engine::MessageRecord| {
        let way = match message.direction {
            Direction::Inbound => "in",
            Direction::Outbound => "out",
        };
        format!("{way} {} {}", message.status, message.content.as_deref().unwrap_or("-"))
    };
    thread.iter().map(line).collect()
}

/// Runs nothing: the store is only read.
struct NoServices;

#[async_trait]
impl ServiceRunner for NoServices {
    async fn try_out(&self, _: Arc<Bundle>) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn load(&self, _: &ServiceKey, _: Arc<Bundle>) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn unload(&self, _: &ServiceKey) {}

    async fn step(&self, _: &ServiceKey, _: Step, _: Ports) -> StepOutcome {
        StepOutcome::default()
    }
}
