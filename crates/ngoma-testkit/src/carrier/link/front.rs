//! The carrier's side: it takes the links of any number of channels, and tells one after the other.

use super::super::listener::Listener;
use super::super::{Answer, Carrier};
use super::Link;
use super::wire::OfChannel;
use serde_json::{Value, json};
use std::io;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Takes links until it is dropped.
pub struct LinkFront {
    address: String,
    accepting: JoinHandle<()>,
}

impl LinkFront {
    /// Where channels connect to, as [`LinkedCarrier`](super::LinkedCarrier) takes it.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for LinkFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Carrier {
    /// Takes links on a free port of the loopback interface. Receipts and messages go to whoever is linked.
    pub async fn take_links(&self) -> io::Result<LinkFront> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let accepting = tokio::spawn(accept(listener, self.clone()));
        Ok(LinkFront { address, accepting })
    }
}

async fn accept(listener: TcpListener, carrier: Carrier) {
    while let Ok((stream, _)) = listener.accept().await {
        let submitting = carrier.clone();
        let (link, work) = Link::over(stream, move |question| take(submitting.clone(), question));
        carrier.also_listen(Listener::Link(link));
        tokio::spawn(work);
    }
}

/// A lost response takes the link with it.
async fn take(carrier: Carrier, question: Value) -> Option<Value> {
    let OfChannel::Submit(submission) = serde_json::from_value(question).ok()?;
    let decision = carrier.submit(submission).await;
    (decision.answer != Answer::ResponseLost).then(|| json!(decision))
}
