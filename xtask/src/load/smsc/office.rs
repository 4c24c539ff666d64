//! What the stub's sessions, its load source and whoever gives the orders have between them.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::book::{Book, Expected};
use super::orders::Told;
use crate::bench::cpu;
use crate::load::latency::Latencies;

/// One for the whole program.
#[derive(Default)]
pub struct Office {
    book: Mutex<Book>,
    lines: Mutex<Vec<Arc<Line>>>,
    /// Whether receipts are sent.
    pub receipts: AtomicBool,
    /// Messages of persons that were brought.
    pub brought: AtomicU64,
    /// What of ours was taken, and what was refused.
    pub taken: AtomicU64,
    pub refused: AtomicU64,
}

/// Our end of a session that takes messages.
pub struct Line {
    stream: Mutex<TcpStream>,
    /// Messages of ours that are not answered yet.
    pub owed: AtomicU64,
    sequence: AtomicU32,
}

impl Office {
    /// Forgets all that came.
    pub fn begin(&self, expected: Expected, receipts: bool) {
        *self.book() = Book::new(expected);
        self.receipts.store(receipts, Ordering::Relaxed);
        for count in [&self.brought, &self.taken, &self.refused] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// What came.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        held(&self.book)
    }

    /// The sessions that take messages.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        held(&self.lines).clone()
    }

    /// A session takes messages from now on.
    pub fn open(&self, line: &Arc<Line>) {
        held(&self.lines).push(Arc::clone(line));
    }

    /// A session is over.
    pub fn close(&self, line: &Arc<Line>) {
        held(&self.lines).retain(|other| !Arc::ptr_eq(other, line));
    }

    /// All there is to tell.
    pub fn tell(&self) -> Told {
        let bound = held(&self.lines).len();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let book = self.book();
        Told {
            bound,
            distinct: book.distinct,
            duplicates: book.duplicates,
            wrong: book.wrong,
            seconds: book.span().as_secs_f64(),
            brought: count(&self.brought),
            taken: count(&self.taken),
            refused: count(&self.refused),
            latencies: Latencies::of(book.times.clone()),
            cpu_seconds: cpu::of_self_and_children().as_secs_f64(),
        }
    }
}

impl Line {
    /// Writes to this stream.
    pub fn new(stream: TcpStream) -> Arc<Line> {
        Arc::new(Line {
            stream: Mutex::new(stream),
            owed: AtomicU64::new(0),
            sequence: AtomicU32::new(1),
        })
    }

    /// Writes all of it.
    pub fn write(&self, octets: &[u8]) -> std::io::Result<()> {
        held(&self.stream).write_all(octets)
    }

    /// The number of the next message of ours; from now on it is owed an answer.
    pub fn next_sequence(&self) -> u32 {
        self.owed.fetch_add(1, Ordering::Relaxed);
        self.sequence.fetch_add(1, Ordering::Relaxed) & !super::pdu::ANSWER
    }
}

/// A thread that panicked leaves nothing half done here.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
