//! Whether an account that floods delays another: the time from handing a message over to the provider's having it,
//! while the other account is quiet, has a million messages to send, and hands over as many as are taken.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::backends::Kind;
use super::load::{Driver, LISTS, Load};
use super::server::CHANNEL;
use super::{Bench, middle};
use crate::bench::progress;
use crate::bench::report::{Bar, Figure};
use crate::http::Connection;
use crate::load::latency::Latencies;
use crate::load::submit::PATH;

/// How much longer the other account's messages may take.
const DELAY: f64 = 2.0;
/// How many messages a second the other account hands over.
const A_SECOND: u32 = 20;
/// How long that is measured, in measurements of the other parts.
const LENGTHS: u64 = 3;
/// How long the last messages may take to the provider.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a flood runs before anything is measured.
const SET_IN: Duration = Duration::from_secs(2);

/// Measures one back end.
pub fn measure(bench: &Bench, kind: &Kind) -> Result<Vec<Figure>> {
    let provider = Provider::start()?;
    let server = bench.start(kind)?;
    server.apply(bench.repo, &declaration(&provider, "paused = true"))?;
    let driver = Driver::new(&server);
    let probe = Probe {
        address: server.address,
        token: server.make_token(bench.repo, "gentle")?,
        provider: &provider,
        secs: bench.options.secs * LENGTHS,
    };
    probe.run("warm-up")?;
    progress(&format!("{}: an account alone", kind.name));
    let alone = probe.rounds(bench, "alone")?;
    progress(&format!("{}: while another hands over as many as are taken", kind.name));
    let accepting = accepting(bench, &driver, &probe)?;
    fill(&driver, bench.target())?;
    progress(&format!(
        "{}: while another has {} to send",
        kind.name,
        driver.accepted()
    ));
    server.apply(bench.repo, &declaration(&provider, "paused = false"))?;
    thread::sleep(SET_IN);
    let sending = probe.rounds(bench, "sending")?;
    let left = server.number("SELECT count(*) FROM work")?;
    ensure!(left > 0, "the flood was over before the measurement was");
    let sent = provider.others() as f64;
    Ok(figures(kind.name, &alone, &accepting, &sending, sent))
}

/// The account that floods, with this policy, and the one that does not, each with a channel to the provider.
fn declaration(provider: &Provider, policy: &str) -> String {
    let channel = |account: &str, path: &str, policy: &str| {
        format!(
            "[account.{account}.channel.{CHANNEL}]\ntype = \"http_json\"\ncountry = \"ZA\"\n\
            config = {{ send_url = \"http://{}/{path}\", allow_private = true }}\npolicy = {{ {policy} }}\n",
            provider.address
        )
    };
    channel("bench", "other", policy) + &channel("gentle", "probe", "")
}

fn accepting(bench: &Bench, driver: &Driver<'_>, probe: &Probe<'_>) -> Result<Vec<Latencies>> {
    let load = Load {
        secs: probe.secs + 2 * SET_IN.as_secs(),
        ..LISTS
    };
    (0..bench.options.rounds)
        .map(|round| {
            // The probe runs beside, in a thread: what starts programs must be the main one.
            thread::scope(|scope| {
                let probing = scope.spawn(|| {
                    thread::sleep(SET_IN);
                    probe.run(&format!("accepting {round}"))
                });
                driver.drive(load)?;
                probing.join().map_err(|_| anyhow::anyhow!("the probe broke off"))?
            })
        })
        .collect()
}

fn fill(driver: &Driver<'_>, target: u64) -> Result<()> {
    while driver.accepted() < target {
        driver.drive(Load { secs: 10, ..LISTS })?;
    }
    Ok(())
}

fn figures(name: &str, alone: &[Latencies], accepting: &[Latencies], sending: &[Latencies], sent: f64) -> Vec<Figure> {
    let figure = |what: &str, value, unit| Figure::new(format!("{name}_fairness_{what}"), value, unit);
    let p99 = |rounds: &[Latencies]| middle(rounds.iter().map(|times| times.p99_ms));
    let p50 = |rounds: &[Latencies]| middle(rounds.iter().map(|times| times.p50_ms));
    vec![
        figure("sending_ratio", p99(sending) / p99(alone), "").must_be(Bar::AtMost(DELAY)),
        figure("accepting_ratio", p99(accepting) / p99(alone), "").must_be(Bar::AtMost(DELAY)),
        figure("alone_p99_ms", p99(alone), "ms"),
        figure("sending_p99_ms", p99(sending), "ms"),
        figure("accepting_p99_ms", p99(accepting), "ms"),
        figure("alone_p50_ms", p50(alone), "ms"),
        figure("sending_p50_ms", p50(sending), "ms"),
        figure("accepting_p50_ms", p50(accepting), "ms"),
        figure("others_sent", sent, ""),
    ]
}

/// The account that does not flood.
struct Probe<'a> {
    address: SocketAddr,
    token: String,
    provider: &'a Provider,
    secs: u64,
}

impl Probe<'_> {
    fn rounds(&self, bench: &Bench, name: &str) -> Result<Vec<Latencies>> {
        (0..bench.options.rounds)
            .map(|round| self.run(&format!("{name} {round}")))
            .collect()
    }

    /// Hands over messages at a steady pace; the times from when each was due until the provider had it.
    fn run(&self, name: &str) -> Result<Latencies> {
        let mut connection = Connection::open(self.address)?.with_token(&self.token);
        let (begun, every) = (Instant::now(), Duration::from_secs(1) / A_SECOND);
        let mut due = HashMap::new();
        for number in 0..self.secs as u32 * A_SECOND {
            let moment = begun + every * number;
            thread::sleep(moment.saturating_duration_since(Instant::now()));
            let content = format!("{name} {number}");
            let body = format!(r#"{{"channel":"{CHANNEL}","to":"+27831234567","content":"{content}"}}"#);
            let answer = connection.post_json(PATH, &body)?;
            ensure!(answer.status == 202, "status {}: {}", answer.status, answer.body);
            due.insert(content, moment);
        }
        let ended = Instant::now();
        loop {
            let times: Vec<Duration> = {
                let had = self.provider.had();
                let time = |(content, moment): (&String, &Instant)| Some(had.get(content)?.duration_since(*moment));
                due.iter().filter_map(time).collect()
            };
            if times.len() == due.len() {
                return Ok(Latencies::of(times));
            }
            ensure!(
                ended.elapsed() < PATIENCE,
                "{} messages did not arrive",
                due.len() - times.len()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A provider that takes everything at once, and notes when it had what came to `/probe`.
struct Provider {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    had: Mutex<HashMap<String, Instant>>,
    others: AtomicU64,
    is_over: AtomicBool,
}

impl Provider {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listen for the provider")?;
        let (address, seen) = (listener.local_addr()?, Arc::<Seen>::default());
        let noting = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&noting);
                if seen.is_over.load(Ordering::Relaxed) {
                    return;
                }
                // A connection that ends is the client's affair.
                thread::spawn(move || serve(stream, &seen));
            }
        });
        Ok(Self { address, seen })
    }

    fn had(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.seen.had.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> u64 {
        self.seen.others.load(Ordering::Relaxed)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::Relaxed);
        // So that its thread looks.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers request after request on one connection.
fn serve(stream: TcpStream, seen: &Seen) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some((is_probe, body)) = read_request(&mut stream)? {
        if is_probe {
            let now = Instant::now();
            let message: serde_json::Value = serde_json::from_slice(&body)?;
            let content = message["content"].as_str().unwrap_or_default().to_owned();
            let mut had = seen.had.lock().unwrap_or_else(PoisonError::into_inner);
            had.entry(content).or_insert(now);
        } else {
            seen.others.fetch_add(1, Ordering::Relaxed);
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        stream.get_mut().write_all(answer)?;
    }
    Ok(())
}

/// Whether the next request is the probe's, and its body; nothing at the end.
fn read_request(stream: &mut impl BufRead) -> Result<Option<(bool, Vec<u8>)>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let is_probe = line.starts_with("POST /probe ");
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let header = line.trim_end();
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((is_probe, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_of_twice_the_time_is_as_much_as_there_may_be() {
        let times = |p99_ms| {
            [Latencies {
                p99_ms,
                ..Latencies::default()
            }]
        };
        let check = |alone, accepting, sending, is_met| {
            let figures = figures("x", &times(alone), &times(accepting), &times(sending), 1.0);
            assert_eq!(
                figures.iter().all(Figure::is_met),
                is_met,
                "{alone} {accepting} {sending}"
            );
        };
        check(10.0, 20.0, 20.0, true);
        check(10.0, 21.0, 20.0, false);
        check(10.0, 20.0, 21.0, false);
    }

    #[test]
    fn the_provider_notes_the_probe_and_counts_the_others() {
        let provider = Provider::start().unwrap();
        let mut connection = Connection::open(provider.address).unwrap();
        for path in ["/probe", "/other", "/probe"] {
            let answer = connection.post_json(path, r#"{"content":"x 1"}"#).unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
        }
        assert!(provider.had().contains_key("x 1"));
        assert_eq!((provider.had().len(), provider.others()), (1, 1));
    }
}
