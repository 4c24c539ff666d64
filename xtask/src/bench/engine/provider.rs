//! An SMS provider that takes everything at once, as cheaply as it can: only ngoma is measured.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::http;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const POLL: Duration = Duration::from_millis(5);

/// A provider that listens until the bench ends.
pub struct Provider {
    /// Where it listens.
    pub address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Provider {
    /// Starts it on a port of its own; each connection has a thread.
    pub fn start() -> Result<Provider> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || serve(stream, &counter));
            }
        });
        Ok(Provider { address, taken })
    }

    /// How many messages it was sent.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Waits until it was sent so many messages in all; an error when none came for long.
    pub fn wait_for(&self, messages: u64, patience: Duration) -> Result<()> {
        let (mut seen, mut since) = (self.taken(), Instant::now());
        while seen < messages {
            thread::sleep(POLL);
            let now = self.taken();
            if now > seen {
                (seen, since) = (now, Instant::now());
            }
            ensure!(
                since.elapsed() < patience,
                "of {messages} messages the provider got {seen}, then none for {patience:?}"
            );
        }
        Ok(())
    }
}

/// Answers one request after the other until the connection ends.
fn serve(stream: TcpStream, taken: &AtomicU64) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while http::read_request(&mut stream).is_ok() {
        taken.fetch_add(1, Ordering::Relaxed);
        if stream.get_mut().write_all(ANSWER).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Connection;

    #[test]
    fn it_counts_what_it_was_sent() {
        let provider = Provider::start().unwrap();
        let mut connection = Connection::open(provider.address).unwrap();
        for _ in 0..3 {
            assert_eq!(
                connection.post_json("/send", "{\"content\":\"hi\"}").unwrap().status,
                200
            );
        }
        provider.wait_for(3, Duration::from_secs(1)).unwrap();
        assert_eq!(provider.taken(), 3);
        assert!(provider.wait_for(4, Duration::ZERO).is_err());
    }
}
