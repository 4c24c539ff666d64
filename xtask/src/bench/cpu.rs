//! Processor time: of a family of processes, and of the whole machine.

use std::fs;
use std::mem::MaybeUninit;
use std::time::Duration;

use anyhow::{Context, Result};

/// A process as `/proc/<pid>/stat` shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    parent: u32,
    group: u32,
    /// Its own time and that of the children it has collected.
    ticks: u64,
}

/// The processes of the group `head`, with their descendants whichever group those are in.
pub fn family(head: u32) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all = pids
        .filter_map(|pid| parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect();
    members(head, all)
}

fn members(head: u32, mut others: Vec<Process>) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    loop {
        let is_member = |process: &mut Process| {
            process.group == head || process.pid == head || found.iter().any(|member| member.pid == process.parent)
        };
        let next: Vec<Process> = others.extract_if(.., is_member).collect();
        if next.is_empty() {
            return found;
        }
        found.extend(next);
    }
}

/// The time the family has used so far. Children that end while their parent ignores SIGCHLD are in nobody's
/// account, so that this is a lower bound where a worker forks for each message.
pub fn of_family(head: u32) -> Duration {
    ticks(family(head).iter().map(|process| process.ticks).sum())
}

/// The time the whole machine has used so far, whoever used it.
pub fn of_machine() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat").context("read /proc/stat")?;
    Ok(ticks(
        busy_ticks(&stat).context("/proc/stat has no line for all processors")?,
    ))
}

/// The time this program has used so far, and all children it has collected.
pub fn of_self_and_children() -> Duration {
    of(libc::RUSAGE_SELF) + of_children()
}

/// The time of all children this program has collected so far.
pub fn of_children() -> Duration {
    of(libc::RUSAGE_CHILDREN)
}

fn of(whom: libc::c_int) -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is valid for writing one rusage, and all zeroes is one should the call fail.
    let usage = unsafe {
        libc::getrusage(whom, usage.as_mut_ptr());
        usage.assume_init()
    };
    let time =
        |value: libc::timeval| Duration::from_secs(value.tv_sec as u64) + Duration::from_micros(value.tv_usec as u64);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Reads the fields after the name, which itself may hold spaces and brackets.
fn parse_stat(stat: &str) -> Option<Process> {
    let pid = stat.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    // proc(5) counts from 1 with pid and name in front: ppid is 4, pgrp 5, utime to cstime 14 to 17.
    let ticks = number(11)? + number(12)? + number(13)? + number(14)?;
    Some(Process {
        pid,
        parent: number(1)? as u32,
        group: number(2)? as u32,
        ticks,
    })
}

/// User, nice, system, irq and softirq; guests are in user already, and waiting is no work.
fn busy_ticks(stat: &str) -> Option<u64> {
    let numbers: Vec<u64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect();
    [0, 1, 2, 5, 6].iter().map(|&index| numbers.get(index)).sum()
}

fn ticks(count: u64) -> Duration {
    // SAFETY: sysconf has no preconditions.
    let a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1);
    Duration::from_secs_f64(count as f64 / a_second as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_past_a_strange_name() {
        let stat = "42 (a ) (b) S 7 40 40 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        assert_eq!(
            parse_stat(stat),
            Some(Process {
                pid: 42,
                parent: 7,
                group: 40,
                ticks: 100
            })
        );
        assert_eq!(parse_stat("42 (a) S 7"), None);
    }

    #[test]
    fn waiting_and_guests_are_no_work_of_the_machine() {
        assert_eq!(busy_ticks("cpu  1 2 4 1000 1000 8 16 1000 1000 0\ncpu0 1"), Some(31));
        assert_eq!(busy_ticks("intr 1"), None);
    }

    #[test]
    fn a_family_holds_the_group_and_all_descendants() {
        let process = |pid, parent, group| Process {
            pid,
            parent,
            group,
            ticks: 1,
        };
        let all = vec![
            process(1, 0, 1),
            process(12, 11, 12),
            process(10, 1, 10),
            process(11, 10, 10),
            process(9, 1, 9),
        ];
        let mut pids: Vec<u32> = members(10, all).iter().map(|process| process.pid).collect();
        pids.sort_unstable();
        assert_eq!(pids, [10, 11, 12]);
    }

    #[test]
    fn work_takes_time() {
        let head = std::process::id();
        assert!(family(head).iter().any(|process| process.pid == head));
        assert!(of_self_and_children() > Duration::ZERO);
        assert!(of_machine().unwrap() > Duration::ZERO);
    }
}
