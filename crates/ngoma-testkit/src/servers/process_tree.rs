//! A process with all that descend from it, whatever groups and sessions they made for themselves.

use crate::process::send_signal;
use std::fs;
use std::io;

/// A process. The time of its start tells it from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    id: i32,
    parent: i32,
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

impl Process {
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

fn read(id: i32) -> Option<Process> {
    parse(id, &fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// Reads `12 (name, which may hold anything) S PARENT GROUP …`, see proc_pid_stat(5).
fn parse(id: i32, stat: &str) -> Option<Process> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let &[state, parent, ..] = fields.as_slice() else {
        return None;
    };
    (!matches!(state, "Z" | "X")).then_some(Process {
        id,
        parent: parent.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_whatever_the_name() {
        let rest = "1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5555 2895872 460";
        let process = Process {
            id: 12,
            parent: 1,
            started: 5555,
        };
        let check = |stat: String, expected| assert_eq!(parse(12, &stat), expected, "{stat}");
        check(format!("12 (sh) S {rest}"), Some(process));
        check(format!("12 (a) b (c) R {rest}"), Some(process));
        check(format!("12 (sh) Z {rest}"), None);
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
