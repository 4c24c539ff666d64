//! What a service may use, in one place; the words of its errors come from here too.

use std::time::Duration;

/// The JavaScript heap of a service, code included.
pub const HEAP_BYTES: usize = 64 << 20;
/// The JavaScript stack.
pub const STACK_BYTES: usize = 512 << 10;
/// Above this many bytes a step collects cyclic garbage; most steps end before.
pub const COLLECT_ABOVE_BYTES: usize = 24 << 20;
/// The address space of a worker: heap, code and the room the type stripper needs.
pub const ADDRESS_SPACE_BYTES: u64 = 1 << 30;
/// The processor time of a step, and of a service's top-level code.
pub const PROCESSOR_TIME: Duration = Duration::from_secs(1);
/// When the kernel ends a step whose native code does not look at its processor time.
pub const PROCESSOR_TIME_HARD: Duration = Duration::from_millis(1300);
/// What a step may write to its host.
pub const OUTPUT_BYTES: usize = 1 << 20;
/// How many requests a step may make.
pub const REQUESTS: usize = 1000;
/// How long after its wall limit the kernel ends a step.
pub const WALL_GRACE: Duration = Duration::from_millis(300);
/// How long the host listens beyond that.
pub const HOST_GRACE: Duration = Duration::from_millis(700);
/// What the host reads of one step at most, whatever the worker's own limit says.
pub const HOST_READ_BYTES: usize = 4 << 20;
/// The longest frame a worker may send about itself.
pub const FRAME_BYTES: usize = 64 << 10;
/// The largest bundle, encoded.
pub const BUNDLE_BYTES: usize = 64 << 20;

/// Why a step ended that used too much processor time.
pub fn processor_time_spent() -> String {
    format!("the service used more than {} of processor time", words(PROCESSOR_TIME))
}

/// Why a step ended that took too long.
pub fn wall_time_spent(limit: Duration) -> String {
    format!("the service took longer than {}", words(limit))
}

/// Why a step ended that filled its heap.
pub fn out_of_memory() -> String {
    format!("out of memory: a service may use {} MiB", HEAP_BYTES >> 20)
}

/// Why a step ended that wrote too much.
pub fn output_spent() -> String {
    format!("the service sent more than {} MiB in one step", OUTPUT_BYTES >> 20)
}

/// Why a step ended that asked too often.
pub fn requests_spent() -> String {
    format!("the service made more than {REQUESTS} requests in one step")
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
            processor_time_spent(),
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
