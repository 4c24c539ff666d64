//! An account's own system for tests: it binds by SMPP, sends, and takes what comes.

use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{Answer, Config, Connection, EndReason, Handle, Handler, INTERFACE_VERSION, Outcome, Role};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::AbortHandle;

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(30);

/// A system that is bound.
pub struct Esme {
    handle: Handle,
    desk: Arc<Desk>,
    running: AbortHandle,
}

/// What the system does with what comes.
struct Desk {
    came: mpsc::UnboundedSender<ShortMessage>,
    coming: AsyncMutex<mpsc::UnboundedReceiver<ShortMessage>>,
    /// What the next messages are answered; when it is empty they are taken.
    answers: Mutex<VecDeque<Answer>>,
    is_silent: AtomicBool,
}

#[async_trait]
impl Handler for Desk {
    async fn take(&self, _: Operation, message: ShortMessage) -> Answer {
        let _ = self.came.send(message);
        if self.is_silent.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.pop_front().unwrap_or_default()
    }
}

/// A bind in that mode as that system.
pub fn bind(mode: BindMode, system_id: &str, password: &str) -> Bind {
    Bind {
        mode,
        system_id: system_id.to_owned(),
        password: password.to_owned(),
        system_type: String::new(),
        interface_version: INTERFACE_VERSION,
        address_range: SmeAddress::default(),
    }
}

impl Esme {
    /// Binds on a port of this machine.
    pub async fn bind(port: u16, bind: &Bind) -> Result<Self, EndReason> {
        let link = TcpStream::connect(("127.0.0.1", port)).await;
        let link = link.map_err(|_| EndReason::LinkLost)?;
        Self::bind_on(link, bind).await
    }

    /// Binds on a link.
    pub async fn bind_on(link: impl AsyncRead + AsyncWrite + Send + 'static, bind: &Bind) -> Result<Self, EndReason> {
        let (came, coming) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            came,
            coming: AsyncMutex::new(coming),
            answers: Mutex::default(),
            is_silent: AtomicBool::default(),
        });
        let (mut connection, mut handle) = Connection::new(Role::Esme, Config::default(), Arc::clone(&desk));
        connection.bind(bind).map_err(|_| EndReason::LinkLost)?;
        let running = tokio::spawn(connection.run(link)).abort_handle();
        handle.bound().await?;
        Ok(Self { handle, desk, running })
    }

    /// Sends a message.
    pub async fn submit(&self, message: ShortMessage) -> Outcome {
        soon(self.handle.send(Operation::Submit, message)).await
    }

    /// The next message that came.
    ///
    /// # Panics
    /// When none does for half a minute.
    pub async fn came(&self) -> ShortMessage {
        let mut coming = self.desk.coming.lock().await;
        soon(coming.recv()).await.expect("it takes for ever")
    }

    /// What the next messages are answered.
    pub fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        let mut held = self.desk.answers.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(answers);
    }

    /// From now on nothing is answered.
    pub fn will_not_answer(&self) {
        self.desk.is_silent.store(true, Ordering::Relaxed);
    }

    /// Cuts its link.
    pub fn cut(&self) {
        self.running.abort();
    }

    /// Ends its session in order.
    pub async fn unbind(mut self) -> EndReason {
        self.handle.unbind().await;
        soon(self.handle.over()).await
    }

    /// Returns when its session is over.
    pub async fn over(mut self) -> EndReason {
        soon(self.handle.over()).await
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("it comes soon")
}
