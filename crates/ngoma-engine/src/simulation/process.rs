//! One life of a worker process. It can be killed or stopped at any point where it touches what is outside of it.

use super::carrier::Line;
use super::random::Random;
use super::world::World;
use crate::Engine;
use crate::store::model::{Fate, Surroundings};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long somebody outside waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// In how many of a hundred transactions of a spool there is no room.
const NO_ROOM_IN_SPOOL: u64 = 3;

/// A worker process from its start to its end.
pub(super) struct Process {
    /// `a1` is the first life of worker `a`.
    pub(super) name: String,
    pub(super) world: Arc<World>,
    pub(super) random: Random,
    state: Mutex<State>,
    /// Wakes who waits for another state, in the order they came: a watch channel would leave that order to chance.
    changed: Notify,
    is_to_stop: Notify,
    strike: Mutex<Option<(u64, Blow)>>,
    engine: Mutex<Option<Arc<Engine>>>,
    lines: Mutex<BTreeMap<String, Arc<Line>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Runs,
    Stands,
    Dead,
}

/// What hits a process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Freeze,
    /// SIGSTOP, just before an attempt to send is recorded.
    FreezeAtAttempt,
}

impl Process {
    pub(super) fn new(world: &Arc<World>, name: String) -> Arc<Self> {
        Arc::new(Self {
            random: Random::of(world.seed, &name),
            world: Arc::clone(world),
            name,
            state: Mutex::new(State::Runs),
            changed: Notify::new(),
            is_to_stop: Notify::new(),
            strike: Mutex::default(),
            engine: Mutex::default(),
            lines: Mutex::default(),
        })
    }

    /// Lets a blow hit after the process has touched the outside that often.
    pub(super) fn strike_after(&self, touches: u64, blow: Blow) {
        *self.strike.lock().unwrap_or_else(PoisonError::into_inner) = Some((touches, blow));
    }

    /// Ends it where it stands.
    pub(super) fn die(&self, why: &str) {
        if self.is_alive() {
            self.world.note(&format!("{} dies: {why}", self.name));
            self.become_now(State::Dead);
        }
    }

    /// Lets it go on when it stands.
    pub(super) fn thaw(&self) {
        self.strike.lock().unwrap_or_else(PoisonError::into_inner).take();
        if self.state() == State::Stands {
            self.world.note(&format!("{} goes on", self.name));
            self.become_now(State::Runs);
        }
    }

    /// SIGTERM.
    pub(super) fn ask_to_stop(&self) {
        self.world.note(&format!("{} is asked to stop", self.name));
        self.is_to_stop.notify_one();
    }

    /// Returns when it was asked to stop.
    pub(super) async fn is_asked(&self) {
        self.is_to_stop.notified().await;
    }

    /// Returns when it is dead.
    pub(super) async fn death(&self) {
        self.wait_for(|state| state == State::Dead).await;
    }

    /// Returns when it stands still.
    pub(super) async fn standstill(&self) {
        self.wait_for(|state| state == State::Stands).await;
    }

    /// The engine it runs, once it is open.
    pub(super) fn engine(&self) -> Option<Arc<Engine>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on it runs this engine.
    pub(super) fn run(&self, engine: Arc<Engine>) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine);
    }

    /// Lets go of what it ran: they refer to each other, and would stay for ever.
    pub(super) fn clear(&self) {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn open_line(&self, line: Arc<Line>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.insert(line.name.clone(), line);
    }

    /// The line of that name, when the process runs it.
    pub(super) fn line(&self, name: &str) -> Option<Arc<Line>> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(name).filter(|_| self.is_alive()).cloned()
    }

    /// Asks the process for something from outside, and waits for the answer for a while.
    pub(super) async fn ask<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        let asking = async {
            self.pass("asked").await;
            let answer = request.await;
            self.pass("answers").await;
            answer
        };
        tokio::time::timeout(PATIENCE, asking).await.ok()
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn become_now(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_waiters();
    }

    async fn wait_for(&self, is_so: impl Fn(State) -> bool) {
        loop {
            // Made before the look, so that no change is missed between the two.
            let changed = self.changed.notified();
            if is_so(self.state()) {
                return;
            }
            changed.await;
        }
    }

    fn count_down(&self, what: &str) {
        let mut strike = self.strike.lock().unwrap_or_else(PoisonError::into_inner);
        match strike.as_mut() {
            None => {}
            Some((0, Blow::FreezeAtAttempt)) if what != "write" || !self.has_attempts_ahead() => {}
            Some((0, blow)) => {
                let blow = *blow;
                *strike = None;
                drop(strike);
                self.suffer(blow, what);
            }
            Some((touches, _)) => *touches -= 1,
        }
    }

    /// Whether it has a message to send and has not recorded an attempt.
    fn has_attempts_ahead(&self) -> bool {
        self.engine().is_some_and(|engine| {
            let lease = engine.runtime().store.epoch();
            let ahead = format!("SELECT count(*) FROM work WHERE kind = 1 AND lease = {lease} AND attempt_at IS NULL");
            self.world.disk.number(&ahead) > 0
        })
    }

    fn suffer(&self, blow: Blow, what: &str) {
        match blow {
            Blow::Kill => self.die(&format!("killed before {what}")),
            Blow::Freeze | Blow::FreezeAtAttempt if self.state() != State::Runs => {}
            Blow::Freeze | Blow::FreezeAtAttempt => {
                self.world.note(&format!("{} stands still before {what}", self.name));
                self.become_now(State::Stands);
            }
        }
    }
}

#[async_trait]
impl Surroundings for Process {
    async fn pass(&self, what: &str) {
        self.count_down(what);
        let longest = if self.world.is_calm() {
            2
        } else {
            *self.random.one_of(&[1, 1, 5, 20, 300])
        };
        match self.random.between(0, longest) {
            0 => tokio::task::yield_now().await,
            millis => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
        self.wait_for(|state| state != State::Stands).await;
        if !self.is_alive() {
            pending::<()>().await;
        }
    }

    fn is_alive(&self) -> bool {
        self.state() != State::Dead
    }

    fn group(&self) -> usize {
        *self.random.one_of(&[1, 2, 16])
    }

    fn fate(&self) -> Fate {
        let (full, denied) = self.world.disk_trouble();
        if self.world.is_calm() {
            return Fate::Kept;
        }
        if self.world.is_database_away() {
            return Fate::Away;
        }
        if self.random.happens(full) {
            return Fate::FullAfter(u32::try_from(self.random.between(0, 12)).unwrap_or(0));
        }
        match self.random.happens(denied) {
            true => Fate::KeptAndDenied,
            false => Fate::Kept,
        }
    }

    fn reads_at_once(&self) -> bool {
        self.state() == State::Runs && self.random.happens(70)
    }

    fn answers(&self) -> bool {
        !self.world.is_database_away()
    }
}

/// What surrounds a process's spool: its own disk, which seldom has no room.
pub(super) struct SpoolSide(pub(super) Arc<Process>);

#[async_trait]
impl Surroundings for SpoolSide {
    async fn pass(&self, what: &str) {
        self.0.pass(&format!("spool {what}")).await;
    }

    fn is_alive(&self) -> bool {
        self.0.is_alive()
    }

    fn group(&self) -> usize {
        self.0.group()
    }

    fn fate(&self) -> Fate {
        match !self.0.world.is_calm() && self.0.random.happens(NO_ROOM_IN_SPOOL) {
            true => Fate::FullAfter(u32::try_from(self.0.random.between(0, 3)).unwrap_or(0)),
            false => Fate::Kept,
        }
    }

    fn reads_at_once(&self) -> bool {
        true
    }
}
