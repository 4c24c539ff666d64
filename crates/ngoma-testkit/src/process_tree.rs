//! The processes that belong together: all that descend from one, whatever groups and sessions they made for
//! themselves, or all of one group.

use crate::process::send_signal;
use std::fs;
use std::io;

/// A process. The time of its start tells it from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    id: i32,
    parent: i32,
    group: i32,
    started: u64,
}

/// The process with this id and its descendants, parents first; those that only wait to be reaped do not count.
pub fn tree(root: u32) -> io::Result<Vec<Process>> {
    let all = all()?;
    let is_root = |process: &&Process| u32::try_from(process.id) == Ok(root);
    let mut found: Vec<Process> = all.iter().filter(is_root).copied().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(all.iter().filter(|process| process.parent == parent.id));
        next += 1;
    }
    Ok(found)
}

/// The processes of the group with this id; those that only wait to be reaped do not count.
pub fn group(id: u32) -> io::Result<Vec<Process>> {
    let mut processes = all()?;
    processes.retain(|process| u32::try_from(process.group) == Ok(id));
    Ok(processes)
}

impl Process {
    /// Its id.
    pub fn id(self) -> i32 {
        self.id
    }

    /// Sends it a signal; one that is gone gets none.
    pub fn signal(self, signal: i32) {
        if self.is_running() {
            // It may have gone since.
            let _ = send_signal(self.id, signal);
        }
    }

    /// Whether it still runs.
    pub fn is_running(self) -> bool {
        read(self.id).is_some_and(|process| process.started == self.started)
    }

    /// Whether none of its threads does anything: a signal that stops it reaches them one after the other.
    pub fn is_at_rest(self) -> bool {
        !self.is_running() || threads(self.id).all(|state| matches!(state.as_str(), "T" | "t" | "Z" | "X"))
    }
}

fn all() -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| name.parse().ok());
        processes.extend(id.and_then(read));
    }
    Ok(processes)
}

/// The states of a process's threads; none when it is gone.
fn threads(id: i32) -> impl Iterator<Item = String> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    // One that is gone meanwhile has no file.
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    stats.filter_map(|stat| Some(fields(&stat)?.first()?.to_string()))
}

fn read(id: i32) -> Option<Process> {
    parse(id, &fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// What follows the name in `12 (name, which may hold anything) S PARENT GROUP …`, see proc_pid_stat(5).
fn fields(stat: &str) -> Option<Vec<&str>> {
    let (_, after_name) = stat.rsplit_once(')')?;
    Some(after_name.split_whitespace().collect())
}

/// A first thread that ended leaves a process that runs, with all it holds, until its other threads have ended too.
fn parse(id: i32, stat: &str) -> Option<Process> {
    let fields = fields(stat)?;
    let number = |index: usize| fields.get(index)?.parse().ok();
    let (has_ended, threads) = (matches!(*fields.first()?, "Z" | "X"), number(17)?);
    (!has_ended || threads > 1).then_some(Process {
        id,
        parent: number(1)?,
        group: number(2)?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_whatever_the_name() {
        let rest = "1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5555 2895872 460";
        let with_threads = "1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 5555 2895872 460";
        let process = Process {
            id: 12,
            parent: 1,
            group: 7,
            started: 5555,
        };
        let check = |stat: String, expected| assert_eq!(parse(12, &stat), expected, "{stat}");
        check(format!("12 (sh) S {rest}"), Some(process));
        check(format!("12 (a) b (c) R {rest}"), Some(process));
        check(format!("12 (sh) Z {rest}"), None);
        check(format!("12 (sh) Z {with_threads}"), Some(process));
        check("12 (sh) S".to_owned(), None);
        check(String::new(), None);
    }

    #[test]
    fn this_process_is_the_first_of_its_tree() {
        let id = std::process::id();
        let tree = tree(id).expect("/proc");
        assert_eq!(u32::try_from(tree[0].id), Ok(id));
        assert!(tree[0].is_running());
        let before = Process { started: 0, ..tree[0] };
        assert!(!before.is_running(), "another process with the same id");
    }
}
