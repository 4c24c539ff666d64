//! What came of telling something to a service or a web hook, as one transaction.

use super::backend::OpError;
use super::dead_letters::{Letter, give_up};
use super::people::{PeopleWrites, write_people};
use super::service_notes::{write_log, write_metrics};
use super::sql::{Db, SqlError, args};
use super::step_records::{NewStepRecord, write_step_record};
use super::steps::{NewOutbound, insert_outbound};
use super::work::{Ended, finish};
use super::{QueueKind, Store, StoreError};
use crate::service::{KvWrite, LogLine, Metric};
use crate::trace::Trail;
use ngoma_message::{MessageId, Timestamp};
use std::sync::Arc;

/// All that one transaction writes when a follow-up has been worked on.
#[derive(Clone, Debug)]
pub(crate) struct FollowUpCommit {
    pub(crate) account: i64,
    pub(crate) item: MessageId,
    pub(crate) kind: QueueKind,
    pub(crate) at: Timestamp,
    /// The lease it was taken under; what the service sends goes on under the same.
    pub(crate) lease: i64,
    /// How it ended.
    pub(crate) end: FollowUpEnd,
    /// What the service did, if one was told.
    pub(crate) effects: Effects,
    /// The message whose trace the steps taken belong to.
    pub(crate) root: MessageId,
    pub(crate) trail: Trail,
}

/// How work on a follow-up ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FollowUpEnd {
    /// It is told.
    Done,
    /// It is tried again then.
    Later {
        /// When.
        due_at: Timestamp,
        /// How many attempts there were.
        attempts: u32,
    },
    /// It lies among the dead letters.
    GivenUp {
        /// How many attempts there were.
        attempts: u32,
        /// What went wrong with the last.
        reason: String,
    },
}

/// What a service did when it was told of an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(crate) service: Option<i64>,
    pub(crate) kv: Vec<KvWrite>,
    pub(crate) people: PeopleWrites,
    pub(crate) outbound: Vec<NewOutbound>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) log: Vec<LogLine>,
    /// The step as it was recorded.
    pub(crate) record: Option<NewStepRecord>,
}

impl Store {
    /// Records that a step or a call is about to begin, of which `before` were begun before, so that one which ends the
    /// process is known by it. Refused when another process has the work, or it is over.
    pub(crate) async fn begin_step(
        &self,
        account: i64,
        item: MessageId,
        kind: QueueKind,
        at: Timestamp,
        lease: i64,
        before: u32,
    ) -> Result<(), StoreError> {
        self.write(account, move |db| {
            let begun = db.execute(
                "UPDATE work SET attempt_at = ?5, attempts = ?6
                WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
                &args![account, &item, kind.number(), lease, at, i64::from(before) + 1],
            )?;
            match begun {
                1 => Ok(()),
                _ => Err(OpError::Refused("another process has it, or it is over".into())),
            }
        })
        .await
    }

    /// Writes what came of a follow-up: all of it or nothing, once.
    pub(crate) async fn commit_follow_up(&self, commit: Arc<FollowUpCommit>) -> Result<(), StoreError> {
        let log_lines = self.inner.log_lines;
        let shelf = self.shelf(commit.effects.outbound.len(), commit.at);
        self.write(commit.account, move |db| {
            match end(db, &commit)? {
                Ended::Done => {}
                // It was committed and that answer was lost.
                Ended::Before => return Ok(()),
                Ended::LeaseLost => return Err(OpError::Refused("another process has it".into())),
            }
            let (account, effects) = (commit.account, &commit.effects);
            if let Some(service) = effects.service {
                super::kv::write_keys(db, account, service, &effects.kv, commit.at)?;
                write_metrics(db, account, service, &effects.metrics, commit.at)?;
                write_log(db, account, service, &effects.log, commit.at, log_lines)?;
            }
            write_people(db, account, &effects.people, commit.at)?;
            insert_outbound(
                db,
                &effects.outbound,
                Some(&commit.root),
                commit.at,
                commit.lease,
                shelf,
            )?;
            write_step_record(db, account, &commit.root, effects.record.as_ref(), commit.at)?;
            super::queries::append_trace(db, account, &commit.root, &commit.trail)?;
            Ok(())
        })
        .await
    }
}

fn end(db: &mut dyn Db, commit: &FollowUpCommit) -> Result<Ended, SqlError> {
    let (account, item, kind, lease) = (commit.account, &commit.item, commit.kind, commit.lease);
    match &commit.end {
        FollowUpEnd::Done => finish(db, account, item, kind, lease),
        FollowUpEnd::Later { due_at, attempts } => {
            let put_back = db.execute(
                "UPDATE work SET lease = 0, published = 0, attempt_at = NULL, due_at = ?5, attempts = ?6
                WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
                &args![account, item, kind.number(), lease, *due_at, i64::from(*attempts)],
            )?;
            // Its row stays, so whoever has it now is another process, or this commit was made before.
            Ok(if put_back == 1 { Ended::Done } else { Ended::Before })
        }
        FollowUpEnd::GivenUp { attempts, reason } => {
            let letter = Letter {
                attempts: Some(*attempts),
                at: commit.at,
                reason,
            };
            give_up(db, account, item, kind, letter, lease)
        }
    }
}
