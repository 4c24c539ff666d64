//! The load source of the stub SMSC: persons write to the service, each once, and wait for its reply.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::office::{Line, Office};
use super::orders::Delivery;
use super::pdu::{self, Message};

/// What the persons write to.
pub const SERVICE: &str = "8864";
const TEXT: &[u8] = b"Hello clinic";
/// The first person's number; there are ten million.
const NUMBERS: u64 = 27_820_000_000;
const PERSONS: u64 = 10_000_000;
/// How many messages a session may be left to answer.
const WINDOW: u64 = 1_000;
const AT_ONCE: u64 = 64;
const PAUSE: Duration = Duration::from_micros(200);
/// How long no reply may come before those that wait are given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Brings the messages that are due, then waits for the replies that are still to come.
pub fn run(delivery: &Delivery, office: &Office) -> Result<()> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(delivery.secs);
    let mut brought = 0;
    while Instant::now() < end {
        let line = line(office, brought)?;
        let can = due(delivery, begun, brought)
            .min(delivery.window.saturating_sub(office.book().waiting()))
            .min(WINDOW.saturating_sub(line.owed.load(Ordering::Relaxed)))
            .min(AT_ONCE);
        if can == 0 {
            thread::sleep(PAUSE);
            continue;
        }
        bring(delivery, office, &line, begun, brought..brought + can)?;
        brought += can;
    }
    wait_for_replies(office);
    Ok(())
}

/// A session that takes messages; one after the other where there are several.
fn line(office: &Office, brought: u64) -> Result<Arc<Line>> {
    let lines = office.lines();
    let index = (brought / AT_ONCE) as usize % lines.len().max(1);
    lines.into_iter().nth(index).context("no session is bound")
}

/// How many messages should have been brought by now and were not.
fn due(delivery: &Delivery, begun: Instant, brought: u64) -> u64 {
    match delivery.rate {
        Some(rate) => ((begun.elapsed().as_secs_f64() * rate) as u64 + 1).saturating_sub(brought),
        None => u64::MAX,
    }
}

fn bring(delivery: &Delivery, office: &Office, line: &Line, begun: Instant, messages: Range<u64>) -> Result<()> {
    let mut out = Vec::new();
    let count = messages.end - messages.start;
    let mut book = office.book();
    for message in messages {
        let person = NUMBERS + (delivery.first + message) % PERSONS;
        let number = person.to_string();
        // At a rate a reply's time counts from the moment the message was due, however late it left.
        let due = delivery
            .rate
            .map(|rate| begun + Duration::from_secs_f64(message as f64 / rate));
        book.expect_reply(person, due.unwrap_or_else(Instant::now));
        let message = Message {
            source: number.as_bytes(),
            destination: SERVICE.as_bytes(),
            registered_delivery: 0,
            text: TEXT,
        };
        pdu::put_message(&mut out, pdu::DELIVER, line.next_sequence(), 0, &message, b"");
    }
    drop(book);
    office.brought.fetch_add(count, Ordering::Relaxed);
    line.write(&out).context("the session is over")
}

fn wait_for_replies(office: &Office) {
    let (mut left, mut since) = (office.book().waiting(), Instant::now());
    while left > 0 && since.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
        let now = office.book().waiting();
        if now < left {
            (left, since) = (now, Instant::now());
        }
    }
}
