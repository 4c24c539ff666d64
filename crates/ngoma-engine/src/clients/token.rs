//! Tokens: long random words, of which the store keeps the hash.

use crate::engine::Runtime;
use crate::store::StoreError;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// What a token begins with, so that one that leaked is recognised by scanners and people.
const PREFIX: &str = "ngoma_";
/// The longest token that is looked at.
const LONGEST: usize = 128;
/// How long a token is known without asking the store again.
const KNOWN_FOR: Duration = Duration::from_secs(30);
/// How many tokens are known at once.
const KNOWN: usize = 4096;

/// A program that a token let in: what it does is done for its account alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub(crate) account: i64,
}

/// The tokens that were used lately.
#[derive(Default)]
pub(crate) struct Tokens {
    known: RwLock<HashMap<[u8; 32], (Client, Instant)>>,
}

impl Tokens {
    fn get(&self, hash: &[u8; 32]) -> Option<Client> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (client, since) = known.get(hash)?;
        (since.elapsed() < KNOWN_FOR).then(|| client.clone())
    }

    fn note(&self, hash: [u8; 32], client: Client) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(hash, (client, Instant::now()));
    }
}

/// Makes a token for an account; `None` when there is no such account.
pub(super) async fn create(runtime: &Runtime, account: &str, label: &str) -> Result<Option<String>, StoreError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Unavailable(format!("no random numbers: {error}")))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = format!("{PREFIX}{digits}");
    let added = runtime
        .store
        .add_token(account, hash(&token), label, runtime.clock.now());
    Ok(added.await?.then_some(token))
}

/// The client a token lets in.
pub(super) async fn client(runtime: &Runtime, token: &str) -> Result<Option<Client>, StoreError> {
    if !token.starts_with(PREFIX) || token.len() > LONGEST {
        return Ok(None);
    }
    let hash = hash(token);
    if let Some(client) = runtime.tokens.get(&hash) {
        return Ok(Some(client));
    }
    let found = runtime.store.account_of_token(hash).await?;
    let client = found.map(|account| Client { account });
    if let Some(client) = &client {
        runtime.tokens.note(hash, client.clone());
    }
    Ok(client)
}

/// A token has 256 random bits: a plain hash cannot be guessed back.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
