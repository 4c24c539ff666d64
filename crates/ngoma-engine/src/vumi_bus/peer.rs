//! The other side's heartbeats, as far as they were heard.

use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After how long without a heartbeat a worker counts as silent: three of its beats.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// A worker whose heartbeats are listened to.
#[derive(Debug)]
pub struct Peer {
    name: String,
    heard: Mutex<Heard>,
}

#[derive(Debug)]
struct Heard {
    last: Instant,
    ever: bool,
    is_silent: bool,
}

/// What changed about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is there (again).
    Heard,
    /// Nothing was heard of it for too long.
    Silent,
}

impl Peer {
    pub(super) fn new(name: String) -> Self {
        let heard = Heard {
            last: Instant::now(),
            ever: false,
            is_silent: false,
        };
        Self {
            name,
            heard: Mutex::new(heard),
        }
    }

    /// Its worker name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long ago its last heartbeat came; nothing when none has.
    pub fn heard_ago(&self) -> Option<Duration> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.ever.then(|| heard.last.elapsed())
    }

    /// Whether it was heard within three of its beats.
    pub fn is_alive(&self) -> bool {
        self.heard_ago().is_some_and(|ago| ago < SILENT_AFTER)
    }

    /// Takes a heartbeat, of whichever worker.
    ///
    /// ```json
    /// {"version": "20130319", "worker_id": "global:sms", "system_id": "global", "worker_name": "sms",
    ///  "hostname": "mq1", "timestamp": 1795422600.5, "pid": 12}
    /// ```
    pub(super) fn hear(&self, heartbeat: &Value) -> Option<Turn> {
        if heartbeat.get("worker_name").and_then(Value::as_str) != Some(&self.name) {
            return None;
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = !heard.ever || heard.is_silent;
        *heard = Heard {
            last: Instant::now(),
            ever: true,
            is_silent: false,
        };
        is_news.then_some(Turn::Heard)
    }

    /// Looks whether it has been silent for too long; told once.
    pub(super) fn look(&self) -> Option<Turn> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = !heard.is_silent && heard.last.elapsed() >= SILENT_AFTER;
        heard.is_silent |= turns;
        turns.then_some(Turn::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_silent_after_three_beats_and_each_turn_is_told_once() {
        let peer = Peer::new("app".into());
        let beat = json!({"worker_name": "app", "worker_id": "global:app"});
        assert!(!peer.is_alive());
        assert_eq!(peer.hear(&json!({"worker_name": "another"})), None);
        assert_eq!(peer.hear(&json!("nonsense")), None);
        assert_eq!(peer.hear(&beat), Some(Turn::Heard));
        assert_eq!(peer.hear(&beat), None);
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!((peer.look(), peer.is_alive()), (None, true));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((peer.look(), peer.is_alive()), (Some(Turn::Silent), false));
        assert_eq!(peer.look(), None);
        assert_eq!(peer.hear(&beat), Some(Turn::Heard));
        assert!(peer.is_alive());
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_never_was_is_told_silent_too() {
        let peer = Peer::new("app".into());
        tokio::time::advance(SILENT_AFTER).await;
        assert_eq!((peer.look(), peer.heard_ago()), (Some(Turn::Silent), None));
    }
}
