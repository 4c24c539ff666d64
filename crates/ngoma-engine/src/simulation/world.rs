//! All that one seed's simulation consists of.

use super::carrier::Line;
use super::clients::Numbers;
use super::clock::WallClock;
use super::journal::Journal;
use super::ledger::Ledger;
use super::process::Process;
use super::random::Random;
use crate::amqp;
use crate::channel::{Door, Outbound, PartHeader};
use crate::queue::MemoryBroker;
use crate::record::Status;
use crate::spool::Spool;
use crate::store::model::Disk;
use ngoma_message::MessageId;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The accounts of every simulation.
pub(super) const ACCOUNTS: [&str; 2] = ["alpha", "beta"];

/// What kind of history a seed has.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// How many worker processes there are.
    pub(super) workers: usize,
    /// In how many of a hundred transactions the disk is full, and how many are kept and said not to be.
    pub(super) disk_full: u64,
    pub(super) disk_denies: u64,
    /// In how many of a hundred submissions the carrier makes trouble.
    pub(super) carrier_trouble: u64,
    pub(super) kills: u64,
    pub(super) freezes: u64,
    /// Whether they come just before an attempt to send is recorded.
    pub(super) freezes_at_attempts: bool,
    pub(super) stops: u64,
    pub(super) clock_jumps: u64,
    /// How often the disk is bad for some seconds.
    pub(super) bad_disks: u64,
    /// How many messages of a channel a process has in memory, and sends at once.
    pub(super) waiting_in_memory: usize,
    pub(super) sending_at_once: usize,
    /// Whether one request of each client goes out in parts.
    pub(super) sends_parts: bool,
    /// Whether a broker carries the tickets of what is due.
    pub(super) has_broker: bool,
    /// Whether each worker has a spool, and how often the database is away for a while.
    pub(super) has_spool: bool,
    pub(super) outages: u64,
}

impl Shape {
    fn of(random: &Random) -> Self {
        let workers = if random.happens(60) { 2 } else { 1 };
        let shape = Self {
            workers,
            disk_full: *random.one_of(&[0, 2, 10]),
            disk_denies: *random.one_of(&[0, 0, 5]),
            carrier_trouble: *random.one_of(&[0, 20, 50]),
            kills: random.between(0, 5),
            freezes: if workers == 2 {
                random.between(0, 4)
            } else {
                random.between(0, 1)
            },
            freezes_at_attempts: false,
            stops: random.between(0, 2),
            clock_jumps: if random.happens(20) { 1 } else { 0 },
            bad_disks: random.between(0, 3),
            waiting_in_memory: *random.one_of(&[1, 3, 1024]),
            sending_at_once: *random.one_of(&[1, 64]),
            has_broker: random.happens(25),
            sends_parts: random.happens(50),
            has_spool: random.happens(50),
            outages: 0,
        };
        let outages = if shape.has_spool { random.between(0, 4) } else { 0 };
        Self { outages, ..shape }
    }
}

/// One simulation.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) shape: Shape,
    pub(super) clock: Arc<WallClock>,
    pub(super) disk: Arc<Disk>,
    /// The disk of each worker's spool, if they have one.
    pub(super) spools: Vec<Arc<Disk>>,
    pub(super) broker: Arc<MemoryBroker>,
    pub(super) broker_status: watch::Sender<amqp::Status>,
    pub(super) journal: Journal,
    pub(super) carrier_ids: Mutex<BTreeMap<String, u64>>,
    ledger: Mutex<Ledger>,
    /// The process of each worker that has one.
    processes: Mutex<Vec<Option<Arc<Process>>>>,
    is_calm: AtomicBool,
    is_disk_bad: AtomicBool,
    is_database_away: AtomicBool,
    /// How many people, clients and receipts are not done.
    under_way: AtomicUsize,
}

impl World {
    /// A world before anything happens.
    pub(super) fn new(seed: u64, reshape: &dyn Fn(&mut Shape)) -> Arc<Self> {
        let random = Random::of(seed, "shape");
        let mut shape = Shape::of(&random);
        reshape(&mut shape);
        let clock = Arc::new(WallClock::new(random.between(0, 86_400)));
        Arc::new(Self {
            seed,
            disk: Disk::new(clock.clone()),
            spools: match shape.has_spool {
                true => (0..shape.workers).map(|_| Spool::model_disk(clock.clone())).collect(),
                false => Vec::new(),
            },
            broker: Arc::default(),
            broker_status: watch::Sender::new(amqp::Status::Connected),
            clock,
            journal: Journal::default(),
            carrier_ids: Mutex::default(),
            ledger: Mutex::default(),
            processes: Mutex::new(vec![None; shape.workers]),
            is_calm: AtomicBool::new(true),
            is_disk_bad: AtomicBool::new(false),
            is_database_away: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            shape,
        })
    }

    /// Adds a line to the journal.
    pub(super) fn note(&self, what: &str) {
        self.journal.note(self.clock.elapsed(), what);
    }

    /// What a message is called in the journal.
    pub(super) fn name(&self, id: &MessageId) -> String {
        self.journal.name(id)
    }

    /// Notes what must never happen.
    pub(super) fn break_rule(&self, what: String) {
        self.note(&what);
        self.ledger().broken.push(what);
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing goes wrong any more.
    pub(super) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::SeqCst)
    }

    /// Lets things go wrong from now on.
    pub(super) fn begin_trouble(&self) {
        self.is_calm.store(false, Ordering::SeqCst);
    }

    /// Lets the disk be bad for a while.
    pub(super) async fn spoil_disk(&self, how_long: Duration) {
        self.note(&format!("the disk is bad for {} s", how_long.as_secs()));
        self.is_disk_bad.store(true, Ordering::SeqCst);
        tokio::time::sleep(how_long).await;
        self.is_disk_bad.store(false, Ordering::SeqCst);
    }

    /// Lets the database be away for a while.
    pub(super) async fn take_database_away(&self, how_long: Duration) {
        self.note(&format!("the database is away for {} s", how_long.as_secs()));
        self.is_database_away.store(true, Ordering::SeqCst);
        tokio::time::sleep(how_long).await;
        self.is_database_away.store(false, Ordering::SeqCst);
        self.note("the database is back");
    }

    /// Whether the database is away now.
    pub(super) fn is_database_away(&self) -> bool {
        self.is_database_away.load(Ordering::SeqCst) && !self.is_calm()
    }

    /// Of a hundred transactions, how many find no room, and how many are kept and said not to be.
    pub(super) fn disk_trouble(&self) -> (u64, u64) {
        let Shape {
            disk_full, disk_denies, ..
        } = self.shape;
        match self.is_disk_bad.load(Ordering::SeqCst) {
            // On SQLite alone nothing is denied.
            true if self.shape.disk_denies == 0 => (80, 0),
            true => (30, 60),
            false => (disk_full, disk_denies),
        }
    }

    /// From now on nothing goes wrong: who stands goes on, who is dead comes back.
    pub(super) fn calm_down(&self) {
        self.note("from here on nothing goes wrong");
        self.is_calm.store(true, Ordering::SeqCst);
        for process in self.all_processes() {
            process.thaw();
        }
    }

    /// The processes there are.
    pub(super) fn all_processes(&self) -> Vec<Arc<Process>> {
        self.processes().iter().flatten().cloned().collect()
    }

    /// The end of it: nothing stays in memory.
    pub(super) fn end(&self) {
        for process in self.all_processes() {
            process.die("the world ends");
            process.clear();
        }
        self.disk.scrap();
        self.spools.iter().for_each(|spool| spool.scrap());
    }

    /// From now on a worker has this process, or none.
    pub(super) fn seat(&self, worker: usize, process: Option<Arc<Process>>) {
        self.processes()[worker] = process;
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Option<Arc<Process>>>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the processes that run an engine.
    pub(super) fn find_process(&self, random: &Random) -> Option<Arc<Process>> {
        let mut open = self.all_processes();
        open.retain(|process| process.engine().is_some());
        (!open.is_empty()).then(|| Arc::clone(random.one_of(&open)))
    }

    /// A line of that name, in one of the processes.
    pub(super) fn find_line(&self, random: &Random, name: &str) -> Option<(Arc<Process>, Arc<Line>)> {
        let process = self.find_process(random)?;
        let line = process.line(name)?;
        Some((process, line))
    }

    /// Asks the door of a line something; nothing when no answer comes.
    pub(super) async fn ask_line<T, Asking>(
        &self,
        random: &Random,
        name: &str,
        request: impl FnOnce(Arc<dyn Door>) -> Asking,
    ) -> Option<T>
    where
        Asking: Future<Output = T>,
    {
        let (process, line) = self.find_line(random, name)?;
        process.ask(request(Arc::clone(&line.door))).await
    }

    /// Lets somebody outside do something; the simulation does not end before it is done.
    pub(super) fn set_out(self: &Arc<Self>, deed: impl Future<Output = ()> + Send + 'static) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let world = Arc::clone(self);
        tokio::spawn(async move {
            deed.await;
            world.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Whether nothing is left to do, inside and outside.
    pub(super) fn is_at_rest(&self) -> bool {
        let holds_none = |disk: &Arc<Disk>, table: &str| disk.number(&format!("SELECT count(*) FROM {table}")) == 0;
        self.under_way.load(Ordering::SeqCst) == 0
            && self.spools.iter().all(|spool| holds_none(spool, "entry"))
            && holds_none(&self.disk, "work")
    }

    /// The other account.
    pub(super) fn other_account(account: &str) -> &'static str {
        if account == ACCOUNTS[0] {
            ACCOUNTS[1]
        } else {
            ACCOUNTS[0]
        }
    }

    /// What rows name an account's things by.
    pub(super) fn numbers(&self, account: &str) -> Numbers {
        let sql = |what: &str| {
            format!(
                "SELECT {what} FROM account AS a JOIN channel AS c ON c.account = a.id AND c.name = 'sms'
                WHERE a.code = '{account}'"
            )
        };
        Numbers {
            account: self.disk.number(&sql("a.id")),
            channel: self.disk.number(&sql("c.id")),
        }
    }

    /// Checks a message whose bytes are about to leave by a line of that account.
    pub(super) fn check_leaving(&self, account: &str, message: &Outbound) {
        let name = self.name(&message.id);
        let begins_text = message.part.is_none_or(|part| part.number() == 1);
        if begins_text && !message.content.starts_with(account) {
            self.break_rule(format!(
                "I7: {name} leaves by a line of {account}: {:?}",
                message.content
            ));
        }
        // A part that another process has given up as one that may have been sent was recorded before.
        let sql = format!(
            "SELECT m.status, (SELECT count(*) FROM work AS w WHERE w.item = m.id AND w.attempt_at IS NOT NULL)
                + (SELECT count(*) FROM part AS p WHERE p.message = m.id AND p.number = {} AND p.status <> {})
            FROM message AS m WHERE m.id = x'{}'",
            message.part.map_or(0, PartHeader::number),
            Status::Queued.number(),
            message.id
        );
        let rows = self.disk.rows(&sql);
        let is_recorded = rows.first().is_some_and(|row| {
            let is_queued = row[0] == Status::Queued.number().to_string();
            !is_queued || row[1] != "0"
        });
        if !is_recorded {
            self.break_rule(format!("I3: {name} leaves before its attempt is on the disk"));
        }
    }
}
