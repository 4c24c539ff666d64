//! What the queue does with rows of work: they are taken, given back, ended, buried, and handed to a broker.

use super::backend::OpError;
use super::dead_letters::{Letter, give_up};
use super::inbound::{INBOUND_COLUMNS, inbound_from};
use super::outcomes::{OUTBOUND_COLUMNS, outbound_from};
use super::pull::Pull;
use super::sql::{Db, Dialect, Insert, Param, Row, SqlError, args};
use super::work::Ended;
use super::workers::check_epoch;
use super::{NO_ACCOUNT, PulledInbound, PulledOutbound, Store, StoreError};
use crate::outbound::Priority;
use crate::queue::{Depth, Lease, LeaseLost, Line, Published, Ticket};
use ngoma_message::{MessageId, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

/// How many ids one query asks for, smallest first: few sizes, so that few statements are prepared.
const IDS_AT_ONCE: [usize; 3] = [1, 8, 64];
/// As far as work is counted.
const COUNT_CAP: usize = 1_000_000;

/// Work whose ticket goes to a broker now.
#[derive(Clone, Debug)]
pub(crate) struct DueTicket {
    pub(crate) item: MessageId,
    pub(crate) priority: i64,
    /// The same for all of one person on one channel.
    pub(crate) order: u64,
}

impl Store {
    /// Puts work in that is not in yet.
    pub(crate) async fn publish(&self, batch: Vec<Ticket>) -> Result<Vec<Published>, StoreError> {
        let account = batch.first().map_or(NO_ACCOUNT, |ticket| ticket.line.account);
        self.write(account, move |db| {
            let insert = Insert {
                into: "work (account, item, kind, channel, priority, due_at)",
                columns: 6,
                tail: "ON CONFLICT DO NOTHING RETURNING item",
            };
            let row = |ticket: &Ticket| -> Vec<Param<'static>> {
                let line = ticket.line;
                args![
                    line.account,
                    &ticket.item,
                    line.kind.number(),
                    line.channel,
                    ticket.priority,
                    ticket.due_at
                ]
                .into()
            };
            let rows: Vec<Vec<Param<'_>>> = batch.iter().map(row).collect();
            let new: Vec<MessageId> = db
                .insert(insert, &rows)?
                .iter()
                .map(|row| row.get(0))
                .collect::<Result<_, _>>()?;
            Ok(batch
                .iter()
                .map(|ticket| match new.contains(&ticket.item) {
                    true => Published::Durable,
                    false => Published::Duplicate,
                })
                .collect())
        })
        .await
    }

    /// How much of a line is due, by priority, counted up to `cap` each.
    pub(crate) async fn waiting(
        &self,
        line: Line,
        now: Timestamp,
        cap: usize,
    ) -> Result<[usize; Priority::COUNT], StoreError> {
        self.read(move |db| {
            let mut waiting = [0; Priority::COUNT];
            for (priority, count) in (0i64..).zip(&mut waiting) {
                let found = db.number(
                    "SELECT count(*) FROM (SELECT 1 AS one FROM work WHERE lease = 0 AND published = 0 AND kind = ?1
                    AND channel = ?2 AND priority = ?3 AND due_at <= ?4 LIMIT ?5) AS due",
                    &args![line.kind.number(), line.channel, priority, now, cap],
                )?;
                *count = usize::try_from(found).unwrap_or(0);
            }
            Ok(waiting)
        })
        .await
    }

    /// Leases to this process what is due on a line, so many of each priority, the oldest first.
    pub(crate) async fn lease(
        &self,
        line: Line,
        now: Timestamp,
        shares: [usize; Priority::COUNT],
    ) -> Result<Vec<Lease>, StoreError> {
        let epoch = self.epoch();
        let pull = Pull::of(line.account, line.kind, epoch);
        let pulled = self.write(line.account, {
            let pull = pull.clone();
            move |db| {
                check_epoch(db, epoch)?;
                let mut leases: Vec<Lease> = Vec::new();
                for (priority, share) in (0i64..).zip(shares).filter(|(_, share)| *share > 0) {
                    leases.extend(lease_due(db, line, now, priority, share, epoch)?);
                }
                pull.note(leases.iter().map(|lease| lease.item.clone()));
                Ok(leases)
            }
        });
        self.settled(pull, pulled.await)
    }

    /// Leases to this process the work whose tickets a broker brought. What is done already, or another's, is left out.
    pub(crate) async fn claim(&self, line: Line, items: Vec<MessageId>) -> Result<Vec<Lease>, StoreError> {
        let epoch = self.epoch();
        let pull = Pull::of(line.account, line.kind, epoch);
        pull.note(items.iter().cloned());
        let claimed = self.write(line.account, move |db| {
            check_epoch(db, epoch)?;
            let mut rows = Vec::with_capacity(items.len());
            let keys = args![line.account, line.kind.number(), epoch];
            for (places, params) in few_at_once(&keys, &items) {
                let sql = format!(
                    "UPDATE work SET lease = ?3, published = 0
                    WHERE account = ?1 AND kind = ?2 AND lease = 0 AND item IN ({places})
                    RETURNING due_at, item, attempts, attempt_at, may_repeat, hops"
                );
                rows.extend(db.query(&sql, &params)?);
            }
            let place = |id: &MessageId| items.iter().position(|item| item == id);
            rows.sort_by_key(|row| row.get::<MessageId>(1).ok().and_then(|id| place(&id)));
            Ok(rows
                .iter()
                .map(|row| lease_from(row, line, epoch))
                .collect::<Result<Vec<Lease>, _>>()?)
        });
        self.settled(pull, claimed.await)
    }

    /// The inbound messages of these leases, in their order.
    pub(crate) async fn inbound_of(&self, leases: Vec<Lease>) -> Result<Vec<PulledInbound>, StoreError> {
        self.read(move |db| {
            let rows = by_ids(db, INBOUND_COLUMNS, &leases)?;
            in_order(&leases, rows, |row, lease| {
                Ok(PulledInbound {
                    message: inbound_from(row, 0)?,
                    lease: lease.epoch,
                    attempts: lease.attempts,
                })
            })
        })
        .await
    }

    /// The outbound messages of these leases, in their order.
    pub(crate) async fn outbound_of(&self, leases: Vec<Lease>) -> Result<Vec<PulledOutbound>, StoreError> {
        self.read(move |db| {
            let rows = by_ids(db, OUTBOUND_COLUMNS, &leases)?;
            in_order(&leases, rows, outbound_from)
        })
        .await
    }

    /// Ends work this process has.
    pub(crate) async fn end_leases(&self, leases: &[Lease]) -> Result<Vec<Result<(), LeaseLost>>, StoreError> {
        let leases = leases.to_vec();
        let account = leases.first().map_or(NO_ACCOUNT, |lease| lease.line.account);
        self.write(account, move |db| {
            leases
                .iter()
                .map(|lease| {
                    let ended = db.execute(
                        "DELETE FROM work WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
                        &args![lease.line.account, &lease.item, lease.line.kind.number(), lease.epoch],
                    )?;
                    Ok(if ended == 1 { Ok(()) } else { Err(LeaseLost) })
                })
                .collect::<Result<_, OpError>>()
        })
        .await
    }

    /// Gives work back, to be due then.
    pub(crate) async fn give_back(
        &self,
        lease: &Lease,
        due_at: Timestamp,
    ) -> Result<Result<(), LeaseLost>, StoreError> {
        let lease = lease.clone();
        self.write(lease.line.account, move |db| {
            let given = db.execute(
                "UPDATE work SET lease = 0, published = 0, due_at = ?5, attempt_at = NULL
                WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
                &args![
                    lease.line.account,
                    &lease.item,
                    lease.line.kind.number(),
                    lease.epoch,
                    due_at
                ],
            )?;
            Ok(if given == 1 { Ok(()) } else { Err(LeaseLost) })
        })
        .await
    }

    /// Moves work this process has to the dead letters.
    pub(crate) async fn bury(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Result<(), LeaseLost>, StoreError> {
        let (lease, reason) = (lease.clone(), reason.to_owned());
        self.write(lease.line.account, move |db| {
            let letter = Letter {
                attempts: None,
                at,
                reason: &reason,
            };
            let line = lease.line;
            Ok(
                match give_up(db, line.account, &lease.item, line.kind, letter, lease.epoch)? {
                    Ended::Done => Ok(()),
                    Ended::Before | Ended::LeaseLost => Err(LeaseLost),
                },
            )
        })
        .await
    }

    /// How much there is of a line, counted up to a cap.
    pub(crate) async fn depth(&self, line: Line, now: Timestamp) -> Result<Depth, StoreError> {
        self.read_slow(move |db| {
            let count = |db: &mut dyn Db, what: &str| -> Result<u64, SqlError> {
                let sql = format!(
                    "SELECT count(*) FROM (SELECT 1 AS one FROM {what} AND kind = ?1 AND channel = ?2 AND account = ?3
                    LIMIT ?4) AS found"
                );
                let found = db.number(&sql, &args![line.kind.number(), line.channel, line.account, COUNT_CAP])?;
                Ok(u64::try_from(found).unwrap_or(0))
            };
            let due = now.micros();
            let ready = count(db, &format!("work WHERE lease = 0 AND due_at <= {due}"))?;
            Ok(Depth {
                ready,
                delayed: count(db, &format!("work WHERE lease = 0 AND due_at > {due}"))?,
                leased: count(db, "work WHERE lease <> 0")?,
                dead: count(db, "dead_letter WHERE at >= 0")?,
                oldest: match ready {
                    0 => None,
                    _ => db
                        .first(
                            "SELECT min(due_at) FROM work WHERE lease = 0 AND kind = ?1 AND channel = ?2 AND account = ?3",
                            &args![line.kind.number(), line.channel, line.account],
                        )?
                        .map(|row| row.get::<Option<Timestamp>>(0))
                        .transpose()?
                        .flatten(),
                },
            })
        })
        .await
    }

    /// When the next free work of a line is due; nothing when there is none.
    pub(crate) async fn next_due(&self, line: Line) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |db| {
            let mut next: Option<Timestamp> = None;
            for priority in (0i64..).take(Priority::COUNT) {
                let found = db.first(
                    "SELECT due_at FROM work WHERE lease = 0 AND published = 0 AND kind = ?1 AND channel = ?2
                    AND priority = ?3 ORDER BY due_at LIMIT 1",
                    &args![line.kind.number(), line.channel, priority],
                )?;
                if let Some(due) = found.map(|row| row.get(0)).transpose()? {
                    next = Some(next.map_or(due, |held| held.min(due)));
                }
            }
            Ok(next)
        })
        .await
    }

    /// Makes free work due no later than it can be by this clock: at once before its first attempt or when it never
    /// waits, else after the longest wait there is. What a service has sent for later stays due then.
    pub(crate) async fn draw_near(&self, now: Timestamp, longest_wait: Duration) -> Result<(), StoreError> {
        let latest = now + longest_wait;
        self.write(NO_ACCOUNT, move |db| {
            db.execute(
                "UPDATE work SET due_at = ?1 WHERE lease = 0 AND (attempts = 0 OR kind = 0) AND due_at > ?1
                AND NOT (kind = 1 AND EXISTS (SELECT 1 FROM message AS m
                    WHERE m.account = work.account AND m.id = work.item AND m.due_at > ?1))",
                &args![now],
            )?;
            db.execute(
                "UPDATE work SET due_at = ?1 WHERE lease = 0 AND due_at > ?1
                AND NOT (kind = 1 AND EXISTS (SELECT 1 FROM message AS m
                    WHERE m.account = work.account AND m.id = work.item AND m.due_at > ?1))",
                &args![latest],
            )?;
            Ok(())
        })
        .await
    }

    /// Notes that the tickets of what is due on a line go to the broker now, so that no more than `window` of the line
    /// are there at once.
    pub(crate) async fn mark_published(
        &self,
        line: Line,
        now: Timestamp,
        window: usize,
    ) -> Result<Vec<DueTicket>, StoreError> {
        let is_due = self.next_due(line).await?.is_some_and(|due| due <= now);
        if !is_due {
            return Ok(Vec::new());
        }
        self.write(line.account, move |db| {
            let there = db.number(
                "SELECT count(*) FROM (SELECT 1 AS one FROM work WHERE lease = 0 AND published <> 0 AND kind = ?1
                AND channel = ?2 LIMIT ?3) AS there",
                &args![line.kind.number(), line.channel, window],
            )?;
            let mut room = window.saturating_sub(usize::try_from(there).unwrap_or(0));
            let mut due = Vec::new();
            for priority in (0i64..).take(Priority::COUNT) {
                let marked = mark_due(db, line, now, priority, room)?;
                room -= marked.len();
                due.extend(marked);
            }
            Ok(due)
        })
        .await
    }

    /// Takes back that tickets went to the broker: it did not take them.
    pub(crate) async fn unmark_published(&self, line: Line, items: Vec<MessageId>) -> Result<(), StoreError> {
        self.write(line.account, move |db| {
            for item in &items {
                db.execute(
                    "UPDATE work SET published = 0 WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = 0",
                    &args![line.account, item, line.kind.number()],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// Lets tickets that went to the broker before then, and that nobody came with, go there again; says how many.
    pub(crate) async fn forget_published(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(NO_ACCOUNT, move |db| {
            Ok(db.execute(
                "UPDATE work SET published = 0 WHERE lease = 0 AND published <> 0 AND published < ?1",
                &args![before],
            )?)
        })
        .await
    }
}

/// What chooses rows of a line that are due, as the part of a statement after `WHERE`; on PostgreSQL what another
/// process is just taking is passed over.
fn due_rows(dialect: Dialect) -> String {
    let due = "SELECT item FROM work WHERE lease = 0 AND published = 0 AND account = ?1 AND kind = ?2 AND channel = ?3
        AND priority = ?4 AND due_at <= ?5 ORDER BY due_at, item LIMIT ?6";
    let chosen = match dialect {
        Dialect::Sqlite => format!("item IN ({due})"),
        // As an array it is found once, whatever the planner thinks.
        Dialect::Postgres => format!("item = ANY (ARRAY({due} FOR UPDATE SKIP LOCKED))"),
    };
    format!("account = ?1 AND kind = ?2 AND {chosen}")
}

fn lease_due(
    db: &mut dyn Db,
    line: Line,
    now: Timestamp,
    priority: i64,
    share: usize,
    epoch: i64,
) -> Result<Vec<Lease>, SqlError> {
    let sql = format!(
        "UPDATE work SET lease = ?7 WHERE {} RETURNING due_at, item, attempts, attempt_at, may_repeat, hops",
        due_rows(db.dialect())
    );
    let key = args![
        line.account,
        line.kind.number(),
        line.channel,
        priority,
        now,
        share,
        epoch
    ];
    let mut rows = db.query(&sql, &key)?;
    sort_by_due(&mut rows);
    rows.iter().map(|row| lease_from(row, line, epoch)).collect()
}

fn mark_due(
    db: &mut dyn Db,
    line: Line,
    now: Timestamp,
    priority: i64,
    room: usize,
) -> Result<Vec<DueTicket>, SqlError> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let sql = format!(
        "UPDATE work SET published = ?7 WHERE {} RETURNING due_at, item,
            (SELECT m.address FROM message AS m WHERE m.account = work.account AND m.id = work.item)",
        due_rows(db.dialect())
    );
    let key = args![line.account, line.kind.number(), line.channel, priority, now, room, now];
    let mut rows = db.query(&sql, &key)?;
    sort_by_due(&mut rows);
    rows.iter()
        .map(|row| {
            let item: MessageId = row.get(1)?;
            let address: Option<String> = row.get(2)?;
            Ok(DueTicket {
                order: order_of(line.channel, address.as_deref().unwrap_or(item.as_str())),
                item,
                priority,
            })
        })
        .collect()
}

/// FNV-1a over a channel and an address: the same on every machine, so that a person's tickets take one way.
fn order_of(channel: i64, address: &str) -> u64 {
    let bytes = channel.to_le_bytes().into_iter().chain(address.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The order rows come back in is nobody's promise.
fn sort_by_due(rows: &mut [Row]) {
    rows.sort_by_key(|row| (row.get::<Timestamp>(0).ok(), row.get::<MessageId>(1).ok()));
}

fn lease_from(row: &Row, line: Line, epoch: i64) -> Result<Lease, SqlError> {
    Ok(Lease {
        line,
        item: row.get(1)?,
        attempts: row.get(2)?,
        attempt_open: row.get::<Option<Timestamp>>(3)?.is_some(),
        may_repeat: row.get(4)?,
        hops: row.get(5)?,
        epoch,
    })
}

/// The messages of these leases, which are of one account; the last column is the id.
fn by_ids(db: &mut dyn Db, columns: &str, leases: &[Lease]) -> Result<Vec<Row>, SqlError> {
    let account = leases.first().map_or(NO_ACCOUNT, |lease| lease.line.account);
    let mut rows = Vec::with_capacity(leases.len());
    for (places, params) in few_at_once(&args![account], leases.iter().map(|lease| &lease.item)) {
        let sql = format!("SELECT {columns}, m.id FROM message AS m WHERE m.account = ?1 AND m.id IN ({places})");
        rows.extend(db.query(&sql, &params)?);
    }
    Ok(rows)
}

/// The parameters of statements that each take these keys and some of the ids, and the places of the ids in them.
fn few_at_once<'a>(keys: &[Param<'a>], ids: impl IntoIterator<Item = &'a MessageId>) -> Vec<(String, Vec<Param<'a>>)> {
    let ids: Vec<Param<'a>> = ids.into_iter().map(Param::from).collect();
    let largest = IDS_AT_ONCE[IDS_AT_ONCE.len() - 1];
    let statement = |ids: &[Param<'a>]| {
        let size = IDS_AT_ONCE
            .into_iter()
            .find(|size| ids.len() <= *size)
            .unwrap_or(largest);
        let places: Vec<String> = (keys.len() + 1..).take(size).map(|place| format!("?{place}")).collect();
        let mut params = [keys, ids].concat();
        params.resize(keys.len() + size, Param::Null);
        (places.join(", "), params)
    };
    ids.chunks(largest).map(statement).collect()
}

/// What was read of the rows, in the order of the leases. A message whose row is gone is left out.
fn in_order<T>(
    leases: &[Lease],
    rows: Vec<Row>,
    read: impl Fn(&Row, &Lease) -> Result<T, SqlError>,
) -> Result<Vec<T>, SqlError> {
    let mut by_id: HashMap<MessageId, Row> = HashMap::with_capacity(rows.len());
    for row in rows {
        by_id.insert(row.last()?, row);
    }
    leases
        .iter()
        .filter_map(|lease| by_id.get(&lease.item).map(|row| read(row, lease)))
        .collect()
}
