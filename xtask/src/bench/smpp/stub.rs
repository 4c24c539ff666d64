//! The stub SMSC, started as a program of its own and told what to do.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Bench;
use crate::load::smsc::Expected;
use crate::load::smsc::orders::{Order, Told};
use crate::process::{self, Running};

const START: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);
/// How long nothing may come before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long duplicates have to come.
const AFTERMATH: Duration = Duration::from_millis(500);

/// The stub, until it is dropped.
pub struct Stub {
    _running: Running,
    orders: BufReader<TcpStream>,
    /// Where gateways bind.
    pub smpp: SocketAddr,
    /// Where an application replies to everything over HTTP.
    pub echo: SocketAddr,
}

impl Stub {
    /// Starts it on ports of its own.
    pub fn start(bench: &Bench) -> Result<Stub> {
        let [smpp, orders, echo] = [
            process::free_address()?,
            process::free_address()?,
            process::free_address()?,
        ];
        let mut command = bench.task("smsc");
        for (name, address) in [("--smpp", smpp), ("--orders", orders), ("--echo", echo)] {
            command.args([name, &address.to_string()]);
        }
        let mut running = Running::start(&mut command, &bench.repo.target.join("bench-smpp-stub.log"))?;
        running.wait_until(START, || TcpStream::connect(smpp).is_ok())?;
        let orders = TcpStream::connect(orders).context("connect to the stub")?;
        orders.set_nodelay(true)?;
        Ok(Stub {
            _running: running,
            orders: BufReader::new(orders),
            smpp,
            echo,
        })
    }

    /// Has an order done; gives what there is to tell after it.
    pub fn ask(&mut self, order: &Order) -> Result<Told> {
        let line = serde_json::to_string(order)? + "\n";
        self.orders.get_mut().write_all(line.as_bytes())?;
        let mut answer = String::new();
        self.orders.read_line(&mut answer)?;
        serde_json::from_str(&answer).context("the stub did not do it, see bench-smpp-stub.log")
    }

    /// Forgets all that came.
    pub fn begin(&mut self, expected: Expected, receipts: bool) -> Result<Told> {
        self.ask(&Order::Begin { expected, receipts })
    }

    /// Waits until a gateway can be brought messages.
    pub fn wait_until_bound(&mut self) -> Result<()> {
        let begun = Instant::now();
        while self.ask(&Order::Tell)?.bound == 0 {
            ensure!(begun.elapsed() < START, "the gateway does not bind");
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits until the gateway before has gone.
    pub fn wait_until_free(&mut self) -> Result<()> {
        let begun = Instant::now();
        while self.ask(&Order::Tell)?.bound > 0 {
            ensure!(begun.elapsed() < START, "the gateway before is still bound");
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits until so many messages came and so many of the stub's own were taken, or nothing moves any more.
    pub fn drain(&mut self, messages: u64, receipts: u64) -> Result<Told> {
        let progress = |told: &Told| told.distinct + told.taken;
        let mut told = self.ask(&Order::Tell)?;
        let mut since = Instant::now();
        while (told.distinct < messages || told.taken < receipts) && since.elapsed() < PATIENCE {
            thread::sleep(POLL);
            let now = self.ask(&Order::Tell)?;
            if progress(&now) > progress(&told) {
                since = Instant::now();
            }
            told = now;
        }
        Ok(told)
    }

    /// What came in all, once duplicates had time to come too.
    pub fn settle(&mut self) -> Result<Told> {
        thread::sleep(AFTERMATH);
        self.ask(&Order::Tell)
    }
}
