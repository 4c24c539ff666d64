//! Runs the load program on a server, and says what it cost whom.

use std::cell::Cell;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::server::{CHANNEL, Server};
use crate::bench::cpu;
use crate::load::submit::{Submitted, Taken};

/// How messages are handed over.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many connections there are.
    pub connections: u64,
    /// How many messages one request has.
    pub batch: u64,
    /// How many messages a second are due; as many as are taken without it.
    pub rate: Option<f64>,
    /// How long.
    pub secs: u64,
}

/// Lists of 100, as fast as they are taken.
pub const LISTS: Load = Load {
    connections: 16,
    batch: 100,
    rate: None,
    secs: 1,
};
/// Single messages, as fast as they are taken.
pub const SINGLES: Load = Load {
    connections: 64,
    batch: 1,
    rate: None,
    secs: 1,
};

/// One run of the load program.
pub struct Run {
    /// What it found.
    pub submitted: Submitted,
    /// Processor time of ngoma's processes.
    pub ngoma: Duration,
    /// Processor time of the back end's servers, if it has any.
    pub back_end: Option<Duration>,
    /// How many processors were busy with anything else.
    pub foreign_cores: f64,
}

impl Run {
    /// Microseconds of ngoma's processor time for a message.
    pub fn ngoma_us(&self) -> f64 {
        self.a_message(self.ngoma)
    }

    /// Microseconds of the back end's processor time for a message.
    pub fn back_end_us(&self) -> Option<f64> {
        self.back_end.map(|time| self.a_message(time))
    }

    /// Microseconds of processor time for a message, ngoma's and the back end's.
    pub fn total_us(&self) -> f64 {
        self.ngoma_us() + self.back_end_us().unwrap_or_default()
    }

    fn a_message(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.submitted.messages.max(1) as f64
    }
}

/// Hands over messages to one server and remembers what it has answered for.
pub struct Driver<'a> {
    server: &'a Server,
    runs: Cell<u64>,
    accepted: Cell<u64>,
    sample: Cell<Vec<Taken>>,
}

impl Driver<'_> {
    /// A driver of a server that has no messages yet.
    pub fn new(server: &Server) -> Driver<'_> {
        Driver {
            server,
            runs: Cell::default(),
            accepted: Cell::default(),
            sample: Cell::default(),
        }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        self.server
    }

    /// How many messages the server has answered for.
    pub fn accepted(&self) -> u64 {
        self.accepted.get()
    }

    /// Some of the messages the server has answered for.
    pub fn take_sample(&self) -> Vec<Taken> {
        self.sample.take()
    }

    /// Runs the load program and waits for its outcome; any error in it is the bench's.
    pub fn drive(&self, load: Load) -> Result<Run> {
        let before = Spent::now(self.server)?;
        let output = self
            .command(load)?
            .stderr(Stdio::inherit())
            .output()
            .context("run the load program")?;
        let after = Spent::now(self.server)?;
        ensure!(output.status.success(), "the load program failed");
        let submitted: Submitted = serde_json::from_slice(&output.stdout).context("read the load program's outcome")?;
        let first_error = submitted.first_error.clone().unwrap_or_default();
        ensure!(
            submitted.errors == 0,
            "{} requests went wrong; the first: {first_error}",
            submitted.errors
        );
        ensure!(submitted.messages > 0, "no message was accepted");
        self.accepted.set(self.accepted.get() + submitted.messages);
        let mut sample = self.sample.take();
        sample.extend(submitted.sample.iter().cloned());
        self.sample.set(sample);
        Ok(after.since(&before, submitted))
    }

    fn command(&self, load: Load) -> Result<Command> {
        // Far enough apart that no two runs hand over the same message.
        const MESSAGES_A_RUN: u64 = 1_000_000_000;
        let run = self.runs.replace(self.runs.get() + 1);
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["submit", "--channel", CHANNEL, "--token", &self.server.token]);
        let mut flag = |name: &str, value: String| {
            command.args([name, &value]);
        };
        flag("--address", self.server.address.to_string());
        flag("--connections", load.connections.to_string());
        flag("--batch", load.batch.to_string());
        flag("--secs", load.secs.to_string());
        flag("--first", (run * MESSAGES_A_RUN).to_string());
        if let Some(rate) = load.rate {
            flag("--rate", rate.to_string());
        }
        Ok(command)
    }
}

/// Processor time used so far, or from one moment to another.
pub struct Spent {
    /// Ngoma's.
    pub ngoma: Duration,
    /// That of the back end's servers, if it has any.
    pub back_end: Option<Duration>,
    machine: Duration,
}

impl Spent {
    /// What a server has used so far.
    pub fn now(server: &Server) -> Result<Spent> {
        Ok(Spent {
            ngoma: cpu::of_family(server.pid()),
            back_end: server.back_end().cpu(),
            machine: cpu::of_machine()?,
        })
    }

    /// What was used since an earlier moment.
    pub fn less(self, before: &Spent) -> Spent {
        Spent {
            ngoma: self.ngoma.saturating_sub(before.ngoma),
            back_end: self
                .back_end
                .zip(before.back_end)
                .map(|(now, before)| now.saturating_sub(before)),
            machine: self.machine.saturating_sub(before.machine),
        }
    }

    fn since(self, before: &Spent, submitted: Submitted) -> Run {
        let Spent {
            ngoma,
            back_end,
            machine,
        } = self.less(before);
        let ours = ngoma.as_secs_f64() + back_end.unwrap_or_default().as_secs_f64() + submitted.cpu_seconds;
        let machine = machine.as_secs_f64();
        Run {
            foreign_cores: ((machine - ours) / submitted.seconds).max(0.0),
            submitted,
            ngoma,
            back_end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_shared_out_over_messages_and_the_rest_is_foreign() {
        let seconds = Duration::from_secs;
        let spent = |ngoma, back_end, machine| Spent {
            ngoma: seconds(ngoma),
            back_end: Some(seconds(back_end)),
            machine: seconds(machine),
        };
        let submitted = Submitted {
            messages: 20_000,
            seconds: 2.0,
            cpu_seconds: 0.5,
            ..Submitted::default()
        };
        let run = spent(2, 11, 105).since(&spent(1, 10, 100), submitted);
        assert_eq!(run.ngoma_us(), 50.0);
        assert_eq!(run.total_us(), 100.0);
        assert_eq!(run.foreign_cores, 1.25);
    }
}
