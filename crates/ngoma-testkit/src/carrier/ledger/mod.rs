//! The carrier's ledger: a file with one JSON line for each thing it saw or did, on disk before anybody is answered.

mod verdict;

pub use verdict::{Verdict, compare, compare_inbound};

use super::script::Answer;
use ngoma_engine::channel::PartHeader;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use tokio::sync::oneshot;

/// ```json
/// {"sequence":7,"seen":"submission","message_id":"a-1","from":"31022","to":"+27831234567","text":"Welcome."}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The place in the ledger, from 1, without gaps.
    pub sequence: u64,
    /// What it is about.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What the carrier saw or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Entry {
    /// A message was handed to it.
    Submission(Submission),
    /// It decided about a submission; the answer goes out when this is on disk.
    Answer {
        /// The line of the submission.
        submission: u64,
        /// Our id of the message.
        message_id: String,
        /// The part of it, when it was not whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<PartSubmitted>,
        /// What it decided.
        answer: Answer,
        /// The id it gave to a message it took.
        provider_id: Option<String>,
    },
    /// It sent a delivery receipt.
    Receipt {
        /// The id in it.
        about: String,
        /// `delivered` or `failed`.
        status: String,
        /// What the other side made of it.
        result: ReceiptResult,
    },
    /// It has a message from a person, and will send it until it is taken.
    Inbound {
        /// The carrier's id of it.
        provider_id: String,
        /// Who it is from.
        from: String,
        /// The text.
        text: String,
    },
    /// The other side said that it has the message.
    InboundTaken {
        /// The carrier's id of it.
        provider_id: String,
        /// The id it is stored under.
        message_id: String,
    },
}

/// A message as it was handed to the carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Our id.
    pub message_id: String,
    /// Who it is from.
    pub from: Option<String>,
    /// Whom it is for.
    pub to: String,
    /// The text.
    pub text: String,
    /// Which part of the message it is, when it is not whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartSubmitted>,
}

/// The header of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartSubmitted {
    /// The sender's number of the text.
    pub reference: u16,
    /// How many parts it has.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

impl From<PartHeader> for PartSubmitted {
    fn from(header: PartHeader) -> Self {
        Self {
            reference: header.reference(),
            total: header.total(),
            number: header.number(),
        }
    }
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptResult {
    /// It was new and was recorded.
    Recorded,
    /// It told nothing new.
    Unchanged,
    /// It is kept until its message's id is known.
    Held,
    /// The other side knows no message with this id, or not yet.
    Unknown,
    /// Nobody took it.
    Unavailable,
}

/// An open ledger. Lines that are recorded at the same time share one write to disk.
pub struct Ledger {
    path: PathBuf,
    writer: Sender<Job>,
}

struct Job {
    entry: Entry,
    done: oneshot::Sender<u64>,
}

impl Ledger {
    /// Opens a ledger, an existing one to go on at its end.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::options().create(true).append(true).open(path)?;
        let before = fs::read(path)?;
        let whole = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        // A line that was cut off by the end of the process before was never acted upon.
        file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
        let mut sequence = last_sequence(&read(path)?);
        let (writer, jobs) = mpsc::channel();
        thread::spawn(move || {
            while let Some(batch) = next_batch(&jobs) {
                write(&mut file, &mut sequence, batch).expect("the ledger can be written");
            }
        });
        let path = path.to_owned();
        Ok(Self { path, writer })
    }

    /// Adds a line and returns its sequence when it is on disk.
    pub async fn record(&self, entry: Entry) -> u64 {
        let (done, written) = oneshot::channel();
        self.writer.send(Job { entry, done }).expect("the writer runs");
        written.await.expect("the ledger can be written")
    }

    /// Everything so far, as the file has it.
    pub fn lines(&self) -> Vec<Line> {
        read(&self.path).expect("a ledger")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a ledger, of this process or another. A last line without its end is not read: nobody was answered yet.
pub fn read(path: &Path) -> io::Result<Vec<Line>> {
    let text = fs::read_to_string(path)?;
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().map_err(io::Error::other)
}

fn last_sequence(lines: &[Line]) -> u64 {
    lines.last().map_or(0, |line| line.sequence)
}

/// Waits for a job and takes those that have come meanwhile; nothing when the ledger is closed.
fn next_batch(jobs: &Receiver<Job>) -> Option<Vec<Job>> {
    let first = jobs.recv().ok()?;
    Some([first].into_iter().chain(jobs.try_iter()).collect())
}

fn write(file: &mut File, sequence: &mut u64, batch: Vec<Job>) -> io::Result<()> {
    let mut text = Vec::new();
    let mut written = Vec::new();
    for job in batch {
        *sequence += 1;
        let line = Line {
            sequence: *sequence,
            entry: job.entry,
        };
        serde_json::to_writer(&mut text, &line)?;
        text.push(b'\n');
        written.push((job.done, line.sequence));
    }
    file.write_all(&text)?;
    file.sync_data()?;
    for (done, sequence) in written {
        // Whoever gave up waiting has its line all the same.
        let _ = done.send(sequence);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(id: &str) -> Entry {
        Entry::Submission(Submission {
            message_id: id.to_owned(),
            from: None,
            to: "+27831234567".to_owned(),
            text: "Welcome.".to_owned(),
            part: None,
        })
    }

    #[tokio::test]
    async fn lines_are_numbered_and_an_opened_ledger_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger");
        let ledger = Ledger::open(&path).expect("a new one");
        let (one, other) = tokio::join!(ledger.record(submission("a")), ledger.record(submission("b")));
        assert_eq!((one, other), (1, 2));
        let expected =
            r#"{"sequence":1,"seen":"submission","message_id":"a","from":null,"to":"+27831234567","text":"Welcome."}"#;
        let text = fs::read_to_string(&path).expect("a file");
        assert_eq!(text.lines().next(), Some(expected));

        let cut_off = format!("{text}{{\"sequence\":3,\"seen\":\"subm");
        fs::write(&path, cut_off).expect("a file");
        assert_eq!(read(&path).expect("a ledger").len(), 2);
        let again = Ledger::open(&path).expect("the same");
        assert_eq!(again.record(submission("c")).await, 3);
        let lines = again.lines();
        assert_eq!(lines.iter().map(|line| line.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(lines[2].entry, submission("c"));
    }

    #[tokio::test]
    async fn many_at_once_are_each_written_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = std::sync::Arc::new(Ledger::open(&folder.path().join("ledger")).expect("a new one"));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..200 {
            let ledger = std::sync::Arc::clone(&ledger);
            tasks.spawn(async move { (number, ledger.record(submission(&number.to_string())).await) });
        }
        let given = tasks.join_all().await;
        let lines = ledger.lines();
        assert_eq!(lines.len(), given.len());
        for (number, sequence) in given {
            let line = &lines[usize::try_from(sequence).expect("small") - 1];
            assert_eq!(
                (line.sequence, &line.entry),
                (sequence, &submission(&number.to_string()))
            );
        }
    }
}
