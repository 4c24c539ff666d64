//! Paces as they are set now, and the token a message takes of two of them: its channel's and its account's.

use super::{Pace, Rate};
use crate::channels::Running;
use crate::directory::{Catalog, PaceSetting};
use ngoma_message::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A pace and the setting it was made for; a full bucket whenever that has changed.
pub(crate) struct Bucket(Mutex<(Option<PaceSetting>, Pace)>);

impl Default for Bucket {
    fn default() -> Self {
        Self(Mutex::new((None, Pace::new(None, 1, Timestamp::from_micros(0)))))
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket").finish_non_exhaustive()
    }
}

impl Bucket {
    fn hold(&self, setting: Option<PaceSetting>, now: Timestamp) -> MutexGuard<'_, (Option<PaceSetting>, Pace)> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != setting {
            let rate = setting.and_then(|setting| Rate::per_second(setting.per_second).ok());
            let burst = setting.map_or(1, |setting| setting.burst);
            *held = (setting, Pace::new(rate, burst, now));
        }
        held
    }
}

/// The bucket of a channel and that of its account, which all its channels share.
pub(super) struct Pacing<'a> {
    channel: (&'a Bucket, Option<PaceSetting>),
    account: Option<(&'a Bucket, Option<PaceSetting>)>,
}

impl<'a> Pacing<'a> {
    /// That of a channel, by the settings of now.
    pub(super) fn of(running: &'a Running, catalog: &'a Catalog) -> Self {
        let channel = catalog.channel(running.id);
        let account = catalog.account(running.account);
        Self {
            channel: (&running.pace, channel.and_then(|channel| channel.record.policy.pace)),
            account: account.map(|account| (&*account.pace, account.policy.pace)),
        }
    }

    /// Takes a token of both, or of none and tells how long to wait until both have one.
    pub(super) fn take(&self, now: Timestamp) -> Result<(), Duration> {
        self.with_both(now, |mut paces| {
            let wait = paces.iter().map(|pace| pace.wait(now, 1)).max().unwrap_or_default();
            if wait > Duration::ZERO {
                return Err(wait);
            }
            paces.iter_mut().try_for_each(|pace| pace.take(now, 1))
        })
    }

    /// How many tokens both have now, and when both have one if one of them has none.
    pub(super) fn peek(&self, now: Timestamp) -> Result<usize, Timestamp> {
        self.with_both(now, |paces| {
            let tokens = paces.iter().map(|pace| pace.peek(now)).min().unwrap_or(0);
            let wait = paces.iter().map(|pace| pace.wait(now, 1)).max().unwrap_or_default();
            match tokens {
                0 => Err(now + wait),
                tokens => Ok(usize::try_from(tokens).unwrap_or(usize::MAX)),
            }
        })
    }

    /// Always the channel's first, so that nobody waits for the other's lock in a circle.
    fn with_both<T>(&self, now: Timestamp, ask: impl FnOnce(Vec<&mut Pace>) -> T) -> T {
        let mut channel = self.channel.0.hold(self.channel.1, now);
        let mut account = self.account.map(|(bucket, setting)| bucket.hold(setting, now));
        let paces = std::iter::once(&mut channel.1).chain(account.as_mut().map(|held| &mut held.1));
        ask(paces.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn setting(per_second: f64, burst: u32) -> Option<PaceSetting> {
        Some(PaceSetting { per_second, burst })
    }

    fn pacing<'a>(
        channel: &'a Bucket,
        of_channel: Option<PaceSetting>,
        account: &'a Bucket,
        of_account: Option<PaceSetting>,
    ) -> Pacing<'a> {
        Pacing {
            channel: (channel, of_channel),
            account: Some((account, of_account)),
        }
    }

    #[test]
    fn a_token_is_taken_of_both_or_of_none() {
        let (sms, account) = (Bucket::default(), Bucket::default());
        let both = pacing(&sms, setting(1.0, 3), &account, setting(2.0, 1));
        let second = Duration::from_secs(1);
        assert_eq!(both.take(at(0)), Ok(()));
        // The account has none: the channel keeps its own, however often it is asked.
        for _ in 0..9 {
            assert_eq!(both.take(at(0)), Err(second / 2));
        }
        assert_eq!(both.peek(at(0)), Err(at(500_000)));
        assert_eq!(both.peek(at(500_000)), Ok(1));
        assert_eq!(both.take(at(500_000)), Ok(()));
        assert_eq!(both.take(at(1_000_000)), Ok(()));
        assert_eq!(both.take(at(1_500_000)), Ok(()), "the channel earned one meanwhile");
        // Now the channel has half of one, and the account earns the more of the two.
        assert_eq!(both.take(at(2_000_000)), Ok(()));
        assert_eq!(both.take(at(2_500_000)), Err(second / 2));
        let alone = pacing(&sms, None, &account, setting(2.0, 1));
        assert_eq!(alone.take(at(2_500_000)), Ok(()), "the account kept its own");
    }

    #[test]
    fn a_setting_that_changed_begins_full_and_one_that_did_not_goes_on() {
        let (sms, account) = (Bucket::default(), Bucket::default());
        let by = |of_account| pacing(&sms, None, &account, of_account).take(at(0));
        assert_eq!(by(setting(1.0, 1)), Ok(()));
        assert!(by(setting(1.0, 1)).is_err());
        assert_eq!(by(setting(1.0, 2)), Ok(()));
        assert_eq!(by(None), Ok(()));
    }

    /// How many messages go in a minute that begins with an empty bucket, each as soon as it may.
    fn in_a_minute(pacing: &Pacing, burst: u32) -> f64 {
        for _ in 0..burst {
            pacing.take(at(0)).unwrap();
        }
        let (mut now, mut count) = (0, 0_u32);
        while now <= 60_000_000 {
            match pacing.take(at(now)) {
                Ok(()) => count += 1,
                Err(wait) => now += i64::try_from(wait.as_micros()).unwrap(),
            }
        }
        count.into()
    }

    #[test]
    fn over_a_minute_a_pace_is_exact_to_two_hundredths() {
        for rate in [1.0, 7.0, 33.3, 100.0, 1000.0] {
            for burst in [1, 2, 10, 100] {
                let check = |of_channel, of_account| {
                    let (sms, account) = (Bucket::default(), Bucket::default());
                    let count = in_a_minute(&pacing(&sms, of_channel, &account, of_account), burst);
                    let (fewest, most) = (rate * 60.0 * 0.98, rate * 60.0 * 1.02);
                    assert!(
                        (fewest..=most).contains(&count),
                        "{rate} a second, {burst} at once: {count}"
                    );
                };
                let (same, faster) = (setting(rate, burst), setting(rate * 3.0, burst * 3));
                check(same, None);
                check(None, same);
                check(same, faster);
                check(faster, same);
                check(same, same);
            }
        }
    }

    #[test]
    fn over_a_minute_the_pace_of_an_account_is_exact_over_all_its_channels() {
        for rate in [1.0, 7.0, 33.3, 100.0, 1000.0] {
            let (sms, ussd, account) = (Bucket::default(), Bucket::default(), Bucket::default());
            let of_account = setting(rate, 1);
            let channels = [&sms, &ussd].map(|bucket| pacing(bucket, setting(rate, 5), &account, of_account));
            let (mut now, mut count) = (0, 0_u32);
            while now < 60_000_000 {
                let waits = channels.each_ref().map(|channel| channel.take(at(now)).err());
                count += u32::try_from(waits.iter().filter(|wait| wait.is_none()).count()).unwrap();
                let wait = waits.into_iter().flatten().min().unwrap_or_default();
                now += i64::try_from(wait.as_micros()).unwrap();
            }
            let count = f64::from(count);
            assert!((count / (rate * 60.0) - 1.0).abs() <= 0.02, "{rate} a second: {count}");
        }
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_the_burst_and_the_rate_give_over_all_channels_of_an_account(
            of_account in (1_u64..2_000_000_000, 1_u32..20),
            of_channels in prop::collection::vec((1_u64..2_000_000_000, 1_u32..20), 1..4),
            asked in prop::collection::vec((0_i64..1_000_000, 0_usize..4), 1..120),
        ) {
            let rate = |(millionths, burst): (u64, u32)| setting(millionths as f64 / 1e6, burst);
            let account = Bucket::default();
            let channels: Vec<_> = of_channels.iter().map(|pace| (Bucket::default(), rate(*pace))).collect();
            let mut now = 0;
            let mut taken = Vec::new();
            for (step, channel) in asked {
                now += step;
                let channel = channel % channels.len();
                let both = pacing(&channels[channel].0, channels[channel].1, &account, rate(of_account));
                let there = both.peek(at(now));
                let took = both.take(at(now));
                prop_assert_eq!(there.is_ok(), took.is_ok());
                if took.is_ok() {
                    taken.push((now, channel));
                } else {
                    prop_assert_eq!(there.unwrap_err(), at(now) + took.unwrap_err());
                }
            }
            let within = |times: Vec<i64>, (millionths, burst): (u64, u32)| {
                times.iter().enumerate().all(|(first, from)| {
                    (1..).zip(&times[first..]).all(|(count, to)| {
                        let earned = i128::from(to - from) * i128::from(millionths);
                        i128::from(count) * 1_000_000_000_000 <= i128::from(burst) * 1_000_000_000_000 + earned
                    })
                })
            };
            let all = taken.iter().map(|(at, _)| *at).collect();
            prop_assert!(within(all, of_account), "the account: {:?}", taken);
            for (number, pace) in of_channels.iter().enumerate() {
                let own = taken.iter().filter(|(_, channel)| *channel == number).map(|(at, _)| *at);
                prop_assert!(within(own.collect(), *pace), "channel {}: {:?}", number, taken);
            }
        }
    }
}
