//! Messages from phones: brought by the SMSC, answered by a service, the reply submitted; how many a second, how quick.

use anyhow::{Result, ensure};

use super::Bench;
use super::gateway::{Cost, Gateway, KINDS, Kind, Spent};
use super::spread::Spread;
use super::stub::Stub;
use crate::bench::progress;
use crate::bench::report::{Bar, Figure};
use crate::load::latency::Latencies;
use crate::load::smsc::Expected;
use crate::load::smsc::orders::{Delivery, Order};

const REPLIES_A_SECOND: f64 = 800.0;
const WARM_UP_SECS: u64 = 2;
/// How many persons wait for their replies when as many as possible are to be answered.
const PERSONS_AT_ONCE: u64 = 256;
/// How many may wait at a rate, which should never be reached.
const PERSONS_WAITING: u64 = 20_000;

/// What one run found.
struct Run {
    kind: &'static str,
    label: &'static str,
    replies: u64,
    lost: u64,
    duplicates: u64,
    rate: f64,
    latencies: Latencies,
    cost: Cost,
    memory_mib: f64,
}

/// Measures both in turns: the most, then times at half of that.
pub fn measure(bench: &Bench, stub: &mut Stub) -> Result<Vec<Figure>> {
    let mut runs = Vec::new();
    let mut persons = 0;
    for _ in 0..bench.options.rounds {
        for kind in &KINDS {
            let gateway = kind.start(bench, stub)?;
            let mut course = Course {
                stub,
                kind,
                gateway,
                persons: &mut persons,
            };
            course.drive("warm_up", WARM_UP_SECS, None)?;
            progress(&format!(
                "{}: messages from phones, as many as are replied to",
                kind.name
            ));
            let most = course.drive("most", bench.options.secs, None)?;
            let half = most.rate / 2.0;
            progress(&format!("{}: {half:.0} messages a second from phones", kind.name));
            runs.push(most);
            runs.push(course.drive("half", bench.options.secs, Some(half))?);
        }
    }
    Ok(figures(&runs))
}

/// One gateway's runs.
struct Course<'a> {
    stub: &'a mut Stub,
    kind: &'a Kind,
    gateway: Gateway,
    /// How many persons have written already; each writes once.
    persons: &'a mut u64,
}

impl Course<'_> {
    fn drive(&mut self, label: &'static str, secs: u64, rate: Option<f64>) -> Result<Run> {
        let before = self.stub.begin(Expected::Replies, false)?;
        let before = Spent::now(&self.gateway, &before)?;
        let brought = self.stub.ask(&Order::Deliver(Delivery {
            secs,
            rate,
            window: rate.map_or(PERSONS_AT_ONCE, |_| PERSONS_WAITING),
            first: *self.persons,
        }))?;
        let cost = Spent::now(&self.gateway, &brought)?.since(&before, 0.0);
        let told = self.stub.settle()?;
        *self.persons += told.brought;
        let lost = told.brought - told.distinct;
        let name = self.kind.name;
        ensure!(told.wrong == 0, "{} replies of {name} are to nobody", told.wrong);
        if self.kind.is_ours {
            ensure!(told.refused == 0, "{} messages of persons were refused", told.refused);
            ensure!(lost == 0, "{lost} persons have no reply");
            ensure!(told.duplicates == 0, "{} replies came twice", told.duplicates);
        }
        Ok(Run {
            kind: name,
            label,
            replies: told.distinct,
            lost,
            duplicates: told.duplicates,
            rate: told.rate(),
            latencies: told.latencies,
            cost,
            memory_mib: self.gateway.memory().pss_mib,
        })
    }
}

fn figures(runs: &[Run]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for kind in &KINDS {
        for label in ["most", "half"] {
            let is_it = |run: &&Run| run.kind == kind.name && run.label == label;
            let runs: Vec<&Run> = runs.iter().filter(is_it).collect();
            let bar = (kind.is_ours && label == "most").then_some(Bar::AtLeast(REPLIES_A_SECOND));
            figures.extend(figures_of(&format!("{}_mo_{label}", kind.name), &runs, bar));
        }
    }
    figures
}

fn figures_of(name: &str, runs: &[&Run], bar: Option<Bar>) -> Vec<Figure> {
    let spread = |what: &str, unit, value: fn(&&Run) -> f64| Spread::of(format!("{name}_{what}"), unit, runs, value);
    let rate = spread("per_second", "/s", |run| run.rate);
    let mut figures = vec![match bar {
        Some(bar) => rate.figure().must_be(bar),
        None => rate.figure(),
    }];
    figures.extend(rate.ends());
    figures.extend([
        // Forks nobody collects are missing in the first; everything else on the machine is in the second.
        spread("cpu_accounted_ms", "ms", |run| {
            run.cost.gateway * 1000.0 / run.replies.max(1) as f64
        })
        .figure(),
        spread("cpu_machine_ms", "ms", |run| {
            run.cost.machine * 1000.0 / run.replies.max(1) as f64
        })
        .figure(),
        spread("p50_ms", "ms", |run| run.latencies.p50_ms).figure(),
        spread("p99_ms", "ms", |run| run.latencies.p99_ms).figure(),
        spread("lost", "", |run| run.lost as f64).figure(),
        spread("duplicates", "", |run| run.duplicates as f64).figure(),
        spread("memory_pss_mib", "MiB", |run| run.memory_mib).figure(),
        spread("foreign_cores", "", |run| run.cost.foreign_cores).figure(),
    ]);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_most_of_ours_is_held_to_the_bar() {
        let check = |rate, is_met| {
            let run = |kind: &Kind, label, rate| Run {
                kind: kind.name,
                label,
                replies: 1000,
                lost: 0,
                duplicates: 0,
                rate,
                latencies: Latencies::default(),
                cost: Cost::default(),
                memory_mib: 1.0,
            };
            let [ours, other] = &KINDS;
            let runs = [
                run(ours, "most", rate),
                run(ours, "half", 1.0),
                run(other, "most", 1.0),
                run(other, "half", 1.0),
            ];
            assert_eq!(figures(&runs).iter().all(Figure::is_met), is_met);
        };
        check(800.0, true);
        check(799.0, false);
    }
}
