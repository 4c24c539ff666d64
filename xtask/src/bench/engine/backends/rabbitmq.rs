//! PostgreSQL with RabbitMQ handing out the work: a private node, with quorum queues as `ngoma` declares them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::{BackEnd, Kind, postgres};
use crate::bench::{cpu, progress};
use crate::repo::Repo;
use crate::test::tools::{POSTGRES, RABBITMQ};

/// What an installation grows to. Its messages are in PostgreSQL, so accepting them has the same bars.
pub const KIND: Kind = Kind {
    name: "rabbitmq",
    is_store: false,
    start: |folder| {
        Ok(Box::new(Brokered {
            store: (postgres::KIND.start)(folder)?,
            node: Node::start()?,
        }))
    },
    needs: &[POSTGRES, RABBITMQ],
    ..postgres::KIND
};

struct Brokered {
    store: Box<dyn BackEnd>,
    node: Node,
}

impl BackEnd for Brokered {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = self.store.arguments();
        arguments.extend(["--queue".to_owned(), self.node.url.clone()]);
        arguments
    }

    fn cpu(&self) -> Option<Duration> {
        Some(self.store.cpu()? + cpu::of_family(self.node.program.id()))
    }

    fn settle(&self) -> Result<()> {
        self.store.settle()
    }

    fn number(&self, data: &Path, query: &str) -> Result<u64> {
        self.store.number(data, query)
    }
}

/// The test harness's node, in a process of its own.
struct Node {
    program: Child,
    /// Kept open: a program whose output nobody reads may end.
    _output: BufReader<ChildStdout>,
    url: String,
}

impl Node {
    fn start() -> Result<Node> {
        let repo = Repo::find()?;
        progress("cargo build --package ngoma-testkit --example rabbitmq");
        let built = repo
            .cargo([
                "build",
                "--quiet",
                "--package",
                "ngoma-testkit",
                "--example",
                "rabbitmq",
            ])
            .status()?;
        ensure!(built.success(), "the harness of RabbitMQ cannot be built");
        let mut program = Command::new(repo.target.join("debug/examples/rabbitmq"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the harness of RabbitMQ")?;
        let mut output = BufReader::new(program.stdout.take().context("its output")?);
        let mut url = String::new();
        output.read_line(&mut url)?;
        if url.trim().is_empty() {
            bail!("RabbitMQ did not start: {}", program.wait()?);
        }
        Ok(Node {
            program,
            _output: output,
            url: url.trim().to_owned(),
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The end of its input stops the node.
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}
