//! Messages to phones: handed over by HTTP, stored, submitted to the SMSC; how many a second reach it, at what cost.

use anyhow::{Result, ensure};

use super::gateway::{Cost, Gateway, KINDS, Kind, Load, Spent};
use super::spread::Spread;
use super::stub::Stub;
use super::{Bench, ngoma};
use crate::bench::progress;
use crate::bench::report::{Bar, Figure};
use crate::load::smsc::Expected;
use crate::load::smsc::orders::Told;
use crate::load::submit::Submitted;

/// A message of ours may cost this much of one of Kannel's.
const CPU_OF_KANNEL: f64 = 0.6;
const WARM_UP_SECS: u64 = 1;
/// Far enough apart that no two runs hand over the same message.
const MESSAGES_A_RUN: u64 = 1_000_000_000;

/// A way of handing messages over.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    connections: u64,
    batch: u64,
    receipts: bool,
    /// Kannel takes no lists, and keeps no message for its receipt to end.
    is_ours_only: bool,
}

const SINGLES: Way = Way {
    name: "singles",
    connections: 64,
    batch: 1,
    receipts: false,
    is_ours_only: false,
};
const WAYS: [Way; 3] = [
    SINGLES,
    Way {
        name: "lists_of_100",
        connections: 16,
        batch: 100,
        receipts: false,
        is_ours_only: true,
    },
    Way {
        name: "with_receipts",
        connections: 64,
        batch: 1,
        receipts: true,
        is_ours_only: true,
    },
];

/// What one run found.
struct Run {
    way: &'static str,
    is_ours: bool,
    messages: u64,
    lost: u64,
    duplicates: u64,
    /// Messages a second that reached the SMSC, from the first to the last.
    rate: f64,
    /// Messages a second that were answered for.
    accepted: f64,
    p99_ms: f64,
    cost: Cost,
    memory_mib: f64,
}

impl Run {
    fn cpu_ms(&self) -> f64 {
        self.cost.gateway * 1000.0 / self.messages.max(1) as f64
    }
}

/// Measures both in turns.
pub fn measure(bench: &Bench, stub: &mut Stub) -> Result<Vec<Figure>> {
    let (mut runs, mut serial) = (Vec::new(), 0);
    for _ in 0..bench.options.rounds {
        for kind in &KINDS {
            let gateway = kind.start(bench, stub)?;
            let mut course = Course {
                bench,
                stub,
                kind,
                gateway,
                serial: &mut serial,
            };
            course.drive(SINGLES, WARM_UP_SECS)?;
            for way in WAYS.into_iter().filter(|way| kind.is_ours || !way.is_ours_only) {
                progress(&format!("{}: messages to phones, {}", kind.name, way.name));
                runs.push(course.drive(way, bench.options.secs)?);
            }
        }
    }
    Ok(figures(&runs))
}

/// One gateway's runs.
struct Course<'a> {
    bench: &'a Bench<'a>,
    stub: &'a mut Stub,
    kind: &'static Kind,
    gateway: Gateway,
    /// Of the first message that nobody has handed over.
    serial: &'a mut u64,
}

impl Course<'_> {
    /// One run of the load program, until the SMSC has all of it.
    fn drive(&mut self, way: Way, secs: u64) -> Result<Run> {
        let before = self.stub.begin(Expected::Reminders, way.receipts)?;
        let before = Spent::now(&self.gateway, &before)?;
        let submitted = self.gateway.submit(self.bench, self.load(way, secs))?;
        *self.serial += MESSAGES_A_RUN;
        let receipts = if way.receipts { submitted.messages } else { 0 };
        let drained = self.stub.drain(submitted.messages, receipts)?;
        let cost = Spent::now(&self.gateway, &drained)?.since(&before, submitted.cpu_seconds);
        let told = self.stub.settle()?;
        self.verify(way, &submitted, &told)?;
        Ok(Run {
            way: way.name,
            is_ours: self.kind.is_ours,
            messages: submitted.messages,
            lost: submitted.messages.saturating_sub(told.distinct),
            duplicates: told.duplicates,
            rate: told.rate(),
            accepted: submitted.rate(),
            p99_ms: submitted.latencies.p99_ms,
            cost,
            memory_mib: self.gateway.memory().pss_mib,
        })
    }

    fn load(&self, way: Way, secs: u64) -> Load {
        Load {
            connections: way.connections,
            batch: way.batch,
            secs,
            first: *self.serial,
        }
    }

    /// Kannel's losses are figures; ours are the bench's end.
    fn verify(&self, way: Way, submitted: &Submitted, told: &Told) -> Result<()> {
        let (name, messages) = (self.kind.name, submitted.messages);
        ensure!(
            told.wrong == 0,
            "{} messages of {name} are not as they were sent",
            told.wrong
        );
        if !self.kind.is_ours {
            return Ok(());
        }
        ensure!(
            told.distinct == messages,
            "of {messages} messages {} came",
            told.distinct
        );
        ensure!(told.duplicates == 0, "{} messages came twice", told.duplicates);
        ensure!(told.refused == 0, "{} receipts were refused", told.refused);
        if !way.receipts {
            return ngoma::verify(&self.gateway, &submitted.sample, "sent");
        }
        ensure!(
            told.taken == messages,
            "of {messages} receipts {} were taken",
            told.taken
        );
        ngoma::verify(&self.gateway, &submitted.sample, "delivered")
    }
}

fn figures(runs: &[Run]) -> Vec<Figure> {
    let of = |is_ours: bool, way: &str| -> Vec<&Run> {
        let is_it = |run: &&Run| run.is_ours == is_ours && run.way == way;
        runs.iter().filter(is_it).collect()
    };
    let kannel = of(false, SINGLES.name);
    let rate = Spread::of("", "", &kannel, |run| run.rate).middle();
    let cpu_ms = Spread::of("", "", &kannel, |run| run.cpu_ms()).middle();
    let bars = Bars {
        rate: Bar::AtLeast(rate),
        cpu_ms: Bar::AtMost(CPU_OF_KANNEL * cpu_ms),
    };
    let mut figures = Vec::new();
    for way in WAYS {
        let bars = (way.name == SINGLES.name).then_some(&bars);
        figures.extend(figures_of(&format!("ngoma_mt_{}", way.name), &of(true, way.name), bars));
    }
    figures.extend(figures_of("kannel_mt_singles", &kannel, None));
    figures
}

struct Bars {
    rate: Bar,
    cpu_ms: Bar,
}

fn figures_of(name: &str, runs: &[&Run], bars: Option<&Bars>) -> Vec<Figure> {
    let spread = |what: &str, unit, value: fn(&&Run) -> f64| Spread::of(format!("{name}_{what}"), unit, runs, value);
    let rate = spread("per_second", "/s", |run| run.rate);
    let cpu = spread("cpu_ms", "ms", |run| run.cpu_ms());
    let held_to = |figure: Figure, bar: Option<Bar>| match bar {
        Some(bar) => figure.must_be(bar),
        None => figure,
    };
    let mut figures = vec![held_to(rate.figure(), bars.map(|bars| bars.rate))];
    figures.extend(rate.ends());
    figures.push(held_to(cpu.figure(), bars.map(|bars| bars.cpu_ms)));
    figures.extend(cpu.ends());
    figures.extend([
        spread("accepted_per_second", "/s", |run| run.accepted).figure(),
        spread("accepted_p99_ms", "ms", |run| run.p99_ms).figure(),
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

    fn run(is_ours: bool, way: &'static str, rate: f64, cpu_seconds: f64) -> Run {
        Run {
            way,
            is_ours,
            messages: 1000,
            lost: 0,
            duplicates: 0,
            rate,
            accepted: rate,
            p99_ms: 1.0,
            cost: Cost {
                gateway: cpu_seconds,
                ..Cost::default()
            },
            memory_mib: 1.0,
        }
    }

    #[test]
    fn ours_is_held_to_kannels_middle() {
        let check = |rate, cpu_seconds, is_met| {
            let mut runs = vec![run(true, "singles", rate, cpu_seconds)];
            runs.extend(
                [(900.0, 2.0), (1000.0, 1.0), (2000.0, 0.5)].map(|(rate, cpu)| run(false, "singles", rate, cpu)),
            );
            runs.extend(["lists_of_100", "with_receipts"].map(|way| run(true, way, 1.0, 9.0)));
            assert_eq!(figures(&runs).iter().all(Figure::is_met), is_met);
        };
        check(1000.0, 0.6, true);
        check(999.0, 0.6, false);
        check(1000.0, 0.61, false);
    }
}
