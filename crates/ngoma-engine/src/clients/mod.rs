//! What an account's own programs do: they are let in by a token, hand over messages and ask what became of them.

mod accept;
mod hand_in;
mod token;

pub use accept::{AcceptError, RequestKey, Submission};
pub(crate) use accept::{check_address, check_texts};
pub(crate) use hand_in::hand_in;
pub use token::Client;
pub(crate) use token::Tokens;

use crate::engine::Engine;
use crate::record::{EventRecord, MessageRecord};
use crate::store::StoreError;
use ngoma_message::MessageId;
use std::time::Duration;

impl Engine {
    /// Makes a token for an account; it is shown this once, the store keeps its hash. `None` when there is no such
    /// account.
    pub async fn create_token(&self, account: &str, label: &str) -> Result<Option<String>, StoreError> {
        token::create(self.runtime(), account, label).await
    }

    /// The client a token lets in, if it is one.
    pub async fn client(&self, token: &str) -> Result<Option<Client>, StoreError> {
        token::client(self.runtime(), token).await
    }

    /// Takes a client's messages: all of them or none. When this returns they are durable; their ids are in order.
    pub async fn accept(
        &self,
        client: &Client,
        submissions: Vec<Submission>,
        key: Option<RequestKey>,
    ) -> Result<Vec<MessageId>, AcceptError> {
        accept::accept(self.runtime(), client, submissions, key).await
    }

    /// How long what waits on the channels of these messages takes to send, if that can be told; of several channels the
    /// longest.
    pub fn time_to_drain(&self, client: &Client, submissions: &[Submission]) -> Option<Duration> {
        accept::time_to_drain(self.runtime(), client, submissions)
    }

    /// A message of a client's account, with what became of it, oldest first.
    pub async fn message(
        &self,
        client: &Client,
        id: &MessageId,
    ) -> Result<Option<(MessageRecord, Vec<EventRecord>)>, StoreError> {
        let store = &self.runtime().store;
        let Some(message) = store.message(client.account, id).await? else {
            return Ok(None);
        };
        Ok(Some((message, store.events(client.account, id).await?)))
    }
}
