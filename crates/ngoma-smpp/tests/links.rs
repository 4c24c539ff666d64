//! Links that are not as one would wish: they hold octets back, or do not let go.

use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{
    Answer, CommandStatus, Config, Connection, EndReason, Grant, Handle, Handler, INTERFACE_VERSION, Outcome, Role,
};
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Instant, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// An owner who takes everything.
struct Willing;

#[async_trait]
impl Handler for Willing {
    async fn take(&self, _: Operation, _: ShortMessage) -> Answer {
        Answer::taken("m1")
    }

    async fn bind(&self, _: &Bind) -> Result<Grant, CommandStatus> {
        Ok("smsc".into())
    }
}

/// How much a link holds back: as TLS does while its socket takes nothing.
const HELD_BACK: usize = 2_000;

/// A link that takes octets, and moves them on only when it is flushed.
struct Reluctant {
    link: DuplexStream,
    held: Vec<u8>,
}

impl Reluctant {
    fn new(link: DuplexStream) -> Self {
        Self { link, held: Vec::new() }
    }
}

impl AsyncRead for Reluctant {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.link).poll_read(context, into)
    }
}

impl AsyncWrite for Reluctant {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match octets.len().min(HELD_BACK - self.held.len()) {
            // Whoever flushes is woken, and may write then.
            0 => Poll::Pending,
            taken => {
                self.held.extend_from_slice(&octets[..taken]);
                Poll::Ready(Ok(taken))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { link, held, .. } = &mut *self;
        while !held.is_empty() {
            let moved = ready!(Pin::new(&mut *link).poll_write(context, held))?;
            held.drain(..moved);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.link).poll_shutdown(context)
    }
}

/// A link that cannot be shut down: as one of TLS whose socket takes nothing any more.
struct Clinging(DuplexStream);

impl AsyncRead for Clinging {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Clinging {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// A session that is about to bind, or to be bound.
fn session(role: Role) -> (Connection<Willing>, Handle) {
    let (mut connection, handle) = Connection::new(role, Config::default(), Arc::new(Willing));
    if role == Role::Esme {
        let bind = Bind {
            mode: BindMode::Transceiver,
            system_id: "clinic".into(),
            password: "drum".into(),
            system_type: String::new(),
            interface_version: INTERFACE_VERSION,
            address_range: SmeAddress::default(),
        };
        connection.bind(&bind).expect("it is open");
    }
    (connection, handle)
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

/// Many at once, both ways: nobody's octets wait for somebody else's.
async fn converse(mut esme: Handle, mut smsc: Handle) {
    esme.bound().await.expect("it is granted");
    smsc.bound().await.expect("it is granted");
    let submits = (0..200).map(|_| esme.send(Operation::Submit, message()));
    let delivers = (0..200).map(|_| smsc.send(Operation::Deliver, message()));
    let (submitted, delivered) = tokio::join!(
        futures_util::future::join_all(submits),
        futures_util::future::join_all(delivers)
    );
    assert!(submitted.iter().all(|outcome| *outcome == taken()), "{submitted:?}");
    let is_taken = |outcome: &Outcome| matches!(outcome, Outcome::Answered(answer) if answer.status.is_ok());
    assert!(delivered.iter().all(is_taken), "{delivered:?}");
}

/// The clock moves only when nothing else does: had it to move, something lay still.
#[tokio::test(start_paused = true)]
async fn what_a_link_holds_back_is_flushed() {
    let (left, right) = tokio::io::duplex(100);
    let ((ours, esme), (theirs, smsc)) = (session(Role::Esme), session(Role::Smsc));
    tokio::spawn(ours.run(Reluctant::new(left)));
    tokio::spawn(theirs.run(Reluctant::new(right)));
    let began = Instant::now();
    converse(esme, smsc).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// By TLS over a socket that takes a few octets at a time.
#[tokio::test(start_paused = true)]
async fn what_tls_holds_back_is_flushed() {
    let (left, right) = tokio::io::duplex(64);
    let (connector, acceptor) = tls();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let ((ours, esme), (theirs, smsc)) = (session(Role::Esme), session(Role::Smsc));
    tokio::spawn(async move {
        ours.run(connector.connect(name, left).await.expect("it is known"))
            .await
    });
    tokio::spawn(async move { theirs.run(acceptor.accept(right).await.expect("it is known")).await });
    let began = Instant::now();
    converse(esme, smsc).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

fn tls() -> (TlsConnector, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("it is a certificate");
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("they are known")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("they are known")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("they belong together");
    (Arc::new(client).into(), Arc::new(server).into())
}

#[tokio::test(start_paused = true)]
async fn a_link_that_cannot_be_shut_down_is_let_go() {
    let (left, right) = tokio::io::duplex(4_096);
    let ((ours, mut esme), (theirs, _smsc)) = (session(Role::Esme), session(Role::Smsc));
    let running = tokio::spawn(ours.run(Clinging(left)));
    tokio::spawn(theirs.run(right));
    esme.bound().await.expect("it is granted");
    esme.unbind().await;
    assert_eq!(esme.over().await, EndReason::Unbound);
    let ended = timeout(Duration::from_secs(3), running).await;
    assert!(matches!(ended, Ok(Ok(EndReason::Unbound))), "{ended:?}");
}
