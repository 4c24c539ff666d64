//! Whether memory stays flat while messages are accepted for minutes.

use anyhow::Result;

use super::Bench;
use super::backends::Kind;
use super::load::{Driver, LISTS, Load};
use super::verify::verify;
use crate::bench::memory;
use crate::bench::progress;
use crate::bench::report::{Bar, Figure};

/// How much more memory ngoma may hold at the end than at the start.
const GROWTH: f64 = 1.1;

/// Measures one back end at half of the rate that is asked of it, after a first stretch in which caches fill.
pub fn measure(bench: &Bench, kind: &Kind) -> Result<Vec<Figure>> {
    let server = bench.start(kind)?;
    let driver = Driver::new(&server);
    let load = Load {
        rate: Some(kind.lists_a_second / 2.0),
        ..LISTS
    };
    let (warm_up, secs) = bench.endurance_secs();
    progress(&format!("{}: memory over {secs} s", kind.name));
    driver.drive(Load { secs: warm_up, ..load })?;
    let start = memory::of_family(server.pid()).rss_mib;
    let run = driver.drive(Load { secs, ..load })?;
    let end = memory::of_family(server.pid()).rss_mib;
    let figure = |what: &str, value, unit| Figure::new(format!("{}_memory_{what}", kind.name), value, unit);
    let mut figures = vec![
        figure("ratio", end / start, "").must_be(Bar::AtMost(GROWTH)),
        figure("start_mib", start, "MiB"),
        figure("end_mib", end, "MiB"),
        figure("secs", run.submitted.seconds, "s"),
        figure("per_second", run.submitted.rate(), "/s"),
        figure("p99_ms", run.submitted.latencies.p99_ms, "ms"),
        figure("max_ms", run.submitted.latencies.max_ms, "ms"),
    ];
    figures.push(verify(&driver, &format!("{}_memory", kind.name))?);
    Ok(figures)
}
