//! How much memory a family of processes holds.

use std::fs;

use super::cpu;
use super::host::{kib, value_of};

/// Summed over all processes of the family, in MiB.
#[derive(Debug, Default, PartialEq)]
pub struct Memory {
    /// Pages shared between processes count in each of them.
    pub rss_mib: f64,
    /// Pages shared between processes are divided among them.
    pub pss_mib: f64,
    /// How many processes there are.
    pub processes: usize,
}

/// What the processes of the group `head` and their descendants hold now.
pub fn of_family(head: u32) -> Memory {
    let pids = cpu::family(head).into_iter().map(|process| process.pid);
    sum(pids.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()))
}

fn sum(rollups: impl Iterator<Item = String>) -> Memory {
    let mib = |rollup: &str, name| value_of(rollup, name).map_or(0, kib) as f64 / 1024.0;
    rollups.fold(Memory::default(), |sum, rollup| Memory {
        rss_mib: sum.rss_mib + mib(&rollup, "Rss"),
        pss_mib: sum.pss_mib + mib(&rollup, "Pss"),
        processes: sum.processes + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_summed_over_processes() {
        let rollup = "00400000-7ff ---p 00000000 00:00 0 [rollup]\nRss:    2048 kB\nPss:    1024 kB\nPss_Anon: 9 kB\n";
        let memory = sum([rollup.to_owned(), rollup.to_owned()].into_iter());
        assert_eq!(
            memory,
            Memory {
                rss_mib: 4.0,
                pss_mib: 2.0,
                processes: 2
            }
        );
    }
}
