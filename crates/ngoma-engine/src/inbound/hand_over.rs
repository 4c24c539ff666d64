//! Who gets a person's messages where a service has handed them over, and what a step decides about it.

use super::people::Turn;
use super::session::SessionTurn;
use super::{Job, route};
use crate::directory::ServiceEntry;
use crate::engine::Runtime;
use crate::ports::{HandOverWrite, OptOutWrite};
use crate::service::StepOutcome;
use crate::store::{HandOver, HandOverChange, PeopleWrites, StoreError, Wish, Wished};
use crate::trace::Trail;
use futures_util::FutureExt;
use ngoma_message::{MessageId, SessionEvent, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long it is remembered that an account has hand-overs, before the store is asked whether it still has.
const SOME_FOR: Duration = Duration::from_secs(60);
/// How long it is remembered that an account has none where other processes may store one.
const NONE_FOR: Duration = Duration::from_secs(1);

/// Which accounts have hand-overs, so that those without any ask the store for none: a process knows its own at once, and
/// those of others that share its database within a second.
#[derive(Default)]
pub(crate) struct KnownHandOvers(Mutex<Known>);

#[derive(Default)]
struct Known {
    accounts: HashMap<i64, Answer>,
    /// Counts the hand-overs this process has stored: an answer that was asked for before one came is not believed.
    stored: u64,
}

#[derive(Clone, Copy)]
struct Answer {
    has_some: bool,
    at: Duration,
}

impl KnownHandOvers {
    /// Whether an account has some, if that is known; else what to give [`Self::learn`] with the store's answer.
    fn ask(&self, account: i64, now: Duration, is_shared: bool) -> Result<bool, u64> {
        let known = self.known();
        let is_fresh = |answer: &&Answer| {
            let kept = match (answer.has_some, is_shared) {
                (true, _) => SOME_FOR,
                (false, true) => NONE_FOR,
                (false, false) => Duration::MAX,
            };
            now.saturating_sub(answer.at) < kept
        };
        match known.accounts.get(&account).filter(is_fresh) {
            Some(answer) => Ok(answer.has_some),
            None => Err(known.stored),
        }
    }

    fn learn(&self, account: i64, has_some: bool, now: Duration, stored: u64) {
        let mut known = self.known();
        if known.stored == stored {
            known.accounts.insert(account, Answer { has_some, at: now });
        }
    }

    /// Notes that this process has stored one.
    fn note_stored(&self, account: i64, now: Duration) {
        let mut known = self.known();
        known.stored += 1;
        let answer = Answer {
            has_some: true,
            at: now,
        };
        known.accounts.insert(account, answer);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message's turn: the service that takes it, and why.
pub(super) struct Seat {
    pub(super) service: i64,
    pub(super) reason: String,
    pub(super) turn: Turn,
}

impl Job {
    /// Waits for the person's turn at the service that takes the message: the one it is routed to, or another that the
    /// person was handed to. Whoever has to move lines up there before the turn here ends, so that a person's messages keep
    /// their order. The session is looked up again when a turn before this one may have changed it. Nothing comes back
    /// where nobody takes the message.
    pub(super) async fn take_turn(
        &self,
        mut routed: Option<(i64, String)>,
        session: &mut Option<SessionTurn>,
    ) -> Result<Option<Seat>, StoreError> {
        let mut held: Option<(i64, Turn)> = match &routed {
            Some((service, _)) => Some((*service, self.turn_at(*service, None).await)),
            None => None,
        };
        loop {
            if held.as_ref().is_some_and(|(_, turn)| turn.has_waited) {
                let found = self.resolve_session().await;
                *session = found.unwrap_or_else(|_| session.take());
                if let Some(service) = session.as_ref().and_then(|session| session.service) {
                    routed = Some((service, route::STAYS.to_owned()));
                }
            }
            let handed = self.handed_over().await?;
            let handed = handed.and_then(|handed| self.by_hand_over(&handed, session.as_ref()));
            let Some((service, reason)) = handed.or_else(|| routed.clone()) else {
                return Ok(None);
            };
            held = match held {
                Some((at, turn)) if at == service => return Ok(Some(Seat { service, reason, turn })),
                elsewhere => {
                    let turn = self.turn_at(service, elsewhere.map(|(_, turn)| turn)).await;
                    Some((service, turn))
                }
            };
        }
    }

    /// Waits for the person's turn at a service; a turn that is held elsewhere ends once this one is lined up for.
    async fn turn_at(&self, service: i64, elsewhere: Option<Turn>) -> Turn {
        let mut waiting = Box::pin(self.runtime.people.turn(service, &self.message.from));
        let at_once = waiting.as_mut().now_or_never();
        drop(elsewhere);
        match at_once {
            Some(turn) => turn,
            None => waiting.await,
        }
    }

    /// Where the person's messages on this channel go, if they were handed over.
    async fn handed_over(&self) -> Result<Option<HandOver>, StoreError> {
        let (runtime, account) = (&self.runtime, self.message.account);
        let now = runtime.clock.monotonic();
        match runtime.hand_overs.ask(account, now, runtime.store.is_shared()) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(stored) => {
                let has_some = runtime.persist(|| runtime.store.has_hand_overs(account)).await?;
                runtime.hand_overs.learn(account, has_some, now, stored);
                if !has_some {
                    return Ok(None);
                }
            }
        }
        let (channel, person) = (self.message.channel, &self.message.from);
        let read = || runtime.store.hand_over(account, channel, person, runtime.expiry_now());
        runtime.persist(read).await
    }

    /// The service that messages were handed over to, with the reason. A session's end is told to the service that has
    /// the session.
    fn by_hand_over(&self, handed: &HandOver, session: Option<&SessionTurn>) -> Option<(i64, String)> {
        let catalog = self.runtime.catalog();
        let to = catalog.service(handed.to)?;
        let ends = session.is_some_and(|session| session.event == SessionEvent::Close);
        if ends && session.and_then(|session| session.service) != Some(to.id) {
            return None;
        }
        let by = catalog.service(handed.by).map_or("?", |by| by.key.service.as_str());
        let mut reason = format!("handed over to {} by {by}", to.key.service);
        if let Some(why) = &handed.reason {
            reason.push_str(&format!(": {why}"));
        }
        Some((to.id, reason))
    }

    /// What a step decided about people, for its transaction.
    pub(super) fn people(&self, service: &ServiceEntry, outcome: &StepOutcome, trail: &mut Trail) -> PeopleWrites {
        let now = self.runtime.clock.now();
        let mut people = wishes(&outcome.opt_outs, service, now, None, trail);
        people.contacts.clone_from(&outcome.contacts);
        for write in &outcome.hand_overs {
            let begins = match write {
                HandOverWrite::Back => {
                    trail.note(now, "hand over", format!("handed back by {}", service.key.service));
                    None
                }
                HandOverWrite::To {
                    service: to,
                    reason,
                    until,
                } => {
                    let Some(number) = service_named(&self.runtime, service.account, to) else {
                        trail.note(now, "hand over", format!("not to {to}: there is no such service"));
                        continue;
                    };
                    let why = reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                    let by = &service.key.service;
                    trail.note(
                        now,
                        "hand over",
                        format!("handed over to {to} by {by}{why}; until {}", until.to_vumi()),
                    );
                    Some(HandOver {
                        to: number,
                        by: service.id,
                        reason: reason.clone(),
                        until: *until,
                    })
                }
            };
            people.hand_overs.push(HandOverChange {
                channel: self.message.channel,
                person: self.message.from.clone(),
                begins,
            });
        }
        people
    }

    /// Notes that what a step decided is stored.
    pub(super) fn note_hand_overs(&self, people: &PeopleWrites) {
        if people.hand_overs.iter().any(|change| change.begins.is_some()) {
            let now = self.runtime.clock.monotonic();
            self.runtime.hand_overs.note_stored(self.message.account, now);
        }
    }
}

/// The wishes of people that a service learned of, for the transaction of its step; `about` is the message told of, where
/// that is not the one whose trace it is.
pub(crate) fn wishes(
    writes: &[OptOutWrite],
    service: &ServiceEntry,
    now: Timestamp,
    about: Option<&MessageId>,
    trail: &mut Trail,
) -> PeopleWrites {
    let mut people = PeopleWrites::default();
    for write in writes {
        let (wish, at, message, done) = match write {
            OptOutWrite::OptOut(record) => (
                Wish::OptOut,
                record.at,
                record.message.clone(),
                "no messages of the account any more",
            ),
            OptOutWrite::OptIn { .. } => (Wish::OptIn, now, None, "messages of the account again"),
        };
        let address = write.address().clone();
        let said = format!("{} gets {done}, by service {}", address.value(), service.key.service);
        match about {
            Some(about) => trail.note_about(about, now, "opt-out", said),
            None => trail.note(now, "opt-out", said),
        }
        people.wishes.push((Wished { wish, address, message }, at));
    }
    people
}

fn service_named(runtime: &Runtime, account: i64, name: &str) -> Option<i64> {
    let catalog = runtime.catalog();
    let mut services = catalog.services();
    services
        .find(|service| service.account == account && service.key.service == name)
        .map(|service| service.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_any_is_asked_for_once_or_once_a_second() {
        let at = Duration::from_secs;
        let known = KnownHandOvers::default();
        assert_eq!(known.ask(1, at(100), false), Err(0));
        known.learn(1, false, at(100), 0);
        for (now, is_shared, expected) in [
            (100, false, Ok(false)),
            (1_000_000, false, Ok(false)),
            (100, true, Ok(false)),
            (101, true, Err(0)),
        ] {
            assert_eq!(known.ask(1, at(now), is_shared), expected, "{now} {is_shared}");
        }
        assert_eq!(
            known.ask(2, at(100), false),
            Err(0),
            "of another account nothing is known"
        );
    }

    #[test]
    fn an_answer_from_before_a_hand_over_is_not_believed() {
        let at = Duration::from_secs;
        let known = KnownHandOvers::default();
        let asked = known.ask(1, at(1), false).unwrap_err();
        known.note_stored(1, at(2));
        known.learn(1, false, at(2), asked);
        assert_eq!(known.ask(1, at(61), false), Ok(true));
        assert_eq!(known.ask(1, at(62), false), Err(1), "it may be over");
    }
}
