//! What the pages of dead letters read and ask of the engine.

use async_trait::async_trait;
use ngoma_engine::{DeadLetterKind, DeadLetterRecord, Engine};
use ngoma_message::MessageId;
use ngoma_web::AppError;
use std::sync::Arc;

/// The engine as these pages see it.
#[async_trait]
pub trait DeadLetterStore: Send + Sync {
    /// The code of every account.
    fn accounts(&self) -> Vec<String>;
    /// What was given up of an account, the latest first.
    async fn dead_letters(&self, account: &str, limit: usize) -> Result<Vec<DeadLetterRecord>, AppError>;
    /// Has one tried again; says how many there were.
    async fn retry(&self, account: &str, kind: DeadLetterKind, item: &MessageId) -> Result<usize, AppError>;
    /// Has all of a kind tried again; says how many there were.
    async fn retry_all(&self, account: &str, kind: DeadLetterKind) -> Result<usize, AppError>;
}

#[async_trait]
impl DeadLetterStore for Arc<Engine> {
    fn accounts(&self) -> Vec<String> {
        Engine::directory(self).accounts.keys().cloned().collect()
    }

    async fn dead_letters(&self, account: &str, limit: usize) -> Result<Vec<DeadLetterRecord>, AppError> {
        Engine::dead_letters(self, account, limit)
            .await
            .map_err(AppError::internal)
    }

    async fn retry(&self, account: &str, kind: DeadLetterKind, item: &MessageId) -> Result<usize, AppError> {
        self.replay_dead_letter(account, kind, item)
            .await
            .map(usize::from)
            .map_err(AppError::internal)
    }

    async fn retry_all(&self, account: &str, kind: DeadLetterKind) -> Result<usize, AppError> {
        self.replay_dead_letters(account, kind)
            .await
            .map_err(AppError::internal)
    }
}
