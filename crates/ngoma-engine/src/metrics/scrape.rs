//! One look at everything: what was counted, what was measured, and what is so at this moment.

use super::Metrics;
use super::counts::COUNTS;
use super::peers::write_peers;
use super::text::{Kind, Label, Text};
use crate::directory::ChannelEntry;
use crate::engine::Runtime;
use crate::record::WorkerRecord;
use crate::store::{Depth, QueueKind, Store, StoreError};
use ngoma_message::Timestamp;
use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

/// How long the store may take to answer; without it the rest is told.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// The kinds of work that waits, as they are labelled.
const KINDS: [(QueueKind, &str); 2] = [(QueueKind::Inbound, "inbound"), (QueueKind::Outbound, "outbound")];

/// Everything as text.
pub(crate) async fn scrape(runtime: &Runtime) -> String {
    let stored = tokio::time::timeout(READ_WITHIN, read(&runtime.store)).await;
    let stored = stored.ok().and_then(Result::ok);
    let catalog = runtime.catalog();
    let mut channels: Vec<&ChannelEntry> = catalog.channels().collect();
    channels.sort_by_key(|channel| (&channel.account_code, &channel.name));
    let mut text = Text::default();
    write_counts(&mut text, &runtime.metrics, &channels);
    write_histograms(&mut text, &runtime.metrics);
    write_places(&mut text, runtime, &channels);
    write_windows(&mut text, runtime, &channels);
    write_spool(&mut text, runtime);
    write_peers(&mut text, runtime, &channels);
    let answers = "Whether the store could be asked for what only it knows.";
    text.family(Kind::Gauge, "ngoma_store_answers", answers)
        .sample(&[], u8::from(stored.is_some()));
    if let Some((depths, workers)) = stored {
        let now = runtime.clock.now();
        write_queue(&mut text, &channels, &depths, now);
        write_outbox(&mut text, runtime, &depths, now);
        write_workers(&mut text, &workers, now);
    }
    text.into_string()
}

async fn read(store: &Store) -> Result<(Vec<Depth>, Vec<WorkerRecord>), StoreError> {
    Ok((store.depths().await?, store.workers().await?))
}

/// A channel that has counted nothing yet is told too: the first that moves is then seen to move.
fn write_counts(text: &mut Text, metrics: &Metrics, channels: &[&ChannelEntry]) {
    let counted = metrics.channels.read().unwrap_or_else(PoisonError::into_inner).clone();
    for (count, name, help) in COUNTS {
        let mut family = text.family(Kind::Counter, name, help);
        family.count(&[], metrics.no_channel.get(count));
        for channel in channels {
            let number = counted.get(&channel.id).map_or(0, |counts| counts.get(count));
            family.count(&labels(channel), number);
        }
    }
}

fn write_histograms(text: &mut Text, metrics: &Metrics) {
    let histograms = [
        (
            &metrics.commit_operations,
            "ngoma_commit_operations",
            "Operations that one transaction of the store made durable.",
        ),
        (
            &metrics.commit_time,
            "ngoma_commit_seconds",
            "How long the disk took to confirm a transaction, fsync included.",
        ),
        (
            &metrics.step_time,
            "ngoma_step_seconds",
            "How long a service's step ran.",
        ),
        (
            &metrics.send_time,
            "ngoma_send_seconds",
            "How long a channel took to send a message.",
        ),
    ];
    for (histogram, name, help) in histograms {
        text.family(Kind::Histogram, name, help)
            .histogram(&histogram.snapshot());
    }
}

/// The messages in memory, of those that may be.
fn write_places(text: &mut Text, runtime: &Runtime, channels: &[&ChannelEntry]) {
    let help = "Messages of the channel in memory: handed over, and not ended yet.";
    let mut family = text.family(Kind::Gauge, "ngoma_messages_in_memory", help);
    for channel in channels {
        let Some(running) = runtime.host.get(channel.id) else {
            continue;
        };
        for (kind, word) in KINDS {
            let free = running.room(kind).available_permits();
            let taken = runtime.limits.waiting_in_memory.saturating_sub(free);
            family.count(&with_kind(word, channel), taken as u64);
        }
    }
}

/// The sends under way, of those that may be at once.
fn write_windows(text: &mut Text, runtime: &Runtime, channels: &[&ChannelEntry]) {
    let help = "Messages the channel is sending at this moment.";
    let mut family = text.family(Kind::Gauge, "ngoma_window_in_use", help);
    for channel in channels {
        if let Some(running) = runtime.host.get(channel.id) {
            let free = running.sending.available_permits();
            let taken = running.window.saturating_sub(free);
            family.count(&labels(channel), taken as u64);
        }
    }
    let help = "How many messages the channel sends at once at most.";
    let mut family = text.family(Kind::Gauge, "ngoma_window_size", help);
    for channel in channels {
        if let Some(running) = runtime.host.get(channel.id) {
            family.count(&labels(channel), running.window as u64);
        }
    }
}

fn write_spool(text: &mut Text, runtime: &Runtime) {
    let bytes = runtime.spool.as_ref().map_or(0, |spool| spool.status().bytes);
    let help = "Bytes of messages on disk that the store has not taken yet.";
    text.family(Kind::Gauge, "ngoma_spool_bytes", help).count(&[], bytes);
}

fn write_queue(text: &mut Text, channels: &[&ChannelEntry], depths: &[Depth], now: Timestamp) {
    let depths: HashMap<(QueueKind, i64), &Depth> = depths
        .iter()
        .map(|depth| ((depth.kind, depth.channel), depth))
        .collect();
    let mut write = |name, help, value: fn(&Depth, Timestamp) -> f64| {
        let mut family = text.family(Kind::Gauge, name, help);
        for channel in channels {
            for (kind, word) in KINDS {
                let depth = depths.get(&(kind, channel.id));
                family.sample(&with_kind(word, channel), depth.map_or(0.0, |depth| value(depth, now)));
            }
        }
    };
    write(
        "ngoma_queue_waiting",
        "Messages in the queue that no process has, due or not; many are told as 10000.",
        |depth, _| depth.waiting as f64,
    );
    write(
        "ngoma_queue_oldest_ready_seconds",
        "For how long the oldest message that is due has waited in the queue.",
        |depth, now| now.since(depth.oldest_due).as_secs_f64(),
    );
}

/// What waits in the store until the broker has its ticket; without a broker nothing does.
fn write_outbox(text: &mut Text, runtime: &Runtime, depths: &[Depth], now: Timestamp) {
    let waits = depths.iter().map(|depth| now.since(depth.oldest_due));
    let lag = match runtime.queue.abilities().has_outbox {
        true => waits.max().unwrap_or_default(),
        false => Duration::ZERO,
    };
    let help = "For how long the oldest work that is due waits for the broker to take its ticket.";
    text.family(Kind::Gauge, "ngoma_outbox_lag_seconds", help)
        .sample(&[], lag.as_secs_f64());
}

fn write_workers(text: &mut Text, workers: &[WorkerRecord], now: Timestamp) {
    let help = "How long ago each process that works on the store said that it lives.";
    let mut family = text.family(Kind::Gauge, "ngoma_worker_beat_age_seconds", help);
    for worker in workers {
        let age = now.since(worker.beat_at).as_secs_f64();
        family.sample(&[("epoch", &worker.epoch.to_string())], age);
    }
}

fn labels(channel: &ChannelEntry) -> [Label<'_>; 2] {
    [("account", &channel.account_code), ("channel", &channel.name)]
}

fn with_kind<'a>(kind: &'a str, channel: &'a ChannelEntry) -> [Label<'a>; 3] {
    let [account, name] = labels(channel);
    [("kind", kind), account, name]
}
