//! The keys of contacts and groups: 32 hexadecimal digits, as Vumi Go's.

use super::contact::Field;
use super::{Contact, ContactsPort};
use crate::service::PortError;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How many keys an address may lead to: so many contacts were made for it, and have another address now.
const KEYS_OF_ONE: u32 = 100;

/// A key like no other.
pub(super) fn random_key() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The key of a contact that is made for an address: the same for whoever makes one at the same time, so that an address
/// never gets two. `is_taken` tells of contacts the port does not know yet.
pub async fn key_of_contact(
    port: &dyn ContactsPort,
    field: Field,
    address: &str,
    is_taken: impl Fn(&str) -> bool + Send,
) -> Result<String, PortError> {
    let salt = port.key_salt().await?;
    for number in 0..KEYS_OF_ONE {
        let key = derived(&salt, field.word(), address, number);
        if !is_taken(&key) && port.contact(&key).await?.is_none_or(|held| has(&held, field, address)) {
            return Ok(key);
        }
    }
    Ok(port.fresh_key())
}

/// The key of a group that is made for a name, likewise.
pub async fn key_of_group(
    port: &dyn ContactsPort,
    name: &str,
    is_taken: impl Fn(&str) -> bool + Send,
) -> Result<String, PortError> {
    let salt = port.key_salt().await?;
    let keys = (0..KEYS_OF_ONE).map(|number| derived(&salt, "group", name, number));
    Ok(keys
        .into_iter()
        .find(|key| !is_taken(key))
        .unwrap_or_else(|| port.fresh_key()))
}

fn has(contact: &Contact, field: Field, address: &str) -> bool {
    contact.field(field) == Some(address)
}

/// With a salt: else whoever has a key could try which telephone number it was made of.
pub(super) fn derived(salt: &[u8], kind: &str, text: &str, number: u32) -> String {
    let mut hash = Sha256::new();
    for part in [salt, kind.as_bytes(), text.as_bytes(), &number.to_be_bytes()] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_from_what_they_are_made_of() {
        let key = |salt: &str, kind, text, number| derived(salt.as_bytes(), kind, text, number);
        let first = key("s", "msisdn", "+1", 0);
        assert_eq!(first, key("s", "msisdn", "+1", 0));
        assert_eq!(first.len(), 32);
        let others = [
            key("t", "msisdn", "+1", 0),
            key("s", "gtalk_id", "+1", 0),
            key("s", "msisdn", "+2", 0),
            key("s", "msisdn", "+1", 1),
            key("sm", "sisdn", "+1", 0),
        ];
        assert!(!others.contains(&first), "{others:?}");
    }
}
