//! How many messages a second are accepted, in lists and one by one, and what each costs.

use anyhow::Result;

use super::backends::Kind;
use super::load::{Driver, LISTS, Load, Run, SINGLES};
use super::verify::verify;
use super::{Bench, middle};
use crate::bench::progress;
use crate::bench::report::{Bar, Figure};

const WARM_UP_SECS: u64 = 2;

/// Measures one back end.
pub fn measure(bench: &Bench, kind: &Kind) -> Result<Vec<Figure>> {
    let server = bench.start(kind)?;
    let driver = Driver::new(&server);
    let mut figures = Vec::new();
    for (what, load, bar) in [
        ("lists_of_100", LISTS, kind.lists_a_second),
        ("singles", SINGLES, kind.singles_a_second),
    ] {
        progress(&format!("{}: {what}, as many as are taken", kind.name));
        driver.drive(Load {
            secs: WARM_UP_SECS,
            ..load
        })?;
        let runs = bench.rounds(|| {
            driver.drive(Load {
                secs: bench.options.secs,
                ..load
            })
        })?;
        figures.extend(figures_of(&format!("{}_{what}", kind.name), &runs, bar));
    }
    figures.push(verify(&driver, kind.name)?);
    Ok(figures)
}

/// The middle of all rounds.
fn figures_of(name: &str, runs: &[Run], bar: f64) -> Vec<Figure> {
    let figure = |what: &str, value: &dyn Fn(&Run) -> f64, unit| {
        Figure::new(format!("{name}_{what}"), middle(runs.iter().map(value)), unit)
    };
    let mut figures = vec![
        figure("per_second", &|run| run.submitted.rate(), "/s").must_be(Bar::AtLeast(bar)),
        figure("ngoma_cpu_us", &Run::ngoma_us, "µs"),
    ];
    if runs.iter().all(|run| run.back_end.is_some()) {
        let of_back_end = |run: &Run| run.back_end_us().unwrap_or_default();
        figures.push(figure("servers_cpu_us", &of_back_end, "µs"));
    }
    figures.extend([
        figure("p50_ms", &|run| run.submitted.latencies.p50_ms, "ms"),
        figure("p99_ms", &|run| run.submitted.latencies.p99_ms, "ms"),
        figure("foreign_cores", &|run| run.foreign_cores, ""),
    ]);
    figures
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::submit::Submitted;

    #[test]
    fn the_middle_round_is_held_to_the_bar() {
        let run = |messages| Run {
            submitted: Submitted {
                messages,
                seconds: 1.0,
                ..Submitted::default()
            },
            ngoma: Duration::from_millis(100),
            back_end: None,
            foreign_cores: 0.0,
        };
        let figures = figures_of("x", &[run(2_000), run(1_000), run(9_000)], 2_000.0);
        assert!(figures.iter().all(Figure::is_met));
        assert_eq!(
            figures.len(),
            5,
            "without servers of its own there is no figure for them"
        );
        let figures = figures_of("x", &[run(2_000), run(1_000), run(1_999)], 2_000.0);
        assert!(!figures.iter().all(Figure::is_met));
    }
}
