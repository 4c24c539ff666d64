//! How much waits on each channel and how long that takes to send: counted now and then, and kept up to date between by
//! what is counted anyway, so that accepting asks no database.

use crate::clients::AcceptError;
use crate::directory::ChannelEntry;
use crate::engine::Runtime;
use crate::metrics::Moves;
use crate::store::StoreError;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How far messages of one channel are counted; what is beyond is added up as it comes and goes.
const COUNTED: u64 = 1_000_000;
/// What is due later than this is no backlog: a service has sent it for then.
const SOON: Duration = Duration::from_secs(24 * 3600);
/// Of how many counts a channel's speed is the best: a carrier that is slow for a minute is not slow.
const RATES: usize = 10;
/// The longest backlog of a channel with which more is accepted, unless its policy says otherwise.
const LONGEST: Duration = Duration::from_secs(10 * 3600);
/// The most messages of an account that wait, unless its policy says otherwise.
const MOST_QUEUED: u64 = 20_000_000;
/// When a client that was refused is told to ask again, at least and at most.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

/// What waits on every channel.
#[derive(Default)]
pub(crate) struct Backlogs(Mutex<HashMap<i64, Backlog>>);

/// What waits on one channel.
#[derive(Clone, Debug, Default)]
struct Backlog {
    waiting: u64,
    /// What had been accepted and sent when that was counted.
    moves: Moves,
    counted_at: Duration,
    /// How many it sent a second between the latest counts, where there was always more to send.
    rates: VecDeque<f64>,
}

impl Backlog {
    /// So many wait now; what is beyond what can be counted is taken over from what was known.
    fn count(&mut self, counted: u64, moves: Moves, at: Duration) {
        let waiting = if counted < COUNTED {
            counted
        } else {
            counted.max(self.waiting(moves))
        };
        let seconds = at.saturating_sub(self.counted_at).as_secs_f64();
        let sent = moves.sent.saturating_sub(self.moves.sent);
        if self.waiting > 0 && waiting > 0 && sent > 0 && seconds >= 1.0 {
            self.rates.push_back(sent as f64 / seconds);
            if self.rates.len() > RATES {
                self.rates.pop_front();
            }
        }
        (self.waiting, self.moves, self.counted_at) = (waiting, moves, at);
    }

    fn waiting(&self, moves: Moves) -> u64 {
        let accepted = moves.accepted.saturating_sub(self.moves.accepted);
        let sent = moves.sent.saturating_sub(self.moves.sent);
        (self.waiting + accepted).saturating_sub(sent)
    }

    /// How long what waits takes, at the speed it has shown and those it may have; nothing when none is known.
    fn time_to_drain(&self, moves: Moves, paces: [Option<f64>; 2]) -> Option<Duration> {
        let shown = self.rates.iter().copied().reduce(f64::max);
        let rate = paces.into_iter().flatten().chain(shown).reduce(f64::min)?;
        Duration::try_from_secs_f64(self.waiting(moves) as f64 / rate).ok()
    }
}

impl Backlogs {
    fn held(&self) -> MutexGuard<'_, HashMap<i64, Backlog>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what waits on every channel.
pub(crate) async fn count(runtime: &Runtime) -> Result<(), StoreError> {
    let catalog = runtime.catalog();
    let channels: Vec<i64> = catalog.channels().map(|channel| channel.id).collect();
    let before: Vec<Moves> = channels.iter().map(|id| runtime.metrics.moves(*id)).collect();
    let counted = runtime
        .store
        .outbound_waiting(channels.clone(), runtime.clock.now() + SOON, COUNTED as usize)
        .await?;
    let at = runtime.clock.monotonic();
    let mut held = runtime.backlogs.held();
    held.retain(|id, _| channels.contains(id));
    for ((id, moves), counted) in channels.into_iter().zip(before).zip(counted) {
        held.entry(id).or_default().count(counted, moves, at);
    }
    Ok(())
}

/// How long what waits on a channel takes to send; nothing when that cannot be told, and while it is paused.
pub(crate) fn time_to_drain(runtime: &Runtime, channel: &ChannelEntry) -> Option<Duration> {
    let catalog = runtime.catalog();
    let policy = &channel.record.policy;
    if policy.paused {
        return None;
    }
    let of_account = catalog.account(channel.account).and_then(|account| account.policy.pace);
    let paces = [policy.pace, of_account].map(|pace| pace.map(|pace| pace.per_second));
    let moves = runtime.metrics.moves(channel.id);
    let held = runtime.backlogs.held();
    match held.get(&channel.id) {
        Some(backlog) => backlog.time_to_drain(moves, paces),
        None => Backlog::default().time_to_drain(moves, paces),
    }
}

/// Whether more may be accepted on a channel; tells why not.
pub(crate) fn check(runtime: &Runtime, channel: &ChannelEntry) -> Result<(), AcceptError> {
    let longest = channel.record.policy.max_backlog.map_or(LONGEST, Duration::from_secs);
    let drain = time_to_drain(runtime, channel);
    if let Some(drain) = drain.filter(|drain| *drain > longest) {
        let problem = format!(
            "channel {} is behind: what waits takes about {} seconds to send, more than {}",
            channel.name,
            drain.as_secs(),
            longest.as_secs()
        );
        return Err(full(problem, Some(drain), drain - longest));
    }
    let catalog = runtime.catalog();
    let most = catalog
        .account(channel.account)
        .and_then(|account| account.policy.max_queued)
        .unwrap_or(MOST_QUEUED);
    let of_account = catalog.channels().filter(|other| other.account == channel.account);
    let (held, uncounted) = (runtime.backlogs.held(), Backlog::default());
    let waiting: u64 = of_account
        .map(|other| {
            (
                held.get(&other.id).unwrap_or(&uncounted),
                runtime.metrics.moves(other.id),
            )
        })
        .map(|(backlog, moves)| backlog.waiting(moves))
        .sum();
    if waiting >= most {
        let problem = format!("{waiting} messages of the account wait to be sent, of {most} that may");
        return Err(full(problem, drain, ASK_AGAIN.0));
    }
    Ok(())
}

fn full(problem: String, time_to_drain: Option<Duration>, retry_after: Duration) -> AcceptError {
    AcceptError::Full {
        problem,
        time_to_drain,
        retry_after: retry_after.clamp(ASK_AGAIN.0, ASK_AGAIN.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(accepted: u64, sent: u64) -> Moves {
        Moves { accepted, sent }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_waits_is_what_was_counted_and_what_came_and_went_since() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.waiting(moves(5, 2)), 3);
        backlog.count(100, moves(5, 2), at(60));
        assert_eq!(backlog.waiting(moves(5, 2)), 100);
        assert_eq!(backlog.waiting(moves(25, 12)), 110);
        assert_eq!(backlog.waiting(moves(5, 500)), 0, "others had accepted them");
        // Beyond what can be counted.
        backlog.count(COUNTED, moves(3_000_005, 2), at(120));
        assert_eq!(backlog.waiting(moves(3_000_005, 2)), 3_000_100);
        backlog.count(10, moves(3_000_005, 3_000_000), at(180));
        assert_eq!(backlog.waiting(moves(3_000_005, 3_000_000)), 10);
    }

    #[test]
    fn the_time_to_drain_goes_by_the_slowest_of_what_is_known() {
        let mut backlog = Backlog::default();
        let check = |backlog: &Backlog, paces: [Option<f64>; 2], expected: Option<u64>| {
            assert_eq!(
                backlog.time_to_drain(backlog.moves, paces),
                expected.map(at),
                "{paces:?}"
            );
        };
        backlog.count(1200, moves(1200, 0), at(0));
        check(&backlog, [None, None], None);
        check(&backlog, [Some(10.0), None], Some(120));
        check(&backlog, [Some(10.0), Some(4.0)], Some(300));
        // It sent six a second, though it might send ten.
        backlog.count(1200, moves(1560, 360), at(60));
        check(&backlog, [Some(10.0), None], Some(200));
        check(&backlog, [None, Some(2.0)], Some(600));
        check(&backlog, [None, None], Some(200));
        // A slow minute and one in which nothing goes out change nothing; an empty queue shows no speed.
        backlog.count(1200, moves(1620, 420), at(120));
        backlog.count(1200, moves(1620, 420), at(180));
        check(&backlog, [None, None], Some(200));
        backlog.count(0, moves(1620, 1620), at(240));
        check(&backlog, [None, None], Some(0));
        // After ten slow counts it is slow.
        backlog.count(60, moves(1680, 1620), at(300));
        for minute in 1..=10 {
            backlog.count(60, moves(1680 + minute * 60, 1620 + minute * 60), at(300 + minute * 60));
        }
        check(&backlog, [None, None], Some(60));
    }
}
