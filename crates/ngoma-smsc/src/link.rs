//! One link: octets pass between its socket and its session, and here it is cut or left half-open.

use crate::ledger::{Entry, Ledger, Way};
use ngoma_message::Timestamp;
use ngoma_smpp::pdu::Bind;
use ngoma_smpp::wire::{FrameError, Framer};
use ngoma_smpp::{Handle, Status};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;

/// How much is read at once, in octets.
const READ_AT_ONCE: usize = 16 * 1024;
/// The longest PDU that goes into the ledger with its octets; sessions read none that is longer.
const LONGEST_PDU: usize = 70_000;

/// What is done to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// It is reset: what is on its way is lost.
    Cut,
    /// It is closed without an unbind.
    Close,
    /// Nothing is read nor written any more; the socket stays open.
    HalfOpen,
    /// The session is unbound in order.
    Unbind,
}

/// Where a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It is not bound.
    Open,
    /// Messages go.
    Bound,
    /// Nothing is read nor written any more.
    HalfOpen,
}

/// A link that is up.
#[derive(Debug)]
pub struct Link {
    pub number: u64,
    /// The address of the other side.
    pub peer: String,
    pub since: Timestamp,
    bind: OnceLock<Bind>,
    session: OnceLock<crate::carrier::BoundHandle>,
    orders: watch::Sender<Option<Order>>,
    is_half_open: AtomicBool,
}

/// How a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order, or by the other side.
    Closed,
    /// What is on its way is to be lost.
    Cut,
}

impl Link {
    pub fn new(number: u64, peer: String) -> Self {
        Self {
            number,
            peer,
            since: Timestamp::now(),
            bind: OnceLock::new(),
            session: OnceLock::new(),
            orders: watch::Sender::new(None),
            is_half_open: AtomicBool::new(false),
        }
    }

    pub fn begin(&self, session: Handle) {
        let _ = self.session.set(crate::carrier::BoundHandle(session));
    }

    pub fn grant(&self, bind: &Bind) {
        let _ = self.bind.set(bind.clone());
    }

    /// Who is bound by it, if somebody is.
    pub fn bind(&self) -> Option<&Bind> {
        self.bind.get()
    }

    pub fn session(&self) -> Option<&Handle> {
        self.session.get().map(|session| &session.0)
    }

    pub fn state(&self) -> LinkState {
        let is_bound = || matches!(self.session().map(Handle::status), Some(Status::Bound(_)));
        match self.is_half_open.load(Ordering::Relaxed) {
            true => LinkState::HalfOpen,
            false if is_bound() => LinkState::Bound,
            false => LinkState::Open,
        }
    }

    /// Whether receipts and messages of people may go by it.
    pub fn may_deliver(&self) -> bool {
        self.state() == LinkState::Bound && self.bind().is_some_and(|bind| bind.mode.may_deliver())
    }

    /// How many more messages may go at once.
    pub fn room(&self) -> usize {
        self.session().map_or(0, Handle::free)
    }

    /// Does what is ordered; of two orders the later counts.
    pub async fn order(&self, order: Order) {
        match (order, self.session()) {
            (Order::Unbind, Some(session)) => session.unbind().await,
            (Order::Unbind, None) => {}
            _ => self.end(order),
        }
    }

    /// Does what needs no session.
    pub fn end(&self, order: Order) {
        self.orders.send_replace(Some(order));
    }

    /// Passes octets both ways until the link is over; each PDU is in the ledger before its last octet is passed on.
    pub async fn pass<S>(&self, socket: &mut S, session: DuplexStream, ledger: Option<&Ledger>) -> Ending
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut orders = self.orders.subscribe();
        if orders.borrow().is_some() {
            // It came before the link was looked at.
            orders.mark_changed();
        }
        let passing = self.pass_both_ways(socket, session, ledger);
        tokio::select! {
            () = passing => return Ending::Closed,
            order = next_order(&mut orders) => if let Some(ending) = order_ending(order) {
                return ending;
            }
        }
        // The session is gone with its end of the pipe; the socket is held, and nothing more happens on it.
        self.is_half_open.store(true, Ordering::Relaxed);
        loop {
            if let Some(ending) = order_ending(next_order(&mut orders).await) {
                return ending;
            }
        }
    }

    async fn pass_both_ways<S>(&self, socket: &mut S, session: DuplexStream, ledger: Option<&Ledger>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (from_esme, to_esme) = tokio::io::split(socket);
        let (from_session, to_session) = tokio::io::split(session);
        let inward = self.pass_on(from_esme, to_session, Way::In, ledger);
        let outward = self.pass_on(from_session, to_esme, Way::Out, ledger);
        tokio::pin!(outward);
        // What the session still has to say goes out after the other side has closed, and nothing comes in after that.
        tokio::select! {
            () = &mut outward => {}
            () = inward => outward.await,
        }
    }

    async fn pass_on(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        way: Way,
        ledger: Option<&Ledger>,
    ) {
        let mut framer = Framer::new(LONGEST_PDU);
        let mut octets = vec![0; READ_AT_ONCE];
        while let Ok(count @ 1..) = from.read(&mut octets).await {
            if let Some(ledger) = ledger {
                framer.push(&octets[..count]);
                if self.enter(&mut framer, way, ledger).await.is_err() {
                    break;
                }
            }
            if to.write_all(&octets[..count]).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    }

    /// Enters the PDUs that are whole.
    async fn enter(&self, framer: &mut Framer, way: Way, ledger: &Ledger) -> Result<(), crate::ledger::NotWritten> {
        let mut frames = Vec::new();
        loop {
            match framer.next_frame() {
                Ok(None) => break,
                Ok(Some(frame)) => frames.push(Ok(frame)),
                Err(error) => {
                    frames.push(Err(error));
                    if matches!(error, FrameError::Broken { .. }) {
                        break;
                    }
                }
            }
        }
        if frames.is_empty() {
            return Ok(());
        }
        let entry = |frame| Entry {
            link: self.number,
            way,
            frame,
        };
        let entries: Vec<Entry<'_>> = frames
            .iter()
            .map(|frame| entry(frame.as_ref().map_err(|error| *error)))
            .collect();
        ledger.append(&entries).await
    }
}

async fn next_order(orders: &mut watch::Receiver<Option<Order>>) -> Order {
    loop {
        if orders.changed().await.is_err() {
            return Order::Close;
        }
        if let Some(order) = *orders.borrow_and_update() {
            return order;
        }
    }
}

fn order_ending(order: Order) -> Option<Ending> {
    match order {
        Order::Cut => Some(Ending::Cut),
        Order::Close | Order::Unbind => Some(Ending::Closed),
        Order::HalfOpen => None,
    }
}
