//! Reads lines from a process that is not trusted.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Splits what a step sends into lines, and reads no more than a step may send.
pub struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer.
    begin: usize,
    /// How far the buffer was searched for a line's end.
    searched: usize,
    read: usize,
    most: usize,
}

/// Why there is no next line.
#[derive(Debug, thiserror::Error)]
pub enum NoLine {
    /// The other side sent too much.
    #[error("the service sent more than it may")]
    TooMuch,
    /// The connection failed.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines from here; no more than this is read.
    pub fn new(from: R, most: usize) -> Self {
        Self {
            from,
            most,
            buffer: Vec::new(),
            begin: 0,
            searched: 0,
            read: 0,
        }
    }

    /// The next line; `None` at the end. Dropped half-way, nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, NoLine> {
        loop {
            if let Some(length) = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n') {
                let end = self.searched + length;
                let line = self.buffer[self.begin..end].to_vec();
                self.begin = end + 1;
                self.searched = self.begin;
                return Ok(Some(line));
            }
            self.buffer.drain(..self.begin);
            self.begin = 0;
            self.searched = self.buffer.len();
            self.buffer.reserve(8 << 10);
            let count = self.from.read_buf(&mut self.buffer).await?;
            self.read += count;
            if count == 0 {
                return Ok(None);
            }
            if self.read > self.most {
                return Err(NoLine::TooMuch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_a_cut_one_not_at_all() {
        let mut lines = Lines::new(b"one\n\ntwo\ncut".as_slice(), 100);
        for expected in [Some("one"), Some(""), Some("two"), None] {
            let line = lines.next().await.unwrap();
            assert_eq!(line.as_deref(), expected.map(str::as_bytes));
        }
    }

    #[tokio::test]
    async fn a_line_without_end_is_not_read_for_ever() {
        let mut lines = Lines::new(tokio::io::repeat(b'x'), 4 << 20);
        assert!(matches!(lines.next().await, Err(NoLine::TooMuch)));
    }
}
