//! One session of the stub SMSC: every message is taken at once, under an id of its own, and a receipt may follow.

use std::collections::VecDeque;
use std::io::Read;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};

use super::office::{Line, Office};
use super::pdu::{self, Message, Pdu};

const READ_AT_ONCE: usize = 256 * 1024;
/// How many receipts of a session may be without an answer.
const RECEIPTS: u64 = 50;

/// Serves a client until it goes.
pub fn serve(stream: TcpStream, office: &Office) -> Result<()> {
    stream.set_nodelay(true)?;
    let line = Line::new(stream.try_clone()?);
    let mut session = Session {
        office,
        line: Arc::clone(&line),
        out: Vec::new(),
        receipts: VecDeque::new(),
    };
    let result = session.run(stream);
    office.close(&line);
    result
}

struct Session<'a> {
    office: &'a Office,
    line: Arc<Line>,
    /// What is to be written.
    out: Vec<u8>,
    receipts: VecDeque<Receipt>,
}

/// A receipt that is to be sent.
struct Receipt {
    id: String,
    /// To whom the message went, and who had sent it.
    person: Vec<u8>,
    sender: Vec<u8>,
}

impl Session<'_> {
    fn run(&mut self, mut stream: TcpStream) -> Result<()> {
        let (mut buffer, mut held) = (vec![0; READ_AT_ONCE], 0);
        loop {
            let count = stream.read(&mut buffer[held..])?;
            if count == 0 {
                return Ok(());
            }
            acknowledge_at_once(&stream);
            held += count;
            let rest = self.take_all(&buffer[..held])?;
            buffer.copy_within(held - rest..held, 0);
            held = rest;
            self.put_receipts();
            self.line.write(&self.out)?;
            self.out.clear();
        }
    }

    /// Takes every PDU that is all there; gives how many octets are left.
    fn take_all(&mut self, octets: &[u8]) -> Result<usize> {
        let (mut rest, now, office) = (octets, Instant::now(), self.office);
        let mut book = None;
        while let Some((pdu, others)) = pdu::first(rest)? {
            rest = others;
            match pdu.operation {
                pdu::SUBMIT => {
                    let Some(message) = pdu::message(pdu.body) else {
                        bail!("a submit_sm that cannot be read");
                    };
                    book.get_or_insert_with(|| office.book()).note(&message, now);
                    self.answer_submit(&pdu, &message);
                }
                _ => self.take(&pdu),
            }
        }
        Ok(rest.len())
    }

    fn take(&mut self, pdu: &Pdu<'_>) {
        match pdu.operation {
            pdu::BIND_RECEIVER | pdu::BIND_TRANSCEIVER => {
                self.answer(pdu, b"stub\0");
                self.office.open(&self.line);
            }
            pdu::BIND_TRANSMITTER => self.answer(pdu, b"stub\0"),
            pdu::ENQUIRE_LINK | pdu::UNBIND => self.answer(pdu, b""),
            answer if answer & pdu::ANSWER != 0 => self.note_answer(pdu),
            _ => pdu::put(&mut self.out, pdu::ANSWER, pdu::UNKNOWN_OPERATION, pdu.sequence, &[]),
        }
    }

    fn answer(&mut self, pdu: &Pdu<'_>, body: &[u8]) {
        pdu::put(
            &mut self.out,
            pdu.operation | pdu::ANSWER,
            pdu::OK,
            pdu.sequence,
            &[body],
        );
    }

    fn answer_submit(&mut self, pdu: &Pdu<'_>, message: &Message<'_>) {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let id = format!("{:x}", IDS.fetch_add(1, Ordering::Relaxed));
        pdu::put(
            &mut self.out,
            pdu.operation | pdu::ANSWER,
            pdu::OK,
            pdu.sequence,
            &[id.as_bytes(), b"\0"],
        );
        let is_asked_for = message.registered_delivery & 1 != 0;
        if is_asked_for && self.office.receipts.load(Ordering::Relaxed) {
            self.receipts.push_back(Receipt {
                id,
                person: message.destination.to_vec(),
                sender: message.source.to_vec(),
            });
        }
    }

    fn note_answer(&mut self, pdu: &Pdu<'_>) {
        if pdu.operation != pdu::DELIVER | pdu::ANSWER {
            return;
        }
        let count = match pdu.status {
            pdu::OK => &self.office.taken,
            _ => &self.office.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.line.owed.fetch_sub(1, Ordering::Relaxed);
    }

    /// As many as the client may be left to answer; the rest goes when it has answered some.
    fn put_receipts(&mut self) {
        while self.line.owed.load(Ordering::Relaxed) < RECEIPTS {
            let Some(receipt) = self.receipts.pop_front() else {
                return;
            };
            receipt.put(&mut self.out, self.line.next_sequence());
        }
    }
}

impl Receipt {
    /// As most carriers send it: in its text and in parameters (appendix B, §5.3.2.12, §5.3.2.35).
    fn put(&self, out: &mut Vec<u8>, sequence: u32) {
        const RECEIPT: u8 = 0x04;
        let id = &self.id;
        let text =
            format!("id:{id} sub:001 dlvrd:001 submit date:2601011200 done date:2601011200 stat:DELIVRD err:000 text:");
        let mut tlvs = vec![0, 0x1e, 0, id.len() as u8 + 1];
        tlvs.extend_from_slice(id.as_bytes());
        tlvs.extend_from_slice(&[0, 0x04, 0x27, 0, 1, 2]);
        let message = Message {
            source: &self.person,
            destination: &self.sender,
            registered_delivery: 0,
            text: text.as_bytes(),
        };
        pdu::put_message(out, pdu::DELIVER, sequence, RECEIPT, &message, &tlvs);
    }
}

/// A client that leaves Nagle's algorithm on would else stand still for as long as our kernel puts its acknowledgement
/// off, whenever there is nothing to answer; over a real distance it would not.
fn acknowledge_at_once(stream: &TcpStream) {
    let yes: libc::c_int = 1;
    // SAFETY: the descriptor is open and the pointer is valid for reading one int.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_QUICKACK,
            (&raw const yes).cast(),
            size_of_val(&yes) as libc::socklen_t,
        );
    }
}
