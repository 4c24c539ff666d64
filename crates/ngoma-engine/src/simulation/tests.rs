//! Many seeds, each replayable alone.

use super::{Shape, Verdict, simulate, simulate_shaped};
use crate::faults::Fault;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many seeds a usual run takes.
const SEEDS: u64 = 1_000;
/// How many seeds a planted bug may take to be found.
const SEEDS_OF_A_SEARCH: u64 = 3 * SEEDS;
/// How many failures are told.
const TOLD: usize = 3;

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a whole number: {value}")),
    )
}

/// What makes histories of another shape than the seeds' own.
type Reshape = fn(&mut Shape);

/// The first seeds that break something, at most so many of them.
fn search(seeds: u64, fault: Option<Fault>, most: usize, reshape: Reshape) -> Vec<(u64, Verdict)> {
    let (next, found) = (AtomicU64::new(1), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while found.lock().unwrap().len() < most {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > seeds {
                        return;
                    }
                    let verdict = simulate_shaped(seed, fault, &reshape);
                    if !verdict.broken.is_empty() {
                        found.lock().unwrap().push((seed, verdict));
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

fn told(seed: u64, verdict: &Verdict) -> String {
    format!(
        "seed {seed} broke\n  {}\n  see its story: NGOMA_SIM_SEED={seed} cargo test -p ngoma-engine --features faults \
         no_seed_breaks_an_invariant -- --nocapture",
        verdict.broken.join("\n  ")
    )
}

#[test]
fn no_seed_breaks_an_invariant() {
    if let Some(seed) = from_environment("NGOMA_SIM_SEED") {
        let verdict = simulate(seed, None);
        println!("{}", verdict.story.join("\n"));
        assert!(verdict.broken.is_empty(), "{}", told(seed, &verdict));
        return;
    }
    let failed = search(from_environment("NGOMA_SIM_SEEDS").unwrap_or(SEEDS), None, TOLD, |_| {});
    let told: Vec<String> = failed.iter().map(|(seed, verdict)| told(*seed, verdict)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 1..=20 {
        let (first, second) = (simulate(seed, None), simulate(seed, None));
        for (line, (first, second)) in first.story.iter().zip(&second.story).enumerate() {
            assert_eq!(first, second, "line {line} of seed {seed}");
        }
        assert_eq!(first, second, "seed {seed}");
    }
}

/// Histories in which the store often keeps a transaction and says that it does not.
fn check_denied(seeds: RangeInclusive<u64>, carrier_trouble: u64) {
    for seed in seeds {
        let reshape = move |shape: &mut Shape| {
            (shape.disk_denies, shape.bad_disks, shape.carrier_trouble) = (50, 3, carrier_trouble);
            (shape.kills, shape.freezes, shape.stops, shape.clock_jumps) = (0, 0, 0, 0);
        };
        let verdict = simulate_shaped(seed, None, &reshape);
        assert_eq!(verdict.broken, Vec::<String>::new(), "{}", verdict.story.join("\n"));
    }
}

/// What such a transaction leased was nobody's, and waited for the next start.
#[test]
fn a_lost_answer_of_the_store_leaves_nothing_leased_to_nobody() {
    check_denied(1..=20, 0);
}

/// An outcome that was stored again, since its answer was lost, ended the attempt that came after it.
#[test]
fn an_outcome_that_is_stored_again_ends_its_own_attempt_only() {
    check_denied(1..=60, 80);
}

/// How many seeds that a planted bug breaks are looked at: some break another invariant, which follows from it too.
const BROKEN_SEEDS: usize = 5;

/// Looks for a planted bug; a seed that finds it must break the invariant that forbids it.
fn check_found(fault: Fault, invariant: &str, reshape: Reshape) {
    let found = search(SEEDS_OF_A_SEARCH, Some(fault), BROKEN_SEEDS, reshape);
    assert!(!found.is_empty(), "{fault:?} was not found");
    let breaks = |(_, verdict): &(u64, Verdict)| verdict.broken.iter().any(|rule| rule.starts_with(invariant));
    let told: Vec<String> = found.iter().map(|(seed, verdict)| told(*seed, verdict)).collect();
    assert!(
        found.iter().any(breaks),
        "{fault:?} broke something else: {}",
        told.join("\n")
    );
}

#[test]
fn an_ack_before_the_commit_is_found() {
    check_found(Fault::AckBeforeCommit, "I1", |_| {});
}

#[test]
fn a_dropped_early_receipt_is_found() {
    check_found(Fault::EarlyReceiptDropped, "I1", |_| {});
}

#[test]
fn a_spool_that_forgets_too_early_is_found() {
    check_found(Fault::SpoolForgetsFirst, "I1", |_| {});
}

/// It takes a process that stands still for long just before it sends, which few histories have by themselves.
#[test]
fn a_lease_that_is_not_fenced_is_found() {
    check_found(Fault::LeaseNotFenced, "I4", |shape| {
        (shape.workers, shape.freezes, shape.freezes_at_attempts) = (2, 12, true);
        (shape.kills, shape.stops) = (0, 0);
        // A part that was taken is not sent again by a process that lost its lease.
        shape.sends_parts = false;
    });
}
