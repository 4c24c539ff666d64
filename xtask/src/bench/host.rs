//! The machine a bench ran on, without which its figures mean little.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;

use serde::Serialize;

use super::disk::Fsync;

/// What is worth knowing about the machine.
#[derive(Default, Serialize)]
pub struct Host {
    cores: usize,
    cpu: String,
    kernel: String,
    memory_mib: u64,
    load_average: String,
    rustc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_fsync: Option<Fsync>,
    /// The versions of what was measured beside ours.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    peers: BTreeMap<&'static str, String>,
}

impl Host {
    /// Looks at this machine, now.
    pub fn look() -> Host {
        Host {
            cores: thread::available_parallelism().map_or(1, |cores| cores.get()),
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease"),
            memory_mib: field("/proc/meminfo", "MemTotal").map_or(0, |size| kib(&size) / 1024),
            load_average: read("/proc/loadavg"),
            rustc: version_of_rustc(),
            disk_fsync: None,
            peers: BTreeMap::new(),
        }
    }

    /// The same machine with a peer that is on it.
    pub fn with_peer(mut self, name: &'static str, version: String) -> Host {
        self.peers.insert(name, version);
        self
    }

    /// The same machine with what its disk does.
    pub fn with_disk(self, fsync: Fsync) -> Host {
        Host {
            disk_fsync: Some(fsync),
            ..self
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn field(path: &str, name: &str) -> Option<String> {
    value_of(&read(path), name).map(str::to_owned)
}

/// The value of the first `name : value` line.
pub fn value_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// The number of a value such as `1234 kB`.
pub fn kib(value: &str) -> u64 {
    value.trim_end_matches("kB").trim().parse().unwrap_or_default()
}

fn version_of_rustc() -> String {
    let printed = Command::new("rustc").arg("--version").output();
    printed
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_whole_name() {
        let text = "Rss:  12 kB\nPss_Anon: 3 kB\nPss: 4 kB\n";
        let check = |name, expected: Option<u64>| assert_eq!(value_of(text, name).map(kib), expected);
        check("Pss", Some(4));
        check("Rss", Some(12));
        check("Swap", None);
    }
}
