//! What the phone reads of the engine.

use async_trait::async_trait;
use ngoma_engine::directory::Directory;
use ngoma_engine::{Engine, MessageRecord, Readiness, SessionRecord, TraceLine};
use ngoma_message::{Address, MessageId};
use ngoma_web::AppError;
use std::sync::Arc;

/// The engine as the phone's pages see it: what exists and what happened. They change nothing here.
#[async_trait]
pub trait PhoneStore: Send + Sync {
    /// Every account with its channels.
    fn directory(&self) -> Arc<Directory>;
    /// A person's latest messages, newest last.
    async fn thread(&self, account: &str, address: &Address, limit: usize) -> Result<Vec<MessageRecord>, AppError>;
    /// The steps a message and its answers took.
    async fn trace(&self, account: &str, message: &MessageId) -> Result<Vec<TraceLine>, AppError>;
    /// A person's latest session on a channel.
    async fn latest_session(
        &self,
        account: &str,
        channel: &str,
        address: &Address,
    ) -> Result<Option<SessionRecord>, AppError>;
    /// Whether messages are taken now, and how well; the reason when they are not.
    async fn ready(&self) -> Result<Readiness, String>;
}

#[async_trait]
impl PhoneStore for Arc<Engine> {
    fn directory(&self) -> Arc<Directory> {
        Engine::directory(self)
    }

    async fn thread(&self, account: &str, address: &Address, limit: usize) -> Result<Vec<MessageRecord>, AppError> {
        Engine::thread(self, account, address, limit)
            .await
            .map_err(AppError::internal)
    }

    async fn trace(&self, account: &str, message: &MessageId) -> Result<Vec<TraceLine>, AppError> {
        Engine::trace(self, account, message).await.map_err(AppError::internal)
    }

    async fn latest_session(
        &self,
        account: &str,
        channel: &str,
        address: &Address,
    ) -> Result<Option<SessionRecord>, AppError> {
        Engine::latest_session(self, account, channel, address)
            .await
            .map_err(AppError::internal)
    }

    async fn ready(&self) -> Result<Readiness, String> {
        Engine::ready(self).await
    }
}
