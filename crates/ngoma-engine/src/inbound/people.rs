//! One step at a time for each person of a service: their messages never run beside each other.

use ngoma_message::Address;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Key = (i64, Address);
type Turns = Arc<Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>>;

/// The people whose messages are being worked on; as many as there are messages under way.
#[derive(Clone, Default)]
pub(crate) struct People {
    turns: Turns,
}

/// A person's turn; the next one's begins when it is dropped.
pub(crate) struct Turn {
    /// Whether another turn of the person ended while this one waited.
    pub(crate) has_waited: bool,
    guard: Option<OwnedMutexGuard<()>>,
    key: Key,
    turns: Turns,
}

impl People {
    /// Waits for the turn of a person at a service.
    pub(crate) async fn turn(&self, service: i64, person: &Address) -> Turn {
        let key = (service, person.clone());
        let lock = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(key.clone()).or_default())
        };
        let at_once = Arc::clone(&lock).try_lock_owned().ok();
        let has_waited = at_once.is_none();
        let guard = match at_once {
            Some(guard) => guard,
            None => lock.lock_owned().await,
        };
        Turn {
            has_waited,
            guard: Some(guard),
            key,
            turns: Arc::clone(&self.turns),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.guard.take());
        // One count is the table's own: nobody else waits.
        if turns.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_person_waits_for_their_own_turn_only_and_is_forgotten_after_it() {
        let people = People::default();
        let person = Address::new("tel", "+1");
        let first = people.turn(1, &person).await;
        assert!(!people.turn(2, &person).await.has_waited);
        let waiting = tokio::spawn({
            let (people, person) = (people.clone(), person.clone());
            async move { people.turn(1, &person).await.has_waited }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(people.turns.lock().unwrap().is_empty());
    }
}
