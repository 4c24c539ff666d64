//! The load program: many phones dial a USSD channel at once, from a process of its own.
//!
//! Without a rate each connection sends its next turn once the last one is answered, which finds the most the server
//! can do. With a rate turns are due at fixed moments, and a turn's time counts from the moment it was due: a server
//! that stalls is charged for every turn it kept waiting.

pub mod latency;
mod phone;
mod schedule;
pub mod smsc;
pub mod submit;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::bench::cpu;
use crate::http::Connection;
use latency::Latencies;
pub use phone::FALLBACK;
use phone::{Exchange, Phone};
use schedule::Schedule;

/// The command line of the load program.
#[derive(clap::Args)]
pub struct Options {
    /// The server
    #[arg(long)]
    pub address: SocketAddr,
    /// The channel's path, such as /c/bench/ussd
    #[arg(long)]
    pub path: String,
    /// The code the phones dial
    #[arg(long)]
    pub code: String,
    /// How many connections, each with one phone at a time
    #[arg(long)]
    pub connections: usize,
    /// How long, in seconds
    #[arg(long)]
    pub secs: u64,
    /// Turns a second; without it as many as the server answers
    #[arg(long)]
    pub rate: Option<f64>,
    /// How many persons take turns at the phones
    #[arg(long)]
    pub persons: u64,
    /// Where in the persons to start, so that one run does not meet the sessions of another
    #[arg(long, default_value_t = 0)]
    pub first: u64,
}

/// What a run found; one line of JSON on standard output.
#[derive(Debug, Deserialize, Serialize)]
pub struct Outcome {
    /// Turns that were answered as they should be.
    pub turns: u64,
    /// Turns that were not.
    pub errors: u64,
    /// What the first of those was.
    pub first_error: Option<String>,
    /// From the first turn to the last answer.
    pub seconds: f64,
    /// Of the good turns.
    pub latencies: Latencies,
    /// Processor time of the load program itself.
    pub cpu_seconds: f64,
}

impl Outcome {
    /// Good turns a second.
    pub fn rate(&self) -> f64 {
        self.turns as f64 / self.seconds
    }
}

/// Runs the load and prints the outcome.
pub fn run(options: &Options) -> Result<()> {
    let outcome = drive(options)?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

fn drive(options: &Options) -> Result<Outcome> {
    let exchange = Exchange::new(options.persons, options.first);
    let connections: Vec<Connection> = (0..options.connections)
        .map(|_| Connection::open(options.address))
        .collect::<Result<_>>()?;
    let started = Instant::now();
    let schedule = Schedule::new(started, Duration::from_secs(options.secs), options.rate);
    let logs: Vec<Log> = thread::scope(|scope| {
        let talk = |connection| scope.spawn(|| talk(options, &schedule, &exchange, connection));
        let threads: Vec<_> = connections.into_iter().map(talk).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let first_error = logs.iter().find_map(|log| log.first_error.clone());
    let errors = logs.iter().map(|log| log.errors).sum();
    let times: Vec<Duration> = logs.into_iter().flat_map(|log| log.times).collect();
    Ok(Outcome {
        turns: times.len() as u64,
        errors,
        first_error,
        seconds,
        latencies: Latencies::of(times),
        cpu_seconds: cpu::of_self_and_children().as_secs_f64(),
    })
}

/// What one connection saw.
#[derive(Default)]
struct Log {
    times: Vec<Duration>,
    errors: u64,
    first_error: Option<String>,
}

/// One connection's part: phone after phone, turn after turn, as long as the schedule has turns.
fn talk(options: &Options, schedule: &Schedule, exchange: &Exchange, mut connection: Connection) -> Log {
    let mut log = Log::default();
    let mut phone = exchange.next_phone();
    while let Some(due) = schedule.next_turn() {
        match turn(options, &mut phone, &mut connection) {
            Ok(()) => log.times.push(due.elapsed()),
            Err(error) => {
                log.errors += 1;
                log.first_error.get_or_insert_with(|| format!("{error:#}"));
                match Connection::open(options.address) {
                    Ok(fresh) => connection = fresh,
                    Err(_) => return log,
                }
                phone = exchange.next_phone();
            }
        }
        if phone.has_hung_up() {
            phone = exchange.next_phone();
        }
    }
    log
}

fn turn(options: &Options, phone: &mut Phone, connection: &mut Connection) -> Result<()> {
    let request = phone.request(&options.code);
    let answer = connection.post_json(&options.path, &request)?;
    phone.read(&answer).with_context(|| request)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers the n-th request of every connection with `answer(n)`.
    fn start_server(answer: fn(u64) -> String) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(BufReader::new(stream), answer));
            }
        });
        address
    }

    fn serve(mut stream: BufReader<std::net::TcpStream>, answer: fn(u64) -> String) -> Option<()> {
        for number in 1.. {
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).ok().filter(|&read| read > 0)?;
                let Some((name, value)) = line.split_once(": ") else {
                    if line == "\r\n" { break } else { continue }
                };
                if name == "Content-Length" {
                    length = value.trim().parse().ok()?;
                }
            }
            stream.read_exact(&mut vec![0; length]).ok()?;
            let body = answer(number);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.get_mut().write_all(answer.as_bytes()).ok()?;
        }
        None
    }

    fn options(address: SocketAddr, rate: Option<f64>) -> Options {
        let path = "/c/bench/ussd".to_owned();
        let code = "*120*1#".to_owned();
        Options {
            address,
            path,
            code,
            connections: 3,
            secs: 1,
            rate,
            persons: 100,
            first: 0,
        }
    }

    fn good(number: u64) -> String {
        format!(r#"{{"content":"Message {number}","session_event":"resume","message_id":"m"}}"#)
    }

    #[test]
    fn a_fixed_rate_sends_exactly_the_turns_that_are_due() {
        let outcome = drive(&options(start_server(good), Some(50.0))).unwrap();
        assert_eq!((outcome.turns, outcome.errors), (50, 0), "{outcome:?}");
    }

    #[test]
    fn wrong_answers_are_counted_and_the_first_is_kept() {
        let address = start_server(|_| good(1).replace("Message", "Sorry"));
        let outcome = drive(&options(address, Some(10.0))).unwrap();
        assert_eq!((outcome.turns, outcome.errors), (0, 10));
        assert!(outcome.first_error.unwrap().contains("\"session_id\""));
    }
}
