//! Octets of any kind for everything that reads what a carrier or a phone sends, steered by what code they reach.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Result, anyhow};

use crate::process;
use crate::test::tally::{self, Tally};
use crate::test::{Round, Suite};

/// Each target counts.
pub const SUITE: Suite = Suite {
    name: "fuzz",
    is_quick: false,
    needs: &[],
    run,
};

const TARGETS: [&str; 5] = ["pdu", "session", "receipt", "header", "text"];
/// How long each runs, in seconds, two at a time; and in a full round.
const SECS: u32 = 60;
const FULL_SECS: u32 = 300;
/// What makes the compiler note which code is reached: libFuzzer's counters, on a stable toolchain.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

fn run(round: &Round) -> Result<Tally> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let target = round.repo.target.join("fuzz");
    // The machine is named, so that build scripts are built without these flags.
    let mut build = round
        .repo
        .cargo(["build", "--release", "--target", &triple, "--manifest-path"]);
    build
        .arg(round.repo.root.join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", FLAGS);
    round.pass("fuzz-build", &mut build)?;
    let secs = if round.is_full { FULL_SECS } else { SECS };
    let mut tally = Tally::default();
    for pair in TARGETS.chunks(2) {
        let runs: Vec<Fuzzing> = pair
            .iter()
            .map(|name| Fuzzing {
                program: target.join(&triple).join("release").join(name),
                folder: target.clone(),
                log: round.logs.join(format!("fuzz-{name}.log")),
                name,
                secs,
            })
            .collect();
        for is_good in side_by_side(&runs)? {
            match is_good {
                true => tally.passed += 1,
                false => tally.failed += 1,
            }
        }
    }
    Ok(tally)
}

/// One target's run.
struct Fuzzing {
    name: &'static str,
    program: PathBuf,
    /// Where what it finds stays.
    folder: PathBuf,
    log: PathBuf,
    secs: u32,
}

fn side_by_side(runs: &[Fuzzing]) -> Result<Vec<bool>> {
    thread::scope(|scope| {
        let running: Vec<_> = runs.iter().map(|run| scope.spawn(|| run.finish())).collect();
        let ended = running.into_iter().map(|run| run.join());
        ended
            .map(|ended| ended.unwrap_or_else(|_| Err(anyhow!("a run broke off"))))
            .collect()
    })
}

impl Fuzzing {
    /// Runs it; false when it found something.
    fn finish(&self) -> Result<bool> {
        let corpus = self.folder.join("corpus").join(self.name);
        fs::create_dir_all(&corpus)?;
        let mut command = Command::new(&self.program);
        command
            .arg(&corpus)
            .arg(format!("-max_total_time={}", self.secs))
            .args(["-max_len=1024", "-timeout=10", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", self.folder.display()));
        let finished = process::finish(&mut command, &self.log)?;
        if !finished.status.success() {
            println!("{}: {}", self.name, tally::worth_showing(&finished.text));
        }
        Ok(finished.status.success())
    }
}
