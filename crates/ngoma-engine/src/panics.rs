//! Code of channels and runners may panic: the message it was working on ends with a reason instead of being forgotten.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Awaits the work; gives the panic's words when it panicked. What the work holds is dropped with it.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(work);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(words(panic.as_ref()))),
        },
    )
    .await
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_in_its_own_words() {
        assert_eq!(caught(async { 1 }).await, Ok(1));
        let said = caught(async { panic!("no way") }).await;
        assert_eq!(said, Err::<(), _>("no way".to_owned()));
        let said = caught(async {
            tokio::task::yield_now().await;
            panic!("later {}", 2)
        });
        assert_eq!(said.await, Err::<(), _>("later 2".to_owned()));
    }
}
