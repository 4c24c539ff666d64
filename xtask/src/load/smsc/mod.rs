//! The stub SMSC: it takes what gateways submit, brings messages of persons, and knows every message of both.
//!
//! It is a program of its own, in plain Rust, and nothing of ngoma's is in it: a slip of ours cannot hide at both ends.

mod book;
pub mod ceiling;
mod deliver;
mod echo;
mod office;
pub mod orders;
mod pdu;
mod session;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};

pub use book::Expected;
pub use deliver::SERVICE;
use office::Office;
use orders::Order;

/// The command line of the stub.
#[derive(clap::Args)]
pub struct Options {
    /// Where gateways bind
    #[arg(long)]
    pub smpp: SocketAddr,
    /// Where it is told what to do
    #[arg(long)]
    pub orders: SocketAddr,
    /// Where a gateway finds an application over HTTP that replies to everything
    #[arg(long)]
    pub echo: SocketAddr,
}

/// Serves until it is ended.
pub fn run(options: &Options) -> Result<()> {
    let office = Arc::new(Office::default());
    let for_orders = Arc::clone(&office);
    listen(options.echo, echo::serve)?;
    listen(options.orders, move |stream| serve_orders(stream, &for_orders))?;
    let sessions = listen(options.smpp, move |stream| session::serve(stream, &office))?;
    sessions.join().expect("it only listens");
    Ok(())
}

/// Serves each connection on a thread of its own.
fn listen(
    address: SocketAddr,
    serve: impl Fn(TcpStream) -> Result<()> + Clone + Send + 'static,
) -> Result<thread::JoinHandle<()>> {
    let listener = TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
    Ok(thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || {
                if let Err(error) = serve(stream) {
                    eprintln!("a connection ended: {error:#}");
                }
            });
        }
    }))
}

fn serve_orders(stream: TcpStream, office: &Office) -> Result<()> {
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?).context("read an order")? {
            Order::Begin { expected, receipts } => office.begin(expected, receipts),
            Order::Deliver(delivery) => deliver::run(&delivery, office)?,
            Order::Tell => {}
        }
        writeln!(answers, "{}", serde_json::to_string(&office.tell())?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
