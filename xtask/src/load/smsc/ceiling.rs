//! The plainest client there can be, which finds out how many messages a second the stub SMSC itself takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::SERVICE;
use super::pdu::{self, Message, Pdu};

/// The command line of the client.
#[derive(clap::Args)]
pub struct Options {
    /// The stub
    #[arg(long)]
    pub address: SocketAddr,
    /// How long, in seconds
    #[arg(long)]
    pub secs: u64,
    /// How many messages may be without an answer
    #[arg(long)]
    pub window: u64,
}

const READ_AT_ONCE: usize = 256 * 1024;

/// Sends as many as are answered and prints how many were; the stub has the other figures.
pub fn run(options: &Options) -> Result<()> {
    let mut stream = TcpStream::connect(options.address)?;
    stream.set_nodelay(true)?;
    let mut out = Vec::new();
    pdu::put(
        &mut out,
        pdu::BIND_TRANSMITTER,
        pdu::OK,
        1,
        &[b"ceiling\0\0\0\x34\0\0\0"],
    );
    stream.write_all(&out)?;
    let end = Instant::now() + Duration::from_secs(options.secs);
    let (mut buffer, mut held) = (vec![0; READ_AT_ONCE], 0);
    let mut client = Client::default();
    while client.answered < client.sent || Instant::now() < end {
        let count = stream.read(&mut buffer[held..])?;
        ensure!(count > 0, "the stub closed the connection");
        held += count;
        let rest = client.take_all(&buffer[..held])?;
        buffer.copy_within(held - rest..held, 0);
        held = rest;
        if Instant::now() < end {
            stream.write_all(&client.fill(options.window))?;
        }
    }
    println!("{}", client.answered);
    Ok(())
}

#[derive(Default)]
struct Client {
    sent: u64,
    answered: u64,
}

impl Client {
    /// Takes every answer that is all there; gives how many octets are left.
    fn take_all(&mut self, octets: &[u8]) -> Result<usize> {
        let mut rest = octets;
        while let Some((Pdu { operation, status, .. }, others)) = pdu::first(rest)? {
            rest = others;
            ensure!(status == pdu::OK, "status {status:#x}");
            self.answered += u64::from(operation == pdu::SUBMIT | pdu::ANSWER);
        }
        Ok(rest.len())
    }

    /// As many messages as the window has room for.
    fn fill(&mut self, window: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while self.sent - self.answered < window {
            self.sent += 1;
            let number = format!("2783{:07}", self.sent % 10_000_000);
            let text = format!(
                "Your appointment is on Monday at 10:00. Reply STOP to opt out. Ref {}",
                self.sent
            );
            let message = Message {
                source: SERVICE.as_bytes(),
                destination: number.as_bytes(),
                registered_delivery: 0,
                text: text.as_bytes(),
            };
            pdu::put_message(&mut out, pdu::SUBMIT, self.sent as u32 + 1, 0, &message, b"");
        }
        out
    }
}
