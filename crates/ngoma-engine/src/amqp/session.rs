//! A session with the broker: from when it is reached until it is lost.

use super::address::Address;
use super::declare::Declarations;
use super::dial::Wire;
use super::options::BusOptions;
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use std::sync::Arc;

/// Two connections that live and die together. While its memory or disk is nearly full RabbitMQ reads nothing more from
/// a connection that publishes; acknowledgements must still reach it, or its queues could not shrink.
pub(super) struct Session {
    publishing: Wire,
    working: Wire,
    declarations: Declarations,
}

impl Session {
    /// Reaches the broker and declares what is remembered.
    pub(super) async fn begin(
        address: &Address,
        options: &BusOptions,
        declarations: Declarations,
    ) -> Result<Self, String> {
        let working = Wire::dial(address, options, "working").await?;
        declarations
            .repeat(working.connection())
            .await
            .map_err(|error| error.to_string())?;
        let publishing = Wire::dial(address, options, "publishing").await?;
        Ok(Self {
            publishing,
            working,
            declarations,
        })
    }

    /// Whether both connections can still be used.
    pub(super) fn is_alive(&self) -> bool {
        self.publishing.is_alive() && self.working.is_alive()
    }

    /// A channel on which publications are confirmed.
    pub(super) async fn publishing_channel(self: Arc<Self>) -> lapin::Result<Channel> {
        let channel = self.publishing.connection().create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    /// The same after the broker ended one, perhaps because somebody took away what is declared.
    pub(super) async fn restored_publishing_channel(self: Arc<Self>) -> lapin::Result<Channel> {
        self.restore().await;
        self.publishing_channel().await
    }

    /// Declares again what is remembered.
    pub(super) async fn restore(&self) {
        // A session that is lost meanwhile is followed by one that does it too.
        let _ = self.declarations.repeat(self.working.connection()).await;
    }

    /// The connection for all but publishing.
    pub(super) fn working(&self) -> &lapin::Connection {
        self.working.connection()
    }

    /// The connection for publishing.
    pub(super) fn publishing(&self) -> &lapin::Connection {
        self.publishing.connection()
    }

    /// Ends both connections where they are.
    pub(super) fn cut(&self) {
        self.publishing.cut();
        self.working.cut();
    }

    /// Says goodbye.
    pub(super) async fn close(&self) {
        tokio::join!(self.publishing.close(), self.working.close());
    }
}
