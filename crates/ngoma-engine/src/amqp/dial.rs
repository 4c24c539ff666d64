//! Makes one connection to the broker, and ends it for certain.

use super::address::Address;
use super::options::BusOptions;
use lapin::tcp::{AsyncTcpStream, OwnedTLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::timeout;

/// How long a connection may take until it can be used.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// How long the broker may take to answer a goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// The code of a goodbye for which nobody is to blame.
const GOODBYE: u16 = 200;

/// A connection. The library makes no attempt to bring it back.
pub(super) struct Wire {
    connection: Connection,
    socket: Socket,
}

/// The socket beneath a connection, as soon as there is one; shut when this is dropped. While the broker blocks a
/// connection the library writes nothing at all, not even that it closes, and would keep it as long as the broker does.
#[derive(Default)]
struct Socket(Arc<OnceLock<TcpStream>>);

impl Wire {
    /// Connects, or says why not. Neither tells the user or the password.
    pub(super) async fn dial(address: &Address, options: &BusOptions, purpose: &str) -> Result<Self, String> {
        let socket = Socket::default();
        match timeout(CONNECT_WITHIN, connect(address, options, purpose, socket.0.clone())).await {
            Ok(Ok(connection)) => Ok(Self { connection, socket }),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no connection within {} s", CONNECT_WITHIN.as_secs())),
        }
    }

    /// What the library offers.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether it can still be used.
    pub(super) fn is_alive(&self) -> bool {
        self.connection.status().connected()
    }

    /// Ends it where it is.
    pub(super) fn cut(&self) {
        self.socket.shut();
    }

    /// Says goodbye, if the broker still listens.
    pub(super) async fn close(&self) {
        // A broker that does not answer sees the socket shut.
        let _ = timeout(GOODBYE_WITHIN, self.connection.close(GOODBYE, "closed".into())).await;
    }
}

impl Socket {
    fn shut(&self) {
        if let Some(stream) = self.0.get() {
            // One that is shut already is what is wanted.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shut();
    }
}

/// Connects and leaves the socket in its place.
async fn connect(
    address: &Address,
    options: &BusOptions,
    purpose: &str,
    place: Arc<OnceLock<TcpStream>>,
) -> lapin::Result<Connection> {
    let runtime = lapin::runtime::default_runtime()?;
    let name = format!("{} {purpose}", options.name);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let tls = OwnedTLSConfig {
        cert_chain: options.authorities.clone(),
        identity: None,
    };
    let uri = address.uri(options.heartbeat);
    Connection::connector(
        uri,
        runtime,
        async move |uri: AMQPUri, runtime| {
            be_silent();
            let (host, port) = (uri.authority.host.as_str(), uri.authority.port);
            let addresses: Vec<_> = within(tokio::net::lookup_host((host, port))).await?.collect();
            let stream = within(AsyncTcpStream::connect(&runtime, addresses)).await?;
            if let AsyncTcpStream::Plain(plain) = &stream {
                hold(&place, plain.get_ref())?;
            }
            match uri.scheme {
                AMQPScheme::AMQP => Ok(stream),
                AMQPScheme::AMQPS => Ok(within(stream.into_tls(host, tls.as_ref())).await?),
            }
        },
        properties,
    )
    .await
}

/// Ends a channel. When the broker answers it has taken all that was said on it. A channel that is merely dropped is
/// closed too, but if the connection is being closed at the same time the library gives that up for an error.
pub(super) async fn close_channel(channel: &Channel) {
    // One that is not answered ends with its connection.
    let _ = timeout(GOODBYE_WITHIN, channel.close(GOODBYE, "closed".into())).await;
}

/// The library's thread runs this first and logs nothing from then on: it would write messages that come back, with
/// their whole bodies, as warnings. What matters is logged here.
fn be_silent() {
    std::mem::forget(tracing::dispatcher::set_default(&tracing::Dispatch::none()));
}

fn hold(place: &Arc<OnceLock<TcpStream>>, stream: &impl AsFd) -> io::Result<()> {
    let _ = place.set(TcpStream::from(stream.as_fd().try_clone_to_owned()?));
    // Who was to shut it may be gone by now.
    match Arc::strong_count(place) {
        1 => Err(io::ErrorKind::Interrupted.into()),
        _ => Ok(()),
    }
}

async fn within<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_WITHIN, step)
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}
