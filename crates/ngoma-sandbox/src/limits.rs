//! What a service may use, in one place; the words of its errors come from here too.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What code is run for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Messages of people, one step each.
    #[default]
    Step,
    /// An author's tests, all in one step.
    Tests,
}

/// How much code may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The JavaScript heap, code included.
    pub heap_bytes: usize,
    /// The JavaScript stack.
    pub stack_bytes: usize,
    /// Above this many bytes a step collects cyclic garbage; most steps end before.
    pub collect_above_bytes: usize,
    /// The processor time of a step, and of top-level code.
    pub processor_time: Duration,
    /// When the kernel ends a step whose native code does not look at its processor time.
    pub processor_time_hard: Duration,
    /// What a step may write to its host.
    pub output_bytes: usize,
    /// How many requests a step may make.
    pub requests: usize,
    /// What the host reads of one step at most, whatever the worker's own limit says.
    pub host_read_bytes: usize,
}

const STEP: Limits = Limits {
    heap_bytes: HEAP_BYTES,
    stack_bytes: 512 << 10,
    collect_above_bytes: 24 << 20,
    processor_time: PROCESSOR_TIME,
    processor_time_hard: Duration::from_millis(1300),
    output_bytes: OUTPUT_BYTES,
    requests: REQUESTS,
    host_read_bytes: 4 << 20,
};

/// The address space of a worker still stands above these.
const TESTS: Limits = Limits {
    heap_bytes: 512 << 20,
    stack_bytes: 2 << 20,
    collect_above_bytes: 128 << 20,
    processor_time: Duration::from_secs(120),
    processor_time_hard: Duration::from_secs(125),
    output_bytes: 64 << 20,
    requests: 1_000_000,
    host_read_bytes: 96 << 20,
};

impl Profile {
    /// How much code may use that is run for this.
    pub fn limits(self) -> Limits {
        match self {
            Self::Step => STEP,
            Self::Tests => TESTS,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Profile::Step.limits()
    }
}

/// The JavaScript heap of a service, code included.
const HEAP_BYTES: usize = 64 << 20;
/// The address space of a worker: heap, code and the room the type stripper needs.
pub const ADDRESS_SPACE_BYTES: u64 = 1 << 30;
/// The processor time of a step, and of a service's top-level code.
const PROCESSOR_TIME: Duration = Duration::from_secs(1);
/// What a step may write to its host.
pub const OUTPUT_BYTES: usize = 1 << 20;
/// How many requests a step may make.
pub const REQUESTS: usize = 1000;
/// After how much processor time code gives way to that of others: several times what a step of a large application takes.
pub const GIVES_WAY_AFTER: Duration = Duration::from_millis(50);
/// How long after its wall limit the kernel ends a step.
pub const WALL_GRACE: Duration = Duration::from_millis(300);
/// How long the host listens beyond that.
pub const HOST_GRACE: Duration = Duration::from_millis(700);
/// The longest frame a worker may send about itself.
pub const FRAME_BYTES: usize = 64 << 10;
/// The largest bundle, encoded.
pub const BUNDLE_BYTES: usize = 64 << 20;

impl Limits {
    /// Why a step ended that used too much processor time.
    pub fn processor_time_spent(&self) -> String {
        let time = words(self.processor_time);
        format!("the service used more than {time} of processor time")
    }

    /// Why a step ended that filled its heap.
    pub fn out_of_memory(&self) -> String {
        format!("out of memory: a service may use {} MiB", self.heap_bytes >> 20)
    }

    /// Why a step ended that wrote too much.
    pub fn output_spent(&self) -> String {
        format!("the service sent more than {} MiB in one step", self.output_bytes >> 20)
    }

    /// Why a step ended that asked too often.
    pub fn requests_spent(&self) -> String {
        format!("the service made more than {} requests in one step", self.requests)
    }
}

/// Why a step ended that took too long.
pub fn wall_time_spent(limit: Duration) -> String {
    format!("the service took longer than {}", words(limit))
}

fn words(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_said_in_plain_words() {
        assert_eq!(
            Profile::Step.limits().processor_time_spent(),
            "the service used more than 1 s of processor time"
        );
        assert_eq!(
            wall_time_spent(Duration::from_secs(60)),
            "the service took longer than 60 s"
        );
        assert_eq!(
            wall_time_spent(Duration::from_millis(2500)),
            "the service took longer than 2500 ms"
        );
    }
}
