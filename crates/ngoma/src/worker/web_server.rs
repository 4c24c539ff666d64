//! The HTTP server: one task a connection, limits on all of them, and a drain at the end.

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// The most connections at once; more wait in the socket.
const MAX_CONNECTIONS: usize = 8_192;
/// How long a client may take to send its headers.
const HEADER_LIMIT: Duration = Duration::from_secs(10);
/// How long a client of an open connection has at the end to send one more request, which is answered and closes it:
/// closing it at once could cross with that request.
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// How long requests in hand may take at the end.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);
/// How long to wait when no more files can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running server.
pub struct WebServer {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<GracefulShutdown>,
    open: Arc<Open>,
}

/// The connections that are open, and whether they are to close with their next answer.
struct Open {
    room: Arc<Semaphore>,
    is_closing: AtomicBool,
}

/// Serves these routes on this socket.
pub fn start(listener: TcpListener, routes: Router) -> Result<WebServer> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (stop, stopped) = oneshot::channel();
    let open = Arc::new(Open {
        room: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        is_closing: AtomicBool::new(false),
    });
    let accepting = tokio::spawn(accept(listener, routes, open.clone(), stopped));
    Ok(WebServer { stop, accepting, open })
}

impl WebServer {
    /// Takes no new connections, closes each open one after its next answer or when it stays idle, and waits for the
    /// requests in hand.
    pub async fn finish(self) {
        self.open.is_closing.store(true, Ordering::Relaxed);
        let _ = self.stop.send(());
        let Ok(connections) = self.accepting.await else { return };
        let all_closed = self.open.room.acquire_many(MAX_CONNECTIONS as u32);
        // Those that are still open then are idle, or busy with a long request.
        let _ = tokio::time::timeout(LAST_REQUEST, all_closed).await;
        if tokio::time::timeout(DRAIN_LIMIT, connections.shutdown()).await.is_err() {
            tracing::warn!(
                limit_s = DRAIN_LIMIT.as_secs(),
                "requests were still running at the end of the drain"
            );
        }
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    routes: Router,
    open: Arc<Open>,
    mut stopped: oneshot::Receiver<()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    loop {
        let next = async {
            let permit = open.room.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (Ok(permit), accepted) = (tokio::select! {
            _ = &mut stopped => return connections,
            next = next => next,
        }) else {
            return connections;
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_connection(&connections, stream, routes.clone(), open.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn serve_connection(
    connections: &GracefulShutdown,
    stream: TcpStream,
    routes: Router,
    open: Arc<Open>,
) -> impl Future<Output = ()> + Send + use<> {
    // Replies are small and wait for nothing: sending each at once costs no bandwidth worth saving.
    let _ = stream.set_nodelay(true);
    let service = routes
        .map_request(|request: hyper::Request<Incoming>| request.map(Body::new))
        .map_response(move |mut response| {
            if open.is_closing.load(Ordering::Relaxed) {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection);
    async move {
        // A client that breaks off is not an event anyone must act on.
        let _ = connection.await;
    }
}
