//! One worker process, from the host's side.

use super::conversation::beginning;
use super::death;
use super::source::Source;
use super::spawn::{Spawned, Spawner};
use crate::frames::{self, ClockMode, Death, FromWorker, Loading, Scene};
use crate::limits;
use crate::python::stderr::{self, LastWords};
use ngoma_engine::recording::Beginning;
use ngoma_engine::service::ServiceError;
use ngoma_message::Timestamp;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::{Child, ChildStderr, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

/// How much of a worker's standard error is read; it has nothing to say unless it breaks.
const STDERR_BYTES: u64 = 4 << 10;

/// A worker that has loaded its service. Dropped, it closes its half of the socket and so ends the process.
pub struct Worker {
    pid: u32,
    has_group: bool,
    /// The end of what it wrote beside the protocol.
    last_words: Option<LastWords>,
    loaded: Beginning,
    control: OwnedWriteHalf,
    /// Steps are sent one after the other, so that none is cut by another.
    sending: AsyncMutex<()>,
    next_step: AtomicU64,
    deaths: Arc<Deaths>,
}

/// A step that was handed to the worker: the host's end of its socket, and news should its process die.
pub struct BegunStep {
    pub socket: UnixStream,
    /// How the code was loaded.
    pub loaded: Beginning,
    pub death: DeathNote,
}

/// Comes when a step's process died.
pub struct DeathNote {
    receiver: oneshot::Receiver<Death>,
    number: u64,
    deaths: Arc<Deaths>,
}

/// Who waits for the death of which step, and whether the worker itself lives.
#[derive(Default)]
struct Deaths {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Death>>>,
    is_over: AtomicBool,
}

impl Worker {
    /// Starts a worker and has it load a service.
    pub async fn start(
        spawner: &Spawner,
        source: &Source,
        limit: Duration,
        on_end: impl FnOnce() + Send + 'static,
    ) -> Result<Self, ServiceError> {
        let failed = |error: io::Error| super::error(&format!("the service's worker could not be started: {error}"));
        let launch = source.python().map(|python| python.launch.clone());
        let Spawned { mut process, control } = spawner.spawn(launch).await.map_err(failed)?;
        let pid = process.id();
        let stderr = process.stderr.take();
        let last_words = follow(stderr, source);
        let mut keeper = Keeper {
            process,
            has_group: source.python().is_some(),
        };
        let mut control = open(control).map_err(failed)?;
        let loaded = beginning(Timestamp::now(), None)?;
        let answer = tokio::time::timeout(limit, load(&mut control, &loaded, source)).await;
        match answer {
            Ok(Ok(FromWorker::Ready)) => {}
            Ok(Ok(FromWorker::Failed(failure))) => return Err(failure.into()),
            Ok(_) => {
                let death = death::of_load(keeper.end().await);
                return Err(super::error(&format!("{death}{}", said(&last_words))));
            }
            Err(_) => {
                let seconds = limit.as_secs();
                return Err(super::error(&format!(
                    "the service took longer than {seconds} s to load"
                )));
            }
        }
        let (mut reports, control) = control.into_split();
        let worker = Self {
            pid,
            has_group: source.python().is_some(),
            last_words,
            loaded,
            control,
            sending: AsyncMutex::default(),
            next_step: AtomicU64::new(0),
            deaths: Arc::default(),
        };
        let deaths = Arc::clone(&worker.deaths);
        tokio::spawn(async move {
            listen(&mut reports, &deaths).await;
            deaths.end();
            keeper.end().await;
            on_end();
        });
        Ok(worker)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether its process has ended.
    pub fn is_over(&self) -> bool {
        self.deaths.is_over.load(Ordering::Acquire)
    }

    /// The end of what it wrote beside the protocol.
    pub fn last_words(&self) -> String {
        self.last_words.as_ref().map(LastWords::whole).unwrap_or_default()
    }

    /// Ends it and all that it forked, if they can still be told from others by their process group.
    pub fn end_group(&self) {
        if self.has_group && !self.is_over() {
            end_group(self.pid);
        }
    }

    /// Has it fork a process for a step.
    pub async fn begin_step(&self) -> io::Result<BegunStep> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let socket = UnixStream::from_std(ours)?;
        let _turn = self.sending.lock().await;
        let number = self.next_step.fetch_add(1, Ordering::Relaxed);
        let death = Deaths::note(&self.deaths, number);
        let control: &UnixStream = self.control.as_ref();
        let send = || send_step(control, number, theirs.as_raw_fd());
        control.async_io(Interest::WRITABLE, send).await?;
        let loaded = self.loaded;
        Ok(BegunStep { socket, loaded, death })
    }
}

/// Code that does not let its process end when the socket closes is not asked.
impl Drop for Worker {
    fn drop(&mut self) {
        self.end_group();
    }
}

impl Deaths {
    fn note(deaths: &Arc<Self>, number: u64) -> DeathNote {
        let (sender, receiver) = oneshot::channel();
        deaths.waiting().insert(number, sender);
        DeathNote {
            receiver,
            number,
            deaths: Arc::clone(deaths),
        }
    }

    fn tell(&self, number: u64, death: Death) {
        if let Some(waiting) = self.waiting().remove(&number) {
            let _ = waiting.send(death);
        }
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Death>>> {
        // A panic elsewhere cannot leave a map half written.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeathNote {
    /// One that never comes.
    #[cfg(test)]
    pub fn never() -> Self {
        let deaths = Arc::default();
        let note = Deaths::note(&deaths, 0);
        deaths.end();
        note
    }

    /// How the step's process ended, if that becomes known soon.
    pub async fn read(mut self) -> Option<Death> {
        tokio::time::timeout(Duration::from_secs(1), &mut self.receiver)
            .await
            .ok()?
            .ok()
    }
}

impl Drop for DeathNote {
    fn drop(&mut self) {
        self.deaths.waiting().remove(&self.number);
    }
}

/// Keeps a process from outliving us, and from staying behind as a zombie.
struct Keeper {
    process: Child,
    /// Whether it leads a process group of its own, which ends with it.
    has_group: bool,
}

impl Keeper {
    /// Kills the process, if need be, and collects it.
    async fn end(&mut self) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.process.try_wait() {
            return Some(status);
        }
        // The end of its socket is seen a moment before the end of the process.
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.kill();
        self.process.wait().ok()
    }

    fn kill(&mut self) {
        // One that was collected has given its number back.
        if self.has_group && matches!(self.process.try_wait(), Ok(None)) {
            end_group(self.process.id());
        }
        let _ = self.process.kill();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.kill();
        let _ = self.process.wait();
    }
}

fn end_group(leader: u32) {
    // SAFETY: a plain system call. A group that does not exist, because its leader has not made it yet, is an error.
    unsafe { libc::killpg(leader.cast_signed(), libc::SIGKILL) };
}

fn open(control: OwnedFd) -> io::Result<UnixStream> {
    let control = StdUnixStream::from(control);
    control.set_nonblocking(true)?;
    UnixStream::from_std(control)
}

async fn load(control: &mut UnixStream, beginning: &Beginning, source: &Source) -> io::Result<FromWorker> {
    let loading = Loading {
        scene: Scene::new(beginning, ClockMode::Stepped),
        profile: source.profile(),
    };
    let body = frames::encode_load(&loading, &source.sent())?;
    control.write_all(&frames::frame(&body)).await?;
    read_frame(control).await
}

/// Passes on what the worker tells until it ends, or says what makes no sense.
async fn listen(reports: &mut OwnedReadHalf, deaths: &Deaths) {
    while let Ok(FromWorker::Died { step, death }) = read_frame(reports).await {
        deaths.tell(step, death);
    }
}

async fn read_frame(control: &mut (impl AsyncRead + Unpin)) -> io::Result<FromWorker> {
    let length = control.read_u32_le().await? as usize;
    if length > limits::FRAME_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    control.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}

/// Sends a step's number with the worker's end of its socket. Eight bytes go as a whole or not at all.
fn send_step(control: &UnixStream, number: u64, socket: RawFd) -> io::Result<()> {
    let number = number.to_le_bytes();
    let sockets = [socket];
    let attached = [ControlMessage::ScmRights(&sockets)];
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    sendmsg::<()>(control.as_raw_fd(), &[IoSlice::new(&number)], &attached, flags, None)?;
    Ok(())
}

/// Reads what a worker writes beside the protocol.
fn follow(stderr: Option<ChildStderr>, source: &Source) -> Option<LastWords> {
    if source.python().is_some() {
        return stderr.map(stderr::follow);
    }
    log_stderr(stderr);
    None
}

/// What a worker said last, as the end of an error.
fn said(words: &Option<LastWords>) -> String {
    let words = words.as_ref().map(LastWords::text).unwrap_or_default();
    if words.is_empty() { words } else { format!(":\n{words}") }
}

/// Writes the first words of a worker that breaks to our log.
fn log_stderr(stderr: Option<ChildStderr>) {
    let Some(stderr) = stderr.and_then(|stderr| tokio::process::ChildStderr::from_std(stderr).ok()) else {
        return;
    };
    tokio::spawn(async move {
        let mut text = Vec::new();
        let read = stderr.take(STDERR_BYTES).read_to_end(&mut text).await;
        if read.is_ok() && !text.is_empty() {
            tracing::warn!(text = %String::from_utf8_lossy(&text), "a service's worker wrote to its standard error");
        }
    });
}
