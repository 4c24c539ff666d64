//! The requests that wait for a screen, and the screens given lately: both bounded.

use super::wire::TurnAnswer;
use ngoma_message::MessageId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

/// The most requests that wait at once on one channel.
pub const WAITING_LIMIT: usize = 10_000;

/// The most screens kept for a gateway that asks again.
pub const RECENT_LIMIT: usize = 4_096;

/// What the engine decided about a message that waits.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The service's screen.
    Answer(TurnAnswer),
    /// No answer will come, for this reason.
    GiveUp(String),
}

/// What is known about a message that came before.
pub enum Earlier {
    /// Its screen is not decided yet.
    Coming(watch::Receiver<Option<TurnAnswer>>),
    /// The screen it got.
    Given(TurnAnswer),
}

/// All that wait on one channel.
#[derive(Default)]
pub struct Waiting {
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    open: HashMap<MessageId, Open>,
    recent: HashMap<MessageId, TurnAnswer>,
    recent_order: VecDeque<MessageId>,
}

/// A message whose screen is not given yet. The first verdict takes the sender; there is no second.
struct Open {
    verdict: Option<oneshot::Sender<Verdict>>,
    given: watch::Receiver<Option<TurnAnswer>>,
}

/// The place of one message among those that wait; dropping it gives the place up.
pub struct Seat {
    id: MessageId,
    waiting: Arc<Waiting>,
    verdict: oneshot::Receiver<Verdict>,
    given: watch::Sender<Option<TurnAnswer>>,
}

impl Waiting {
    /// Takes a place for a message, unless [`WAITING_LIMIT`] are taken.
    pub fn open(self: &Arc<Self>, id: &MessageId) -> Option<Seat> {
        let (verdict_sender, verdict) = oneshot::channel();
        let (given, given_receiver) = watch::channel(None);
        let mut desk = self.desk();
        if desk.open.len() >= WAITING_LIMIT {
            return None;
        }
        let open = Open {
            verdict: Some(verdict_sender),
            given: given_receiver,
        };
        desk.open.insert(id.clone(), open);
        Some(Seat {
            id: id.clone(),
            waiting: Arc::clone(self),
            verdict,
            given,
        })
    }

    /// Gives a message that waits its verdict. Returns whether anybody waited: the first verdict counts.
    pub fn decide(&self, id: &MessageId, verdict: Verdict) -> bool {
        let sender = self.desk().open.get_mut(id).and_then(|open| open.verdict.take());
        sender.is_some_and(|sender| sender.send(verdict).is_ok())
    }

    /// What is known about a message that came before.
    pub fn earlier(&self, id: &MessageId) -> Option<Earlier> {
        let desk = self.desk();
        if let Some(open) = desk.open.get(id) {
            return Some(Earlier::Coming(open.given.clone()));
        }
        desk.recent.get(id).cloned().map(Earlier::Given)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The message that waits.
    pub fn id(&self) -> &MessageId {
        &self.id
    }

    /// Waits for the verdict; `None` when none came in time. After that a verdict finds nobody.
    pub async fn verdict(&mut self, deadline: Instant) -> Option<Verdict> {
        if let Ok(verdict) = timeout_at(deadline, &mut self.verdict).await {
            return verdict.ok();
        }
        // A verdict that was taken at the very last moment still counts: its sender was told so.
        self.verdict.close();
        self.verdict.try_recv().ok()
    }

    /// Gives the screen to all who asked for it, and keeps it for those who ask again.
    pub fn give(self, answer: &TurnAnswer) {
        self.waiting.desk().remember(&self.id, answer.clone());
        self.given.send_replace(Some(answer.clone()));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.waiting.desk().open.remove(&self.id);
    }
}

impl Desk {
    fn remember(&mut self, id: &MessageId, answer: TurnAnswer) {
        if self.recent_order.len() >= RECENT_LIMIT
            && let Some(oldest) = self.recent_order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        self.recent_order.push_back(id.clone());
        self.recent.insert(id.clone(), answer);
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::AnswerEvent;
    use super::*;
    use std::time::Duration;

    fn answer(content: &str) -> TurnAnswer {
        TurnAnswer {
            content: content.to_owned(),
            session_event: AnswerEvent::Resume,
            message_id: "a-1".to_owned(),
        }
    }

    fn given(waiting: &Waiting, id: &str) -> Option<TurnAnswer> {
        match waiting.earlier(&id.into())? {
            Earlier::Given(answer) => Some(answer),
            Earlier::Coming(_) => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_verdict_counts_and_there_is_no_second() {
        let waiting = Arc::new(Waiting::default());
        let id = MessageId::from("m-1");
        let mut seat = waiting.open(&id).expect("a place");
        assert!(waiting.decide(&id, Verdict::Answer(answer("one"))));
        assert!(!waiting.decide(&id, Verdict::Answer(answer("two"))));
        let verdict = seat.verdict(Instant::now() + Duration::from_secs(5)).await;
        assert_eq!(verdict, Some(Verdict::Answer(answer("one"))));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_deadline_a_verdict_finds_nobody() {
        let waiting = Arc::new(Waiting::default());
        let id = MessageId::from("m-1");
        let mut seat = waiting.open(&id).expect("a place");
        assert_eq!(seat.verdict(Instant::now() + Duration::from_secs(5)).await, None);
        assert!(!waiting.decide(&id, Verdict::Answer(answer("late"))));
    }

    #[tokio::test]
    async fn who_asks_again_gets_the_same_screen() {
        let waiting = Arc::new(Waiting::default());
        let seat = waiting.open(&"m-1".into()).expect("a place");
        let Some(Earlier::Coming(mut coming)) = waiting.earlier(&"m-1".into()) else {
            panic!("the message waits");
        };
        seat.give(&answer("one"));
        let shared = coming.wait_for(Option::is_some).await.expect("a screen").clone();
        assert_eq!(shared, Some(answer("one")));
        assert_eq!(given(&waiting, "m-1"), Some(answer("one")));
        assert!(!waiting.decide(&"m-1".into(), Verdict::GiveUp("late".to_owned())));
    }

    #[test]
    fn a_place_given_up_is_free_again() {
        let waiting = Arc::new(Waiting::default());
        let mut seats: Vec<_> = (0..WAITING_LIMIT)
            .map(|number| waiting.open(&format!("m-{number}").into()))
            .collect();
        assert!(seats.iter().all(Option::is_some));
        assert!(waiting.open(&"one-more".into()).is_none());
        seats.pop();
        assert!(waiting.open(&"one-more".into()).is_some());
    }

    #[test]
    fn only_the_latest_screens_are_kept() {
        let waiting = Arc::new(Waiting::default());
        for number in 0..=RECENT_LIMIT {
            let seat = waiting.open(&format!("m-{number}").into()).expect("a place");
            seat.give(&answer("one"));
        }
        assert_eq!(given(&waiting, "m-0"), None);
        assert!(given(&waiting, "m-1").is_some());
        assert!(given(&waiting, &format!("m-{RECENT_LIMIT}")).is_some());
        assert_eq!(waiting.desk().recent.len(), RECENT_LIMIT);
    }
}
