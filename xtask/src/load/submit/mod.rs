//! The load program of the sending API: clients hand over messages, one by one or in lists.

mod kannel;
pub mod texts;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::latency::Latencies;
use super::schedule::Schedule;
use crate::bench::cpu;
use crate::http::{Answer, Connection};
use texts::{Text, text};

/// Where messages are handed over.
pub const PATH: &str = "/api/v1/messages";

/// The command line of the load program.
#[derive(clap::Args)]
pub struct Options {
    /// The server
    #[arg(long)]
    pub address: SocketAddr,
    /// Whose way of sending the server has
    #[arg(long, value_enum, default_value_t)]
    pub server: Server,
    /// The account's token; Kannel has none
    #[arg(long, default_value = "")]
    pub token: String,
    /// The channel the messages are to go out by; for Kannel the number they come from
    #[arg(long)]
    pub channel: String,
    /// How many connections, each with one request at a time
    #[arg(long)]
    pub connections: usize,
    /// How many messages one request hands over; 1 hands over a message, more a list
    #[arg(long)]
    pub batch: u64,
    /// How long, in seconds
    #[arg(long)]
    pub secs: u64,
    /// Messages a second; without it as many as the server takes
    #[arg(long)]
    pub rate: Option<f64>,
    /// The serial number of the first message, so that no two runs hand over the same
    #[arg(long, default_value_t = 0)]
    pub first: u64,
}

/// Whose way of sending a server has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Server {
    /// Ours: messages and lists of them
    #[default]
    Ngoma,
    /// Kannel's smsbox: one message a request
    Kannel,
}

/// What a run found; one line of JSON on standard output.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Submitted {
    /// Messages the server has answered for: they must be stored.
    pub messages: u64,
    /// Requests that were not answered as they should be.
    pub errors: u64,
    /// What the first of those was.
    pub first_error: Option<String>,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Of the good requests.
    pub latencies: Latencies,
    /// Processor time of the load program itself.
    pub cpu_seconds: f64,
    /// Some of the messages, to be looked for afterwards.
    pub sample: Vec<Taken>,
}

/// A message the server has answered for.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// What was handed over.
    #[serde(flatten)]
    pub text: Text,
}

impl Submitted {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        self.messages as f64 / self.seconds
    }
}

/// Runs the load and prints the outcome.
pub fn run(options: &Options) -> Result<()> {
    println!("{}", serde_json::to_string(&drive(options)?)?);
    Ok(())
}

fn drive(options: &Options) -> Result<Submitted> {
    let connections: Vec<Connection> = (0..options.connections)
        .map(|_| connect(options))
        .collect::<Result<_>>()?;
    let (started, next) = (Instant::now(), AtomicU64::new(options.first));
    let requests_a_second = options.rate.map(|rate| rate / options.batch as f64);
    let schedule = Schedule::new(started, Duration::from_secs(options.secs), requests_a_second);
    let logs: Vec<Log> = thread::scope(|scope| {
        let submit = |connection| scope.spawn(|| submit_all(options, &schedule, &next, connection));
        let threads: Vec<_> = connections.into_iter().map(submit).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    Ok(Submitted {
        messages: logs.iter().map(|log| log.times.len() as u64).sum::<u64>() * options.batch,
        errors: logs.iter().map(|log| log.errors).sum(),
        first_error: logs.iter().find_map(|log| log.first_error.clone()),
        seconds,
        latencies: Latencies::of(logs.iter().flat_map(|log| log.times.iter().copied()).collect()),
        cpu_seconds: cpu::of_self_and_children().as_secs_f64(),
        sample: logs.into_iter().flat_map(|log| log.sample).collect(),
    })
}

fn connect(options: &Options) -> Result<Connection> {
    Ok(Connection::open(options.address)?.with_token(&options.token))
}

/// What one connection saw.
#[derive(Default)]
struct Log {
    times: Vec<Duration>,
    errors: u64,
    first_error: Option<String>,
    sample: Vec<Taken>,
}

/// One connection's part: request after request, as long as the schedule has any.
fn submit_all(options: &Options, schedule: &Schedule, next: &AtomicU64, mut connection: Connection) -> Log {
    let mut log = Log::default();
    while let Some(due) = schedule.next_turn() {
        let first = next.fetch_add(options.batch, Ordering::Relaxed);
        match submit(options, first, &mut connection) {
            Ok(taken) => {
                log.times.push(due.elapsed());
                // The 1st, 2nd, 4th, 8th, … request: few of them, and some of every stretch of time.
                if log.times.len().is_power_of_two() {
                    log.sample.push(taken);
                }
            }
            Err(error) => {
                log.errors += 1;
                log.first_error.get_or_insert_with(|| format!("{error:#}"));
                match connect(options) {
                    Ok(fresh) => connection = fresh,
                    Err(_) => return log,
                }
            }
        }
    }
    log
}

/// One request; gives the last of its messages.
fn submit(options: &Options, first: u64, connection: &mut Connection) -> Result<Taken> {
    let mut texts: Vec<Text> = (first..first + options.batch).map(text).collect();
    let id = match options.server {
        Server::Ngoma => {
            let answer = connection.post_json(PATH, &body(&options.channel, &texts)?)?;
            read_answer(&answer, texts.len())?
        }
        Server::Kannel => {
            ensure!(texts.len() == 1, "Kannel takes one message a request");
            kannel::read_answer(&connection.get(&kannel::path(&options.channel, &texts[0]))?)?;
            String::new()
        }
    };
    let text = texts.pop().context("a request without messages")?;
    Ok(Taken { id, text })
}

/// ```json
/// {"channel":"sms","to":"+27830012345","content":"Dear Thandi, …"}
/// ```
#[derive(Serialize)]
struct MessageBody<'a> {
    channel: &'a str,
    #[serde(flatten)]
    text: &'a Text,
}

fn body(channel: &str, texts: &[Text]) -> Result<String> {
    let message = |text| MessageBody { channel, text };
    let body = match texts {
        [only] => serde_json::to_string(&message(only)),
        many => serde_json::to_string(&many.iter().map(message).collect::<Vec<_>>()),
    };
    Ok(body?)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Accepted<'a> {
    One { id: &'a str },
    List { ids: Vec<&'a str> },
}

/// Checks that so many messages were accepted; gives the id of the last.
fn read_answer(answer: &Answer, messages: usize) -> Result<String> {
    ensure!(answer.status == 202, "status {}: {}", answer.status, answer.body);
    let accepted = serde_json::from_str(&answer.body).context("the answer is not as expected")?;
    let ids = match accepted {
        Accepted::One { id } => vec![id],
        Accepted::List { ids } => ids,
    };
    ensure!(ids.len() == messages, "{} ids for {messages} messages", ids.len());
    let last = ids.last().context("no id")?;
    Ok((*last).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, messages: usize, expected: Option<&str>) {
        let body = body.to_owned();
        let read = read_answer(&Answer { status, body }, messages).ok();
        assert_eq!(read.as_deref(), expected);
    }

    #[test]
    fn only_an_answer_for_every_message_is_right() {
        check(202, r#"{"id":"a"}"#, 1, Some("a"));
        check(202, r#"{"ids":["a","b"]}"#, 2, Some("b"));
        check(202, r#"{"ids":["a"]}"#, 2, None);
        check(202, r#"{"ids":[]}"#, 0, None);
        check(400, r#"{"error":"no"}"#, 1, None);
        check(200, r#"{"id":"a"}"#, 1, None);
        check(202, "", 1, None);
    }

    #[test]
    fn one_message_is_an_object_and_more_are_a_list() {
        let texts = [text(1), text(2)];
        let list: serde_json::Value = serde_json::from_str(&body("sms", &texts).unwrap()).unwrap();
        let one: serde_json::Value = serde_json::from_str(&body("sms", &texts[..1]).unwrap()).unwrap();
        assert_eq!(list[0], one);
        assert_eq!(one["channel"], "sms");
        assert_eq!(one["content"], texts[0].content);
    }
}
