//! `blast ADDRESS SECS WINDOW`: binds one session and sends messages as fast as they are answered; the bench `smpp` runs
//! it. Prints how many were answered.

use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{Answer, Config, Connection, Handle, Handler, Outcome, Role};
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

/// Nothing is brought to it.
struct Nobody;

#[async_trait]
impl Handler for Nobody {
    async fn take(&self, _operation: Operation, _message: ShortMessage) -> Answer {
        Answer::default()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, secs, window] = arguments.as_slice() else {
        return Err("usage: blast ADDRESS SECS WINDOW".into());
    };
    let window = window.parse()?;
    let end = Instant::now() + Duration::from_secs(secs.parse()?);
    let answered = LocalSet::new().run_until(blast(address, window, end)).await?;
    println!("{answered}");
    Ok(())
}

/// As many senders as the window has places, each with one message at a time.
async fn blast(address: &str, window: usize, end: Instant) -> Result<u64, Box<dyn Error>> {
    let handle = open(address, window).await?;
    let serials = Rc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..window {
        senders.spawn_local(send_until(end, handle.clone(), Rc::clone(&serials)));
    }
    let mut answered = 0;
    while let Some(sender) = senders.join_next().await {
        answered += sender??;
    }
    let mut handle = handle;
    handle.unbind().await;
    handle.over().await;
    Ok(answered)
}

async fn open(address: &str, window: usize) -> Result<Handle, Box<dyn Error>> {
    let link = TcpStream::connect(address).await?;
    link.set_nodelay(true)?;
    let config = Config {
        window,
        ..Config::default()
    };
    let (mut connection, mut handle) = Connection::new(Role::Esme, config, Arc::new(Nobody));
    connection.bind(&Bind {
        mode: BindMode::Transceiver,
        system_id: "blast".into(),
        password: "secret".into(),
        system_type: String::new(),
        interface_version: ngoma_smpp::INTERFACE_VERSION,
        address_range: SmeAddress::default(),
    })?;
    tokio::spawn(connection.run(link));
    handle.bound().await?;
    Ok(handle)
}

/// How many of this sender's messages were answered well; the first that was not is an error.
async fn send_until(end: Instant, handle: Handle, serials: Rc<AtomicU64>) -> Result<u64, String> {
    let mut answered = 0;
    while Instant::now() < end {
        let serial = serials.fetch_add(1, Ordering::Relaxed);
        match handle.send(Operation::Submit, message(serial)).await {
            Outcome::Answered(answer) if answer.status.is_ok() => answered += 1,
            outcome => return Err(format!("message {serial}: {outcome:?}")),
        }
    }
    Ok(answered)
}

fn message(serial: u64) -> ShortMessage {
    ShortMessage {
        source: SmeAddress {
            address: "8864".into(),
            ..SmeAddress::default()
        },
        destination: SmeAddress {
            ton: 1,
            npi: 1,
            address: format!("2783{:07}", serial % 10_000_000),
        },
        short_message: format!("Your appointment is on Monday at 10:00. Reply STOP to opt out. Ref {serial}").into(),
        ..ShortMessage::default()
    }
}
