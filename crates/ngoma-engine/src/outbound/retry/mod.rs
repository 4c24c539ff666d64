//! What follows from a sending error.

use crate::channel::SendErrorKind;
use crate::engine::Limits;
use crate::record::Status;
use std::time::Duration;

/// The wait after the first attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two attempts.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again.
    Later {
        /// After so long.
        after: Duration,
        /// Whether the attempt counts.
        counts: bool,
    },
    /// It is over.
    Over {
        /// The message's status.
        status: Status,
        /// What to add to the reason, if anything.
        why: &'static str,
    },
}

/// Decides after `made` attempts that count, this one included, at a message of that age.
pub(super) fn decide(kind: SendErrorKind, made: u32, age: Duration, limits: &Limits) -> Verdict {
    let over = |status, why| Verdict::Over { status, why };
    match kind {
        SendErrorKind::Permanent | SendErrorKind::Misconfigured => over(Status::Failed, ""),
        SendErrorKind::Ambiguous => over(Status::Unknown, "; it may have been sent and is not sent again"),
        SendErrorKind::TooLate => over(Status::Expired, ""),
        SendErrorKind::Temporary | SendErrorKind::Throttled if age >= limits.send_for => {
            over(Status::Failed, "; it has been tried for long enough")
        }
        SendErrorKind::Temporary if made >= limits.send_attempts => {
            over(Status::Failed, "; it has been tried often enough")
        }
        SendErrorKind::Temporary => Verdict::Later {
            after: wait_after(made),
            counts: true,
        },
        SendErrorKind::Throttled => Verdict::Later {
            after: FIRST_WAIT,
            counts: false,
        },
    }
}

fn wait_after(made: u32) -> Duration {
    let doublings = made.saturating_sub(1).min(31);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        use SendErrorKind::*;
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
        assert_eq!(wait_after(11), LONGEST_WAIT);
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT);
        let verdict = decide(SendErrorKind::Throttled, 1, Duration::ZERO, &Limits::default());
        assert!(matches!(verdict, Verdict::Later { counts: false, .. }));
    }
}
