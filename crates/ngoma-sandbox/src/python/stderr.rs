//! What a worker in Python writes to its standard error: what breaks the interpreter itself, and what code writes past the
//! library. It is read for ever, so that nobody waits for us; logged up to a limit; and its end kept for whoever asks.

use super::last_words;
use std::collections::VecDeque;
use std::process::ChildStderr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncReadExt;

/// How much of it is logged in a worker's life.
const LOGGED_BYTES: usize = 16 << 10;
/// How much of its end is kept.
const KEPT_BYTES: usize = 8 << 10;

/// The end of what was written so far.
#[derive(Clone, Default)]
pub struct LastWords(Arc<Mutex<VecDeque<u8>>>);

impl LastWords {
    /// The last lines.
    pub fn text(&self) -> String {
        last_words::of(&self.kept())
    }

    /// All that is kept.
    pub fn whole(&self) -> String {
        String::from_utf8_lossy(&self.kept()).into_owned()
    }

    fn kept(&self) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().copied().collect()
    }

    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let excess = kept.len().saturating_sub(KEPT_BYTES);
        kept.drain(..excess);
    }
}

/// Reads until the worker ends.
pub fn follow(stderr: ChildStderr) -> LastWords {
    let words = LastWords::default();
    if let Ok(stderr) = tokio::process::ChildStderr::from_std(stderr) {
        tokio::spawn(read(stderr, words.clone()));
    }
    words
}

async fn read(mut stderr: tokio::process::ChildStderr, words: LastWords) {
    let mut chunk = vec![0; 4 << 10];
    let mut logged = 0;
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        words.add(&chunk[..count]);
        if logged < LOGGED_BYTES {
            logged += count;
            let text = String::from_utf8_lossy(&chunk[..count]);
            tracing::warn!(%text, "the worker of a service in Python wrote to its standard error");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let words = LastWords::default();
        words.add(&vec![b'x'; 3 * KEPT_BYTES]);
        words.add(b"\nthe end\n");
        assert!(words.text().ends_with("x\nthe end"));
        assert!(words.0.lock().unwrap().len() <= KEPT_BYTES);
    }
}
