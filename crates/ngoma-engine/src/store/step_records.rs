//! What steps did, kept for some days: enough to run each again.

use super::sql::{Db, SqlError, args};
use super::{Store, StoreError};
use crate::record::StepRecord;
use crate::recording::Recording;
use crate::service::StepInput;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use ngoma_message::{MessageId, Timestamp};
use serde_json::{Value, json};
use std::io::{self, Read, Write};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// The most bytes of a body once it is inflated; what is written is far below.
const INFLATED_BYTES: u64 = 8 << 20;

/// A step as it is written with what it did.
#[derive(Clone, Debug)]
pub(crate) struct NewStepRecord {
    service: i64,
    version: i64,
    id: MessageId,
    /// By the machine's own clock, as the partitions are made.
    day: i64,
    body: Vec<u8>,
}

impl NewStepRecord {
    /// That of a step of this version of a service. Nothing when it cannot be packed.
    pub(crate) fn new(
        (service, version): (i64, i64),
        input: &StepInput,
        recording: &Recording,
        failure: Option<&str>,
    ) -> Option<Self> {
        let (kind, told) = match input {
            StepInput::Message(message) => ("inbound-message", message),
            StepInput::Event(event) => ("inbound-event", event),
        };
        let mut body = recording.to_json(json!({"kind": kind, "msg": told}));
        if let (Value::Object(body), Some(failure)) = (&mut body, failure) {
            body.insert("failure".into(), failure.into());
        }
        Some(Self {
            service,
            version,
            id: MessageId::generate(),
            day: day_of(Timestamp::now()),
            body: deflate(body.to_string().as_bytes()).ok()?,
        })
    }
}

impl Store {
    /// The steps that were about a message, or about the one it answers, and are still kept, the earliest first.
    pub(crate) async fn step_records(&self, account: &str, message: &MessageId) -> Result<Vec<StepRecord>, StoreError> {
        let (account, message, today) = (account.to_owned(), message.clone(), day_of(Timestamp::now()));
        let oldest = today - self.inner.step_record_days.max(1);
        self.read_slow(move |db| {
            let root = db.first(
                "SELECT m.root FROM account AS a JOIN message AS m ON m.account = a.id AND m.id = ?2 WHERE a.code = ?1",
                &args![&account, &message],
            )?;
            let root: Option<MessageId> = root.map(|row| row.get(0)).transpose()?.flatten();
            let message = root.unwrap_or(message);
            let mut records = Vec::new();
            // The key leads to each day's; one query over all days would read every step of them.
            for day in oldest..=today + 1 {
                let rows = db.query(
                    "SELECT r.at, v.name, r.version, r.body FROM account AS a
                    JOIN step_record AS r ON r.account = a.id AND r.day = ?2 AND r.message = ?3
                    JOIN service AS v ON v.account = a.id AND v.id = r.service
                    WHERE a.code = ?1 ORDER BY r.id",
                    &args![&account, day, &message],
                )?;
                for row in rows {
                    records.push(StepRecord {
                        at: row.get(0)?,
                        service: row.get(1)?,
                        version: row.get(2)?,
                        body: inflate(&row.get::<Vec<u8>>(3)?).unwrap_or_default(),
                    });
                }
            }
            Ok(records)
        })
        .await
    }
}

/// The day of a moment, by which records are kept and dropped.
fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(MICROS_PER_DAY)
}

/// Writes a step beside what it did.
pub(super) fn write_step_record(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    record: Option<&NewStepRecord>,
    at: Timestamp,
) -> Result<(), SqlError> {
    let Some(record) = record else { return Ok(()) };
    db.execute(
        "INSERT INTO step_record (account, day, message, id, service, version, at, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        &args![
            account,
            record.day,
            message,
            &record.id,
            record.service,
            record.version,
            at,
            record.body.as_slice(),
        ],
    )
    .map(drop)
}

fn deflate(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

fn inflate(body: &[u8]) -> Option<Value> {
    let mut text = Vec::new();
    let read = DeflateDecoder::new(body).take(INFLATED_BYTES).read_to_end(&mut text);
    read.ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was() {
        let body = json!({"lines": ["é".repeat(1000)]});
        let packed = deflate(body.to_string().as_bytes()).unwrap();
        assert!(packed.len() < 200, "{}", packed.len());
        assert_eq!(inflate(&packed), Some(body));
        assert_eq!(inflate(b"nonsense"), None);
    }
}
