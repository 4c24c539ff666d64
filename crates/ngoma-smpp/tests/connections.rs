//! Two connections, one at each end of a link, on a clock that moves by itself.

use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, Outbind, ShortMessage, SmeAddress};
use ngoma_smpp::{
    Answer, CommandStatus, Config, Connection, EndReason, Grant, Handle, Handler, INTERFACE_VERSION, Outcome, Role,
    Windows,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio::sync::{Notify, Semaphore};

/// One end's owner.
struct Desk {
    /// One permit for each message that may be answered.
    gate: Semaphore,
    windows: Option<Windows>,
}

#[async_trait]
impl Handler for Desk {
    async fn take(&self, _: Operation, _: ShortMessage) -> Answer {
        match self.gate.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => return Answer::refused(CommandStatus::SYSTEM_ERROR),
        }
        Answer::taken("m1")
    }

    async fn bind(&self, bind: &Bind) -> Result<Grant, CommandStatus> {
        match bind.password.as_str() {
            "drum" => Ok(Grant {
                system_id: "smsc".into(),
                windows: self.windows,
            }),
            _ => Err(CommandStatus::INVALID_PASSWORD),
        }
    }

    async fn outbind(&self, outbind: &Outbind) -> Option<Bind> {
        (outbind.password == "drum").then(bind)
    }
}

fn bind() -> Bind {
    Bind {
        mode: BindMode::Transceiver,
        system_id: "clinic".into(),
        password: "drum".into(),
        system_type: String::new(),
        interface_version: INTERFACE_VERSION,
        address_range: SmeAddress::default(),
    }
}

fn desk(gate: usize, windows: Option<Windows>) -> Arc<Desk> {
    Arc::new(Desk {
        gate: Semaphore::new(gate),
        windows,
    })
}

/// Runs an end that is about to bind, or to be bound.
fn run(role: Role, config: Config, desk: &Arc<Desk>, link: DuplexStream) -> Handle {
    let (mut connection, handle) = Connection::new(role, config, Arc::clone(desk));
    if role == Role::Esme {
        connection.bind(&bind()).expect("it is open");
    }
    tokio::spawn(connection.run(link));
    handle
}

fn message() -> ShortMessage {
    ShortMessage {
        short_message: "hi".into(),
        ..ShortMessage::default()
    }
}

fn taken() -> Outcome {
    Outcome::Answered(Answer::taken("m1"))
}

#[tokio::test(start_paused = true)]
async fn a_bind_is_granted_with_windows_of_its_own() {
    let (left, right) = tokio::io::duplex(4_096);
    let windows = Windows { ours: 1, theirs: 2 };
    let ours = desk(0, None);
    let mut esme = run(Role::Esme, Config::default(), &ours, left);
    let theirs = desk(0, Some(windows));
    let mut smsc = run(Role::Smsc, Config::default(), &theirs, right);
    let bound = esme.bound().await.expect("it is granted");
    assert_eq!(bound.system_id, "smsc");
    smsc.bound().await.expect("it is granted");
    assert_eq!((smsc.free(), esme.free()), (1, 64));
    // The first waits for its answer; the second waits for the window.
    let first = tokio::spawn({
        let smsc = smsc.clone();
        async move { smsc.send(Operation::Deliver, message()).await }
    });
    smsc_has_no_room(&smsc).await;
    ours.gate.add_permits(1);
    assert_eq!(first.await.expect("it runs"), taken());
}

async fn smsc_has_no_room(smsc: &Handle) {
    while smsc.free() > 0 {
        tokio::task::yield_now().await;
    }
}

/// SMPP 3.4 §2.2.1.
#[tokio::test(start_paused = true)]
async fn an_smsc_asks_for_a_bind_and_gets_it_from_whom_it_knows() {
    for (password, is_known) in [("drum", true), ("horn", false)] {
        let (left, right) = tokio::io::duplex(4_096);
        let (esme, mut esme_handle) = Connection::new(Role::Esme, Config::default(), desk(1, None));
        tokio::spawn(esme.run(left));
        let (mut smsc, mut smsc_handle) = Connection::new(Role::Smsc, Config::default(), desk(1, None));
        let outbind = Outbind {
            system_id: "smsc".into(),
            password: password.into(),
        };
        smsc.outbind(&outbind).expect("it is open");
        tokio::spawn(smsc.run(right));
        match is_known {
            true => {
                esme_handle.bound().await.expect("it binds");
                assert_eq!(esme_handle.send(Operation::Submit, message()).await, taken());
            }
            false => {
                assert_eq!(esme_handle.bound().await, Err(EndReason::Unbound));
                assert_eq!(smsc_handle.over().await, EndReason::LinkLost);
            }
        }
    }
}

/// While the store of one end is slow nothing is read there; that the other end answered is found out later, and it is
/// not taken for dead.
#[tokio::test(start_paused = true)]
async fn an_answer_that_lies_unread_is_no_answer_that_failed_to_come() {
    let (left, right) = tokio::io::duplex(4_096);
    let config = Config {
        inbound_window: 1,
        response_timeout: Duration::from_secs(10),
        enquire_after: Duration::from_secs(5),
        ..Config::default()
    };
    let slow = desk(0, None);
    let mut esme = run(Role::Esme, config, &slow, left);
    let patient = Config {
        response_timeout: Duration::from_secs(600),
        ..Config::default()
    };
    let mut smsc = run(Role::Smsc, patient, &desk(1, None), right);
    smsc.bound().await.expect("it is granted");
    esme.bound().await.expect("it is granted");
    let delivering = tokio::spawn({
        let smsc = smsc.clone();
        async move { smsc.send(Operation::Deliver, message()).await }
    });
    // It has come, and nothing more is read.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let submitting = tokio::spawn({
        let esme = esme.clone();
        async move { esme.send(Operation::Submit, message()).await }
    });
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(!submitting.is_finished() && !delivering.is_finished());
    slow.gate.add_permits(1);
    assert_eq!(submitting.await.expect("it runs"), taken());
    assert!(matches!(delivering.await.expect("it runs"), Outcome::Answered(_)));
    assert!(esme.free() > 0);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_neither_answers_nor_speaks_is_given_up() {
    let (left, _right) = tokio::io::duplex(4_096);
    let mut esme = run(Role::Esme, Config::default(), &desk(0, None), left);
    assert_eq!(esme.bound().await, Err(EndReason::BindTimeout));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_over_has_no_room() {
    let (left, right) = tokio::io::duplex(4_096);
    let mut esme = run(Role::Esme, Config::default(), &desk(0, None), left);
    let mut smsc = run(Role::Smsc, Config::default(), &desk(0, None), right);
    esme.bound().await.expect("it is granted");
    assert_eq!(esme.free(), 64);
    esme.unbind().await;
    assert_eq!(esme.over().await, EndReason::Unbound);
    assert_eq!(smsc.over().await, EndReason::UnboundByPeer);
    assert_eq!((esme.free(), smsc.free()), (0, 0));
    // Whoever waits for room is not left waiting.
    esme.room().await;
}

/// An owner who works on one thing for ever, or until he may go on; what is dropped and what is ended is told.
#[derive(Default)]
struct Slow {
    looks: bool,
    begun: Notify,
    go_on: Notify,
    ended: Notify,
    is_dropped: Arc<AtomicBool>,
}

struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Handler for Slow {
    async fn take(&self, _: Operation, _: ShortMessage) -> Answer {
        self.begun.notify_one();
        self.go_on.notified().await;
        self.ended.notify_one();
        Answer::taken("m1")
    }

    async fn bind(&self, _: &Bind) -> Result<Grant, CommandStatus> {
        if self.looks {
            let _told = Dropped(Arc::clone(&self.is_dropped));
            self.begun.notify_one();
            std::future::pending::<()>().await;
        }
        Ok("smsc".into())
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_at_a_bind_whose_link_is_gone() {
    let slow = Arc::new(Slow {
        looks: true,
        ..Slow::default()
    });
    let (left, right) = tokio::io::duplex(4_096);
    let (connection, mut smsc) = Connection::new(Role::Smsc, Config::default(), Arc::clone(&slow));
    tokio::spawn(connection.run(right));
    let (mut connection, _esme) = Connection::new(Role::Esme, Config::default(), desk(0, None));
    connection.bind(&bind()).expect("it is open");
    let esme = tokio::spawn(connection.run(left));
    slow.begun.notified().await;
    assert!(!slow.is_dropped.load(Ordering::SeqCst));
    esme.abort();
    assert_eq!(smsc.over().await, EndReason::LinkLost);
    assert!(slow.is_dropped.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_begun_is_worked_to_its_end_though_its_link_is_gone() {
    let slow = Arc::new(Slow::default());
    let (left, right) = tokio::io::duplex(4_096);
    let (connection, mut smsc) = Connection::new(Role::Smsc, Config::default(), Arc::clone(&slow));
    tokio::spawn(connection.run(right));
    let (mut connection, mut esme) = Connection::new(Role::Esme, Config::default(), desk(0, None));
    connection.bind(&bind()).expect("it is open");
    let running = tokio::spawn(connection.run(left));
    esme.bound().await.expect("it is granted");
    let sending = tokio::spawn(async move { esme.send(Operation::Submit, message()).await });
    slow.begun.notified().await;
    running.abort();
    assert_eq!(smsc.over().await, EndReason::LinkLost);
    assert!(matches!(sending.await.expect("it runs"), Outcome::Unanswered(..)));
    slow.go_on.notify_one();
    slow.ended.notified().await;
}
