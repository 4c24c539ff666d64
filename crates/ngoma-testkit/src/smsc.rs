//! A carrier's SMSC for tests: it answers as it is told, and its links can be cut.

use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, Operation, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, Config, Connection, Handle, Handler, Role};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncGuard, mpsc};
use tokio::task::{AbortHandle, JoinHandle};

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(30);

/// An SMSC on a port of this machine.
pub struct Smsc {
    port: u16,
    desk: Arc<Desk>,
    binds: AsyncMutex<mpsc::UnboundedReceiver<Handle>>,
    accepting: JoinHandle<()>,
}

/// What the carrier does with what comes.
struct Desk {
    came: mpsc::UnboundedSender<ShortMessage>,
    coming: AsyncMutex<mpsc::UnboundedReceiver<ShortMessage>>,
    /// What the next messages are answered; `None` leaves one without an answer. When it is empty they are taken.
    answers: Mutex<VecDeque<Option<Answer>>>,
    /// Held while nothing is answered.
    gate: AsyncMutex<()>,
    links: Mutex<Vec<AbortHandle>>,
    /// Whether binds are refused.
    refusal: Mutex<Option<CommandStatus>>,
    asked: Mutex<Vec<Bind>>,
    ids: Mutex<u32>,
}

#[async_trait]
impl Handler for Desk {
    async fn take(&self, _: Operation, message: ShortMessage) -> Answer {
        let _ = self.came.send(message);
        drop(self.gate.lock().await);
        let answer = held(&self.answers).pop_front();
        match answer {
            Some(Some(answer)) => answer,
            Some(None) => std::future::pending().await,
            None => {
                let mut ids = held(&self.ids);
                *ids += 1;
                Answer::taken(format!("m{ids}"))
            }
        }
    }

    async fn bind(&self, bind: &Bind) -> Result<String, CommandStatus> {
        held(&self.asked).push(bind.clone());
        match *held(&self.refusal) {
            Some(status) => Err(status),
            None => Ok("smsc".into()),
        }
    }
}

impl Smsc {
    /// Starts one that takes every bind and every message.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> Self {
        let (came, coming) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            came,
            coming: AsyncMutex::new(coming),
            answers: Mutex::default(),
            gate: AsyncMutex::default(),
            links: Mutex::default(),
            refusal: Mutex::default(),
            asked: Mutex::default(),
            ids: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let (bound, binds) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&desk), bound));
        Self {
            port,
            desk,
            binds: AsyncMutex::new(binds),
            accepting,
        }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next session that is bound.
    ///
    /// # Panics
    /// When none is for half a minute.
    pub async fn bound(&self) -> Handle {
        let mut binds = self.binds.lock().await;
        soon(binds.recv()).await.expect("it accepts for ever")
    }

    /// The next message that came.
    ///
    /// # Panics
    /// When none does for half a minute.
    pub async fn came(&self) -> ShortMessage {
        let mut coming = self.desk.coming.lock().await;
        soon(coming.recv()).await.expect("it takes for ever")
    }

    /// The binds that were asked for.
    pub fn asked(&self) -> Vec<Bind> {
        held(&self.desk.asked).clone()
    }

    /// What the next messages are answered; `None` leaves one without an answer.
    pub fn will(&self, answers: impl IntoIterator<Item = Option<Answer>>) {
        held(&self.desk.answers).extend(answers);
    }

    /// From now on binds are refused so, or granted.
    pub fn refuse_binds(&self, refusal: Option<CommandStatus>) {
        *held(&self.desk.refusal) = refusal;
    }

    /// Nothing is answered while the guard is held.
    pub async fn hold(&self) -> AsyncGuard<'_, ()> {
        self.desk.gate.lock().await
    }

    /// Cuts all links, as a network does.
    pub fn cut(&self) {
        for link in held(&self.desk.links).drain(..) {
            link.abort();
        }
    }
}

impl Drop for Smsc {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, desk: Arc<Desk>, bound: mpsc::UnboundedSender<Handle>) {
    while let Ok((link, _)) = listener.accept().await {
        tokio::spawn(serve(link, Arc::clone(&desk), bound.clone()));
    }
}

async fn serve(link: TcpStream, desk: Arc<Desk>, bound: mpsc::UnboundedSender<Handle>) {
    let (connection, mut handle) = Connection::new(Role::Smsc, Config::default(), Arc::clone(&desk));
    let running = tokio::spawn(connection.run(link));
    held(&desk.links).push(running.abort_handle());
    if handle.bound().await.is_ok() {
        let _ = bound.send(handle);
    }
    let _ = running.await;
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("it comes soon")
}
