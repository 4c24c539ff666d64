//! The end of a link by which octets leave: they are written, flushed, and at the end given up.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long a link may take to be shut down: one that takes nothing would keep its task for minutes.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Writes to a link. TLS takes octets and keeps them when the socket takes none: they go only when it is flushed.
pub(crate) struct Writer<Link> {
    link: Link,
    is_flushed: bool,
}

impl<Link: AsyncWrite + Unpin> Writer<Link> {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, is_flushed: true }
    }

    /// Whether octets taken before may still be here.
    pub(crate) fn is_flushed(&self) -> bool {
        self.is_flushed
    }

    /// Moves octets on, these and those taken before; returns when something was done, and how many of these were taken.
    /// Nothing is lost when it is dropped.
    pub(crate) async fn carry(&mut self, octets: &[u8]) -> io::Result<usize> {
        poll_fn(|context| self.poll_carry(context, octets)).await
    }

    /// Shuts the link down, if it lets itself be.
    pub(crate) async fn shut_down(mut self) {
        let _ = timeout(SHUTDOWN, self.link.shutdown()).await;
    }

    fn poll_carry(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if !octets.is_empty()
            && let Poll::Ready(taken) = Pin::new(&mut self.link).poll_write(context, octets)?
        {
            self.is_flushed = false;
            return Poll::Ready(match taken {
                0 => Err(io::ErrorKind::WriteZero.into()),
                taken => Ok(taken),
            });
        }
        if self.is_flushed {
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.link).poll_flush(context))?;
        self.is_flushed = true;
        Poll::Ready(Ok(0))
    }
}
