//! Asks a service to describe itself, for the tools of its author.

use super::conversation::beginning;
use super::death;
use super::lines::{Lines, NoLine};
use super::source::Source;
use super::worker::{BegunStep, Worker};
use super::{Sandbox, error};
use crate::check::is_of_author;
use crate::describe::Description;
use crate::frames::{ClockMode, Failure, Opening, Scene};
use crate::limits::{self, Profile};
use ngoma_engine::service::{Bundle, ServiceError};
use ngoma_message::{Object, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How long a description may take.
const LIMIT: Duration = Duration::from_secs(10);
/// What the worker says of a script that knows nothing of being described.
const UNKNOWN: &str = "api.on_describe";

impl Sandbox {
    /// What a service says about itself; `None` when it is not on the library `ngoma`. Whatever else it asks for while it
    /// does so is refused.
    pub async fn describe(&self, bundle: Bundle) -> Result<Option<Description>, ServiceError> {
        let is_on_library = imports_library(&bundle);
        let source = Source::of(Arc::new(bundle), &self.python).await?;
        let worker = Worker::start(&self.spawner, &source, self.options.load_limit, || {}).await?;
        // Other code would take the question for a message from nobody.
        if !is_on_library {
            return Ok(None);
        }
        let begun = worker.begin_step().await;
        let begun = begun.map_err(|failed| error(&format!("the service's worker could not be reached: {failed}")))?;
        let longest = LIMIT + limits::WALL_GRACE + limits::HOST_GRACE;
        let described = tokio::time::timeout(longest, lead(begun)).await;
        match described.unwrap_or_else(|_| Err(error(&limits::wall_time_spent(LIMIT)))) {
            Err(failure) if failure.message.contains(UNKNOWN) => Ok(None),
            described => described,
        }
    }
}

/// Whether a file of the author names the library as one that is imported.
fn imports_library(bundle: &Bundle) -> bool {
    let files = bundle.files.iter().filter(|(path, _)| is_of_author(path));
    let names_it = |text: &[u8]| {
        [br#""ngoma""#, b"'ngoma'"]
            .iter()
            .any(|name| text.windows(name.len()).any(|part| part == *name))
    };
    files.into_iter().any(|(_, text)| names_it(text))
}

async fn lead(begun: BegunStep) -> Result<Option<Description>, ServiceError> {
    let BegunStep { mut socket, death, .. } = begun;
    let (reader, mut writer) = socket.split();
    let mut lines = Lines::new(reader, Profile::Step.limits().host_read_bytes);
    let opening = Opening {
        wall_ms: u64::try_from(LIMIT.as_millis()).unwrap_or(u64::MAX),
        scene: Scene::new(&beginning(Timestamp::now(), None)?, ClockMode::Stepped),
    };
    let command = json!({"cmd": "describe", "cmd_id": "describe", "reply": false});
    let opened = writer
        .write_all(format!("{}\n{command}\n", json!(opening)).as_bytes())
        .await;
    let mut description = None;
    while opened.is_ok() {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) | Err(NoLine::Failed(_)) => break,
            Err(too_much @ NoLine::TooMuch) => return Err(error(&too_much.to_string())),
        };
        let mut said: Object =
            serde_json::from_slice(&line).map_err(|_| error("the service sent what is no command"))?;
        let cmd = said.remove("cmd").unwrap_or_default();
        let is_granted = cmd == "service.description";
        match cmd.as_str().unwrap_or_default() {
            "js.done" | "js.idle" => return Ok(description),
            "js.error" => {
                let failure = serde_json::from_value(Value::Object(said));
                return Err(failure
                    .unwrap_or_else(|_| Failure::new("the service could not be described"))
                    .into());
            }
            "service.description" => {
                let told = serde_json::from_value(said.remove("description").unwrap_or_default());
                description = Some(told.map_err(|problem| error(&format!("the description: {problem}")))?);
            }
            _ => {}
        }
        let reply = json!({"cmd": cmd, "cmd_id": said.get("cmd_id"), "reply": true, "success": is_granted,
            "reason": "nothing is asked of the outside while the service is described"});
        // A worker that is gone by now is noticed where its next line is read.
        let _ = writer
            .write_all(format!("{} {reply}\n", Timestamp::now().micros()).as_bytes())
            .await;
    }
    Err(error(&death::of_run(death.read().await, Profile::Step, LIMIT)))
}
