//! How fast the queue hands out what waits in it, and what a message costs from there to its provider.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::backends::Kind;
use super::load::{Driver, LISTS, Load, Spent};
use super::provider::Provider;
use super::{Bench, middle};
use crate::bench::progress;
use crate::bench::report::Figure;

/// How many messages a second pass while they are stored; it only fills the queue.
const FILL_A_SECOND: f64 = 4_000.0;
/// How long the provider may get nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// One emptying of the queue.
struct Emptied {
    seconds: f64,
    ngoma_us: f64,
    servers_us: Option<f64>,
}

/// Measures one back end: fills the queue while the channel is paused, opens the channel, waits for its provider to have
/// all; as often as was asked for.
pub fn measure(bench: &Bench, kind: &Kind) -> Result<Vec<Figure>> {
    let server = bench.start(kind)?;
    let (driver, provider) = (Driver::new(&server), Provider::start()?);
    let mut rounds = Vec::new();
    for _ in 0..bench.options.rounds {
        let before = driver.accepted();
        driver.drive(Load {
            rate: Some(FILL_A_SECOND),
            secs: bench.options.secs,
            ..LISTS
        })?;
        let messages = driver.accepted() - before;
        progress(&format!("{}: {messages} messages leave the queue", kind.name));
        let (begun, spent) = (Instant::now(), Spent::now(&server)?);
        server.open_channel(bench.repo, provider.address)?;
        provider.wait_for(driver.accepted(), PATIENCE)?;
        let run = Spent::now(&server)?.less(&spent);
        server.pause_channel(bench.repo)?;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / messages.max(1) as f64;
        rounds.push((
            messages,
            Emptied {
                seconds: begun.elapsed().as_secs_f64(),
                ngoma_us: each(run.ngoma),
                servers_us: run.back_end.map(each),
            },
        ));
    }
    Ok(figures(kind.name, &rounds))
}

fn figures(name: &str, rounds: &[(u64, Emptied)]) -> Vec<Figure> {
    let figure = |what: &str, unit, value: &dyn Fn(&(u64, Emptied)) -> f64| {
        Figure::new(format!("{name}_passage_{what}"), middle(rounds.iter().map(value)), unit)
    };
    let mut figures = vec![
        figure("per_second", "/s", &|(messages, run)| *messages as f64 / run.seconds),
        figure("ngoma_cpu_us", "µs", &|(_, run)| run.ngoma_us),
    ];
    if rounds.iter().all(|(_, run)| run.servers_us.is_some()) {
        figures.push(figure("servers_cpu_us", "µs", &|(_, run)| {
            run.servers_us.unwrap_or_default()
        }));
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_end_within_ngoma_has_no_figure_of_its_servers() {
        let round = |servers_us| {
            let run = Emptied {
                seconds: 2.0,
                ngoma_us: 5.0,
                servers_us,
            };
            (100, run)
        };
        assert_eq!(figures("x", &[round(None)]).len(), 2);
        assert_eq!(figures("x", &[round(Some(1.0))]).len(), 3);
    }
}
