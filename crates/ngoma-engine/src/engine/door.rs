//! The engine's side of one channel.

use super::Runtime;
use crate::channel::{Door, Inbound, LateAnswer, Noted, Receipt, ReceiveError, Received, Reported, SystemMessage};
use crate::channels::{Home, Running};
use crate::clients::AcceptError;
use crate::inbound::{self, must_wait, spool, unavailable, within_patience};
use crate::receipts;
use crate::relay;
use crate::store::{Arrival, FallbackText, StoreError};
use async_trait::async_trait;
use ngoma_message::MessageId;
use std::sync::{Arc, Weak};

/// Takes what one channel hands in; knows the channel by name, since it is opened before it is stored.
pub(super) struct ChannelDoor {
    runtime: Weak<Runtime>,
    home: Home,
    account: String,
    channel: String,
}

impl ChannelDoor {
    pub(super) fn new(runtime: Weak<Runtime>, home: Home, account: &str, channel: &str) -> Self {
        Self {
            runtime,
            home,
            account: account.to_owned(),
            channel: channel.to_owned(),
        }
    }

    fn enter(&self) -> Result<(Arc<Runtime>, i64), ReceiveError> {
        let closed = || ReceiveError::Unavailable("the engine is closing down".into());
        let runtime = self.runtime.upgrade().filter(|runtime| !runtime.is_stopping());
        let runtime = runtime.ok_or_else(closed)?;
        let channel = runtime
            .catalog()
            .channel_named(&self.account, &self.channel)
            .map(|entry| entry.id);
        Ok((runtime, channel.ok_or_else(closed)?))
    }

    /// The channel of this door, whose transport knows who waits; one that was replaced and is gone has a successor.
    fn running(&self, runtime: &Runtime, channel: i64) -> Result<Arc<Running>, ReceiveError> {
        let own = self.home.get().and_then(Weak::upgrade);
        own.or_else(|| runtime.host.get(channel))
            .ok_or_else(|| ReceiveError::Unavailable("the channel does not run".into()))
    }
}

#[async_trait]
impl Door for ChannelDoor {
    async fn receive(&self, inbound: Inbound) -> Result<Received, ReceiveError> {
        let (runtime, channel) = self.enter()?;
        inbound::receive(&runtime, &self.running(&runtime, channel)?, inbound).await
    }

    async fn report(&self, receipt: Receipt) -> Result<Reported, ReceiveError> {
        let (runtime, channel) = self.enter()?;
        let catalog = runtime.catalog();
        let channel = catalog.channel(channel).ok_or(ReceiveError::UnknownMessage)?;
        receipts::report(&runtime, channel, receipt).await
    }

    async fn answer(&self, answer: LateAnswer) -> Result<Reported, ReceiveError> {
        let (runtime, channel) = self.enter()?;
        let catalog = runtime.catalog();
        let channel = catalog.channel(channel).ok_or(ReceiveError::UnknownMessage)?;
        receipts::answer(&runtime, channel, answer).await
    }

    async fn submit(&self, message: SystemMessage) -> Result<MessageId, AcceptError> {
        let (runtime, channel) = self
            .enter()
            .map_err(|error| AcceptError::Unavailable(error.to_string()))?;
        let catalog = runtime.catalog();
        let channel = catalog.channel(channel);
        let channel = channel.ok_or_else(|| AcceptError::Unavailable("the channel does not run".into()))?;
        relay::submit(&runtime, channel, message).await
    }

    async fn noted(&self, message: &MessageId) -> Result<Option<Noted>, ReceiveError> {
        let (runtime, channel) = self.enter()?;
        let catalog = runtime.catalog();
        let channel = catalog.channel(channel).ok_or(ReceiveError::UnknownMessage)?;
        let asked = runtime
            .store
            .asked(channel.account, message)
            .await
            .map_err(unavailable)?;
        let own = asked.filter(|asked| asked.message.channel == channel.id);
        Ok(own.map(|asked| Noted {
            provider_id: asked.message.provider_id,
            transport_metadata: asked.message.transport_metadata,
        }))
    }

    async fn record_fallback(
        &self,
        in_reply_to: &MessageId,
        content: &str,
        ends_session: bool,
        reason: &str,
    ) -> Result<MessageId, ReceiveError> {
        // Also while closing down: the person gets this text in any case.
        let closed = || ReceiveError::Unavailable("the engine is closing down".into());
        let runtime = self.runtime.upgrade().ok_or_else(closed)?;
        let catalog = runtime.catalog();
        let channel = catalog.channel_named(&self.account, &self.channel).ok_or_else(closed)?;
        let id = MessageId::generate();
        let fallback = FallbackText {
            id: id.clone(),
            account: channel.account,
            channel: channel.id,
            in_reply_to: in_reply_to.clone(),
            content: content.to_owned(),
            ends_session,
            reason: reason.to_owned(),
            at: runtime.clock.now(),
        };
        if must_wait(&runtime, channel.id) {
            return spool(&runtime, Arrival::Fallback(fallback)).await.map(|()| id);
        }
        let recorded = match within_patience(&runtime, runtime.store.record_fallback(fallback.clone())).await {
            Err(StoreError::Unavailable(_)) if runtime.spool.is_some() => {
                return spool(&runtime, Arrival::Fallback(fallback)).await.map(|()| id);
            }
            recorded => recorded.map_err(unavailable)?,
        };
        match recorded {
            Some(()) => Ok(id),
            None => Err(ReceiveError::UnknownMessage),
        }
    }
}
