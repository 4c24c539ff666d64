//! What follows from a sending error.

mod on_ambiguous;
mod policy;

pub use on_ambiguous::{OnAmbiguous, OnAmbiguousError};
pub(crate) use policy::RetryPolicy;

use crate::channel::SendErrorKind;
use crate::engine::Limits;
use crate::record::Status;
use ngoma_message::Timestamp;
use std::time::Duration;

/// The wait after the first attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two attempts.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// How long a receipt may take that tells whether a message was sent, before it is sent once more.
pub(crate) const RECEIPT_WAIT: Duration = Duration::from_secs(60);

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again.
    Later {
        /// After so long.
        after: Duration,
        /// Whether the attempt counts.
        counts: bool,
        /// Whether it may have been sent already: the next attempt is marked as a possible duplicate, and a receipt that
        /// comes before it makes it needless.
        may_repeat: bool,
    },
    /// It is over.
    Over {
        /// The message's status.
        status: Status,
        /// What to add to the reason, if anything.
        why: &'static str,
    },
}

/// What a channel's sending errors lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RetryPolicies {
    /// While the carrier is not reachable or answers "later".
    pub(super) temporary: RetryPolicy,
    /// While the carrier asks for a slower pace. Such attempts do not count: their number is not limited, and the wait
    /// grows only with those that do.
    pub(super) throttled: RetryPolicy,
    /// When no answer came.
    pub(super) on_ambiguous: OnAmbiguous,
    /// How long a receipt may take before what may have been sent is sent once more.
    pub(super) receipt_wait: Duration,
}

/// An attempt that failed, and what is known of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The error.
    pub(super) kind: SendErrorKind,
    /// The attempts that count, this one included.
    pub(super) made: u32,
    /// Whether an earlier attempt may have sent it.
    pub(super) may_have_been_sent: bool,
    /// When it failed.
    pub(super) at: Timestamp,
    /// When the message was accepted.
    pub(super) created_at: Timestamp,
    /// When it is of no use any more.
    pub(super) expires_at: Option<Timestamp>,
    /// Chance, over all its values.
    pub(super) random: u64,
}

#[cfg(test)]
/// Decides after `made` attempts that count, this one included, at a message of that age.
fn decide(kind: SendErrorKind, made: u32, age: Duration, limits: &Limits) -> Verdict {
    let created_at = Timestamp::from_micros(0);
    RetryPolicies::from_limits(limits).decide(&Failure {
        kind,
        made,
        may_have_been_sent: false,
        at: created_at + age,
        created_at,
        expires_at: None,
        random: 0,
    })
}

impl RetryPolicies {
    /// Waits of a second that double to a quarter of an hour, within these limits; what is ambiguous is held.
    pub(super) fn from_limits(limits: &Limits) -> Self {
        let temporary = RetryPolicy {
            first_wait: FIRST_WAIT,
            factor: 2,
            longest_wait: LONGEST_WAIT,
            attempts: limits.send_attempts,
            total: limits.send_for,
            jitter: 0,
        };
        Self {
            temporary,
            throttled: RetryPolicy { factor: 1, ..temporary },
            on_ambiguous: OnAmbiguous::Hold,
            receipt_wait: RECEIPT_WAIT,
        }
    }

    /// What follows from a failed attempt. A message that an earlier attempt may have sent never ends as failed or
    /// expired: it is unknown.
    pub(super) fn decide(&self, failure: &Failure) -> Verdict {
        match self.next(failure) {
            Verdict::Over { status, .. } if failure.may_have_been_sent && status != Status::Unknown => {
                over(Status::Unknown, "; an earlier attempt may have sent it")
            }
            verdict => verdict,
        }
    }

    fn next(&self, failure: &Failure) -> Verdict {
        match failure.kind {
            SendErrorKind::Permanent | SendErrorKind::Misconfigured => over(Status::Failed, ""),
            SendErrorKind::TooLate => over(Status::Expired, ""),
            SendErrorKind::Ambiguous => self.after_ambiguous(failure),
            // It is no failure; who asks all the same is told that nobody knows.
            SendErrorKind::HandedOn => over(Status::Unknown, ""),
            SendErrorKind::Temporary => failure.again(&self.temporary),
            SendErrorKind::Throttled | SendErrorKind::Unreachable => failure.again(&self.throttled),
        }
    }

    fn after_ambiguous(&self, failure: &Failure) -> Verdict {
        let has_time = failure.age() < self.temporary.total && failure.made < self.temporary.attempts;
        let is_of_use = failure.time_left().is_none_or(|left| left > self.receipt_wait);
        if failure.may_have_been_sent {
            return over(Status::Unknown, "; it may have been sent twice and is not sent again");
        }
        if self.on_ambiguous == OnAmbiguous::Hold || !has_time || !is_of_use {
            return over(Status::Unknown, "; it may have been sent and is not sent again");
        }
        Verdict::Later {
            after: self.receipt_wait,
            counts: true,
            may_repeat: true,
        }
    }
}

impl Failure {
    fn age(&self) -> Duration {
        self.at.since(self.created_at)
    }

    /// How long the message is of use yet.
    fn time_left(&self) -> Option<Duration> {
        self.expires_at.map(|expires_at| expires_at.since(self.at))
    }

    /// Another attempt, while there is time for one. When the message expires soon the wait is half of what is left, so
    /// that none of it is given away.
    fn again(&self, policy: &RetryPolicy) -> Verdict {
        let counts = !matches!(self.kind, SendErrorKind::Throttled | SendErrorKind::Unreachable);
        let left = self.time_left().map_or(Duration::MAX, |left| left / 2);
        if self.age() >= policy.total {
            return over(Status::Failed, "; it has been tried for long enough");
        }
        if counts && self.made >= policy.attempts {
            return over(Status::Failed, "; it has been tried often enough");
        }
        if left < policy.first_wait || left.is_zero() {
            return over(Status::Expired, "; no time is left for another attempt");
        }
        Verdict::Later {
            after: policy.wait(self.made, self.random).min(left),
            counts,
            may_repeat: self.may_have_been_sent,
        }
    }
}

fn over(status: Status, why: &'static str) -> Verdict {
    Verdict::Over { status, why }
}

#[cfg(test)]
mod tests {
    use super::SendErrorKind::*;
    use super::policy::some_policy;
    use super::*;
    use proptest::prelude::*;

    fn check(kind: SendErrorKind, made: u32, age_hours: u64, expected: Result<u64, Status>) {
        let age = Duration::from_secs(age_hours * 3600);
        let verdict = match decide(kind, made, age, &Limits::default()) {
            Verdict::Later { after, .. } => Ok(after.as_secs()),
            Verdict::Over { status, .. } => Err(status),
        };
        assert_eq!(verdict, expected, "{kind:?} {made} {age_hours}");
    }

    #[test]
    fn each_kind_of_error_has_its_consequence() {
        for (made, seconds) in [(1, 1), (2, 2), (3, 4), (9, 256)] {
            check(Temporary, made, 0, Ok(seconds));
        }
        check(Temporary, 10, 0, Err(Status::Failed));
        check(Temporary, 2, 24, Err(Status::Failed));
        check(Throttled, 50, 23, Ok(1));
        check(Throttled, 1, 24, Err(Status::Failed));
        check(Permanent, 1, 0, Err(Status::Failed));
        check(Misconfigured, 1, 0, Err(Status::Failed));
        check(Ambiguous, 1, 0, Err(Status::Unknown));
        check(TooLate, 1, 0, Err(Status::Expired));
    }

    #[test]
    fn the_wait_grows_to_a_quarter_of_an_hour_and_an_asked_pace_does_not_count() {
        let policies = RetryPolicies::from_limits(&Limits::default());
        assert_eq!(policies.temporary.wait(11, 0), LONGEST_WAIT);
        assert_eq!(policies.temporary.wait(u32::MAX, 0), LONGEST_WAIT);
        let verdict = decide(SendErrorKind::Throttled, 1, Duration::ZERO, &Limits::default());
        assert!(matches!(verdict, Verdict::Later { counts: false, .. }));
    }

    /// An hour after the message was accepted, tried once.
    fn failure(kind: SendErrorKind) -> Failure {
        let created_at = Timestamp::from_micros(0);
        Failure {
            kind,
            made: 1,
            may_have_been_sent: false,
            at: created_at + Duration::from_secs(3600),
            created_at,
            expires_at: None,
            random: 0,
        }
    }

    fn policies(on_ambiguous: OnAmbiguous) -> RetryPolicies {
        RetryPolicies {
            on_ambiguous,
            ..RetryPolicies::from_limits(&Limits::default())
        }
    }

    type End = (Status, &'static str);

    /// Checks what follows: a wait in seconds and whether it may repeat, or an end.
    fn check_failure(policies: &RetryPolicies, failure: &Failure, expected: Result<(u64, bool), End>) {
        let expected = match expected {
            Ok((seconds, may_repeat)) => Verdict::Later {
                after: Duration::from_secs(seconds),
                counts: failure.kind != Throttled,
                may_repeat,
            },
            Err((status, why)) => over(status, why),
        };
        assert_eq!(policies.decide(failure), expected, "{failure:?}");
    }

    fn made(made: u32, failure: Failure) -> Failure {
        Failure { made, ..failure }
    }

    fn sent_before(failure: Failure) -> Failure {
        let may_have_been_sent = true;
        Failure {
            may_have_been_sent,
            ..failure
        }
    }

    fn expiring(failure: Failure, seconds: u64) -> Failure {
        let expires_at = Some(failure.at + Duration::from_secs(seconds));
        Failure { expires_at, ..failure }
    }

    #[test]
    fn what_may_have_been_sent_is_held_or_sent_once_more() {
        let once = failure(Ambiguous);
        let day_old = Failure {
            at: once.at + 23 * Duration::from_secs(3600),
            ..once
        };
        let (hold, resend) = (policies(OnAmbiguous::Hold), policies(OnAmbiguous::Resend));
        let unknown = Err((Status::Unknown, "; it may have been sent and is not sent again"));
        let twice = Err((Status::Unknown, "; it may have been sent twice and is not sent again"));
        check_failure(&hold, &once, unknown);
        check_failure(&resend, &once, Ok((60, true)));
        check_failure(&resend, &sent_before(once), twice);
        check_failure(&resend, &made(9, once), Ok((60, true)));
        check_failure(&resend, &made(10, once), unknown);
        check_failure(&resend, &day_old, unknown);
        check_failure(&resend, &expiring(once, 60), unknown);
        check_failure(&resend, &expiring(once, 61), Ok((60, true)));
    }

    #[test]
    fn after_an_attempt_that_may_have_sent_it_nothing_ends_as_failed() {
        let resend = policies(OnAmbiguous::Resend);
        let unknown = Err((Status::Unknown, "; an earlier attempt may have sent it"));
        for kind in [Permanent, Misconfigured, TooLate] {
            check_failure(&resend, &sent_before(failure(kind)), unknown);
        }
        check_failure(&resend, &sent_before(made(10, failure(Temporary))), unknown);
        check_failure(&resend, &sent_before(made(2, failure(Temporary))), Ok((2, true)));
    }

    #[test]
    fn a_message_is_tried_until_it_is_of_no_use_any_more() {
        let policies = policies(OnAmbiguous::Hold);
        let fifth = made(5, failure(Temporary));
        let expired = Err((Status::Expired, "; no time is left for another attempt"));
        check_failure(&policies, &expiring(fifth, 3600), Ok((16, false)));
        check_failure(&policies, &expiring(fifth, 20), Ok((10, false)));
        check_failure(&policies, &expiring(fifth, 2), Ok((1, false)));
        check_failure(&policies, &expiring(fifth, 1), expired);
        check_failure(&policies, &expiring(fifth, 0), expired);
        check_failure(&policies, &expiring(failure(Throttled), 1), expired);
    }

    proptest! {
        #[test]
        fn everything_ends_in_time(
            policy in some_policy(),
            resends in any::<bool>(),
            kinds in prop::collection::vec(prop::sample::select(vec![Temporary, Throttled, Ambiguous]), 400),
            lifetime in prop::option::of(0_u64..1000),
            random in any::<u64>(),
        ) {
            let on_ambiguous = if resends { OnAmbiguous::Resend } else { OnAmbiguous::Hold };
            let policies = RetryPolicies {
                temporary: policy,
                throttled: policy,
                on_ambiguous,
                receipt_wait: RECEIPT_WAIT,
            };
            let mut failure = Failure { made: 0, at: Timestamp::from_micros(0), random, ..failure(Temporary) };
            failure.expires_at = lifetime.map(|seconds| failure.created_at + Duration::from_secs(seconds));
            let mut repeats = 0;
            for kind in kinds {
                failure.kind = kind;
                failure.made += u32::from(kind != Throttled);
                let Verdict::Later { after, counts, may_repeat } = policies.decide(&failure) else { break };
                prop_assert_eq!(counts, kind != Throttled);
                prop_assert!(may_repeat || !failure.may_have_been_sent);
                prop_assert!(kind != Temporary || failure.made < policy.attempts);
                prop_assert!(failure.age() < policy.total);
                repeats += u32::from(kind == Ambiguous);
                failure.may_have_been_sent = may_repeat;
                failure.at = failure.at + after;
                prop_assert!(failure.expires_at.is_none_or(|expires_at| failure.at < expires_at));
            }
            prop_assert!(repeats <= u32::from(resends));
        }
    }
}
