//! Whether accepting a message costs more when many are stored already.

use anyhow::Result;

use super::backends::Kind;
use super::load::{Driver, LISTS, Load, Run};
use super::verify::verify;
use super::{Bench, middle};
use crate::bench::progress;
use crate::bench::report::{Bar, Figure};

/// How much more a message may cost in the full store than in the empty one.
const GROWTH: f64 = 1.2;
/// How long one stretch of filling is.
const FILL_SECS: u64 = 20;

/// Measures one back end: a window on an empty store, filling through the API, the same window again.
pub fn measure(bench: &Bench, kind: &Kind) -> Result<Vec<Figure>> {
    let server = bench.start(kind)?;
    let driver = Driver::new(&server);
    let window = Load {
        rate: Some(kind.lists_a_second / 2.0),
        secs: bench.options.secs,
        ..LISTS
    };
    driver.drive(Load { secs: 1, ..window })?;
    let empty = bench.rounds(|| driver.drive(window))?;
    tell_cost(kind, "on an empty store", &empty);
    let before = driver.accepted();
    fill(&driver, kind, bench.target())?;
    server.back_end().settle()?;
    let after = driver.accepted();
    let full = bench.rounds(|| driver.drive(window))?;
    tell_cost(kind, &format!("on {after} messages"), &full);
    let mut figures = figures(kind.name, &empty, &full);
    let count = |what, value| Figure::new(format!("{}_growth_{what}", kind.name), value as f64, "");
    figures.extend([count("messages_empty", before), count("messages_full", after)]);
    figures.push(verify(&driver, &format!("{}_growth", kind.name))?);
    Ok(figures)
}

fn fill(driver: &Driver<'_>, kind: &Kind, target: u64) -> Result<()> {
    while driver.accepted() < target {
        let run = driver.drive(Load {
            secs: FILL_SECS,
            ..LISTS
        })?;
        progress(&format!(
            "{}: filled to {} of {target}, {:.0} a second, {:.1} µs a message",
            kind.name,
            driver.accepted(),
            run.submitted.rate(),
            run.total_us()
        ));
    }
    Ok(())
}

/// Said at once: filling takes long, and may be broken off.
fn tell_cost(kind: &Kind, place: &str, runs: &[Run]) {
    let cost = middle(runs.iter().map(Run::total_us));
    progress(&format!("{}: {cost:.1} µs a message {place}", kind.name));
}

fn figures(name: &str, empty: &[Run], full: &[Run]) -> Vec<Figure> {
    let cost = |runs: &[Run]| middle(runs.iter().map(Run::total_us));
    let rate = |runs: &[Run]| middle(runs.iter().map(|run| run.submitted.rate()));
    let figure = |what: &str, value, unit| Figure::new(format!("{name}_growth_{what}"), value, unit);
    vec![
        figure("ratio", cost(full) / cost(empty), "").must_be(Bar::AtMost(GROWTH)),
        figure("cpu_us_empty", cost(empty), "µs"),
        figure("cpu_us_full", cost(full), "µs"),
        figure("per_second_empty", rate(empty), "/s"),
        figure("per_second_full", rate(full), "/s"),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::submit::Submitted;

    #[test]
    fn a_fifth_more_is_as_much_as_it_may_cost() {
        let run = |cpu_us| Run {
            submitted: Submitted {
                messages: 1_000_000,
                seconds: 1.0,
                ..Submitted::default()
            },
            ngoma: Duration::from_secs(cpu_us),
            back_end: None,
            foreign_cores: 0.0,
        };
        let check = |empty, full, is_met| {
            let figures = figures("x", &[run(empty)], &[run(full)]);
            assert_eq!(figures.iter().all(Figure::is_met), is_met, "{empty} {full}");
        };
        check(100, 120, true);
        check(100, 121, false);
        check(100, 90, true);
    }
}
