//! Long texts that come in parts: held until the last part comes, or until nobody waits for it any more.

use super::backend::OpError;
use super::inbound::{InboundMessage, StoredInbound, Taking, store_new, stored_address};
use super::sql::{Db, Param, Row, SqlError, args};
use super::{Publish, Store, StoreError};
use crate::channel::PartHeader;
use crate::directory::Listeners;
use crate::inbound::{Ending, HeldPart, MEMORY, PATIENCE, Part, PartKey, Partial, Placement, Snapshot};
use crate::inbound::{Waiting, cut, end, place};
use crate::metrics::Count;
use crate::trace::Trail;
use ngoma_message::{MessageId, Object, Timestamp};
use std::sync::Arc;

/// A long text that may have come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldText {
    pub(crate) account: i64,
    pub(crate) key: PartKey,
}

impl Store {
    /// Long texts whose time is over at this moment, at most `limit`.
    pub(crate) async fn held_texts_over(&self, now: Timestamp, limit: usize) -> Result<Vec<HeldText>, StoreError> {
        self.read_slow(move |db| {
            let mut over = Vec::new();
            for (is_handed_on, before) in [("NULL", now - PATIENCE), ("NOT NULL", now - MEMORY)] {
                let sql = format!(
                    "SELECT account, channel, sender, receiver, reference, total FROM held_text
                    WHERE message IS {is_handed_on} AND at <= ?1 ORDER BY at LIMIT ?2"
                );
                for row in db.query(&sql, &args![before, limit - over.len()])? {
                    let key = PartKey {
                        channel: row.get(1)?,
                        from: stored_address(&row.get::<String>(2)?),
                        to: stored_address(&row.get::<String>(3)?),
                        reference: number(row.get(4)?),
                        total: number(row.get(5)?),
                    };
                    let account = row.get(0)?;
                    over.push(HeldText { account, key });
                }
            }
            Ok(over)
        })
        .await
    }

    /// Ends a long text whose time is over at this moment: lets go of its parts, and hands on what there is of a text
    /// that is not whole. Nothing when its time is not over.
    pub(crate) async fn end_held_text(
        &self,
        text: HeldText,
        now: Timestamp,
        listeners: Arc<Listeners>,
    ) -> Result<Option<Ending>, StoreError> {
        let (channel, part_limits, shelf) = (text.key.channel, self.inner.part_limits, self.shelf(1, now));
        let ending = self.write(text.account, move |db| {
            let Some(held) = Held::find(db, text.account, &text.key)? else {
                return Ok(None);
            };
            // Another process may have ended it, and it may have begun anew.
            let ending = end(text.key.total, &held.group, now);
            if let Some(Ending::Partial(partial)) = &ending {
                let why = "the others did not come in time";
                let taking = Taking {
                    hand_over: Publish::Free,
                    lease: 0,
                    trail: &Trail::default(),
                    listeners: &listeners,
                    part_limits,
                    shelf,
                };
                held.hand_on_partial(db, partial, why, now, &taking)?;
            }
            if ending.is_some() {
                held.let_go(db)?;
            }
            Ok(ending)
        });
        let ending = ending.await?;
        if let Some(Ending::Partial(_)) = &ending {
            self.inner.metrics.count(Count::Received, Some(channel));
        }
        Ok(ending)
    }
}

/// Takes a part: holds it, or stores the text that it completes.
pub(super) fn take_part(
    db: &mut dyn Db,
    message: &InboundMessage,
    header: PartHeader,
    taking: &Taking<'_>,
) -> Result<StoredInbound, OpError> {
    let (now, limits) = (message.created_at, taking.part_limits);
    let part = part_of(message, header);
    let held = Held::lock(db, message, &part.key)?;
    let snapshot = Snapshot {
        group: held.group.clone(),
        waiting: held.waiting(db)?,
    };
    let waits = StoredInbound::Held { ends_another: false };
    match place(&part, &snapshot, &limits) {
        Placement::Duplicate => Ok(held.message.map_or(waits, StoredInbound::Duplicate)),
        Placement::Refuse(refusal) => Err(OpError::Refused(refusal.to_string())),
        Placement::Hold => {
            held.hold(db, &part, now)?;
            Ok(waits)
        }
        Placement::Anew(partial) => {
            if let Some(partial) = &partial {
                let why = "the sender began another text with its reference";
                held.hand_on_partial(db, partial, why, now, taking)?;
            }
            held.let_go(db)?;
            Held::lock(db, message, &part.key)?.hold(db, &part, now)?;
            let ends_another = partial.is_some();
            Ok(StoredInbound::Held { ends_another })
        }
        Placement::Complete(text) => {
            held.hold(db, &part, now)?;
            held.note_handed_on(db, &message.id, now)?;
            let whole = InboundMessage {
                content: Some(text),
                part: None,
                ..message.clone()
            };
            let note = format!("put together from {} parts", header.total());
            store_put_together(db, whole, note, taking)?;
            Ok(StoredInbound::Stored)
        }
    }
}

fn part_of(message: &InboundMessage, header: PartHeader) -> Part {
    Part {
        key: PartKey {
            channel: message.channel,
            from: message.from.clone(),
            to: message.to.clone(),
            reference: header.reference(),
            total: header.total(),
        },
        number: header.number(),
        text: message.content.clone().unwrap_or_default(),
    }
}

/// Stores a text that came in parts, for whoever has room.
fn store_put_together(
    db: &mut dyn Db,
    mut message: InboundMessage,
    note: String,
    taking: &Taking<'_>,
) -> Result<(), OpError> {
    let mut trail = taking.trail.clone();
    trail.note(message.created_at, "parts", note);
    if let Some(content) = &mut message.content
        && let Some(said) = cut(content, taking.part_limits.chars)
    {
        trail.note(message.created_at, "parts", said);
    }
    let taking = Taking {
        hand_over: Publish::Free,
        trail: &trail,
        ..*taking
    };
    match store_new(db, &message, &taking)? {
        true => Ok(()),
        false => Err(OpError::Refused("the message id is taken".into())),
    }
}

/// What is held of a text, which nobody else changes before the transaction ends.
struct Held<'a> {
    account: i64,
    key: &'a PartKey,
    group: Vec<HeldPart>,
    /// The message it was handed on as.
    message: Option<MessageId>,
    /// What the channel noted with its first part.
    metadata: Object,
}

/// What chooses the rows of one text; the parameters are [`its`].
const ITS: &str = "account = ?1 AND channel = ?2 AND sender = ?3 AND receiver = ?4 AND reference = ?5 AND total = ?6";

impl<'a> Held<'a> {
    /// What is held of the text of a part. Makes the text's row when there is none.
    fn lock(db: &mut dyn Db, part: &InboundMessage, key: &'a PartKey) -> Result<Self, SqlError> {
        let metadata = (!part.transport_metadata.is_empty())
            .then(|| serde_json::Value::Object(part.transport_metadata.clone()).to_string());
        let mut row = its(part.account, key).to_vec();
        row.extend(args![part.created_at, metadata]);
        let row = db.first(
            "INSERT INTO held_text (account, channel, sender, receiver, reference, total, at, metadata)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (account, channel, sender, receiver, reference, total) DO UPDATE SET total = excluded.total
            RETURNING message, metadata",
            &row,
        )?;
        let row = row.ok_or_else(|| SqlError::Refused("a long text has no row".into()))?;
        Self::read(db, part.account, key, &row)
    }

    /// What is held of a text, if it is known.
    fn find(db: &mut dyn Db, account: i64, key: &'a PartKey) -> Result<Option<Self>, SqlError> {
        let sql = format!("UPDATE held_text SET total = total WHERE {ITS} RETURNING message, metadata");
        let row = db.first(&sql, &its(account, key))?;
        row.map(|row| Self::read(db, account, key, &row)).transpose()
    }

    fn read(db: &mut dyn Db, account: i64, key: &'a PartKey, row: &Row) -> Result<Self, SqlError> {
        let sql = format!("SELECT number, content, at FROM held_part WHERE {ITS} ORDER BY number");
        let parts = db.query(&sql, &its(account, key))?;
        let part = |row: &Row| {
            Ok(HeldPart {
                number: number(row.get(0)?),
                text: row.get(1)?,
                at: row.get(2)?,
            })
        };
        let metadata: Option<String> = row.get(1)?;
        Ok(Self {
            account,
            key,
            group: parts.iter().map(part).collect::<Result<_, SqlError>>()?,
            message: row.get(0)?,
            metadata: metadata
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default(),
        })
    }

    /// What the sender has waiting on the channel.
    fn waiting(&self, db: &mut dyn Db) -> Result<Waiting, SqlError> {
        let row = db.first(
            "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM held_text
            WHERE account = ?1 AND channel = ?2 AND sender = ?3 AND message IS NULL",
            &args![self.account, self.key.channel, &self.key.from],
        )?;
        let (texts, bytes) = match row {
            Some(row) => (row.get(0)?, row.get(1)?),
            None => (0, 0),
        };
        // The row that was made a moment ago is of no text yet.
        let new = usize::from(self.group.is_empty());
        Ok(Waiting {
            groups: number::<usize>(texts).saturating_sub(new),
            bytes: number(bytes),
        })
    }

    fn hold(&self, db: &mut dyn Db, part: &Part, now: Timestamp) -> Result<(), SqlError> {
        let mut row = its(self.account, self.key).to_vec();
        row.extend(args![i64::from(part.number), &part.text, now]);
        db.execute(
            "INSERT INTO held_part (account, channel, sender, receiver, reference, total, number, content, at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (account, channel, sender, receiver, reference, total, number)
            DO UPDATE SET content = excluded.content, at = excluded.at",
            &row,
        )?;
        let mut change = its(self.account, self.key).to_vec();
        change.extend(args![part.text.len()]);
        db.execute(&format!("UPDATE held_text SET bytes = bytes + ?7 WHERE {ITS}"), &change)
            .map(drop)
    }

    fn note_handed_on(&self, db: &mut dyn Db, message: &MessageId, now: Timestamp) -> Result<(), SqlError> {
        let mut change = its(self.account, self.key).to_vec();
        change.extend(args![message, now]);
        db.execute(
            &format!("UPDATE held_text SET message = ?7, at = ?8 WHERE {ITS}"),
            &change,
        )
        .map(drop)
    }

    /// Stores what there is of the text as a message that says what is missing.
    fn hand_on_partial(
        &self,
        db: &mut dyn Db,
        partial: &Partial,
        why: &str,
        now: Timestamp,
        taking: &Taking<'_>,
    ) -> Result<(), OpError> {
        let mut metadata = self.metadata.clone();
        let missing = serde_json::json!({ "total": self.key.total, "missing": partial.missing });
        metadata.insert("parts".to_owned(), missing);
        let message = InboundMessage {
            id: MessageId::generate(),
            account: self.account,
            channel: self.key.channel,
            provider_id: None,
            fingerprint: None,
            part: None,
            from: self.key.from.clone(),
            to: self.key.to.clone(),
            content: Some(partial.text.clone()),
            session: None,
            answer_by: None,
            transport_metadata: metadata,
            created_at: now,
        };
        let taking = Taking {
            trail: &Trail::default(),
            ..*taking
        };
        let total = usize::from(self.key.total);
        let came = total - partial.missing.len();
        store_put_together(db, message, format!("{came} of {total} parts: {why}"), &taking)
    }

    fn let_go(&self, db: &mut dyn Db) -> Result<(), SqlError> {
        for table in ["held_part", "held_text"] {
            db.execute(
                &format!("DELETE FROM {table} WHERE {ITS}"),
                &its(self.account, self.key),
            )?;
        }
        Ok(())
    }
}

fn its(account: i64, key: &PartKey) -> [Param<'_>; 6] {
    args![
        account,
        key.channel,
        &key.from,
        &key.to,
        i64::from(key.reference),
        i64::from(key.total)
    ]
}

/// A number of the store that was checked before it was stored.
fn number<T: TryFrom<i64> + Default>(held: i64) -> T {
    T::try_from(held).unwrap_or_default()
}
