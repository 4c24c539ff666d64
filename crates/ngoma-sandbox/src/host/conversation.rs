//! The line protocol of one step: requests in, replies out, until the step ends.

use super::death;
use super::lines::{Lines, NoLine};
use super::worker::{BegunStep, DeathNote};
use crate::frames::{ClockMode, Failure, Opening, Scene};
use crate::limits::Profile;
use crate::resources::{Answer, Finish, Resource, StepContext};
use ngoma_engine::recording::{Beginning, RecordedLine, Recording, Seed};
use ngoma_engine::service::{ServiceError, Step, StepInput};
use ngoma_message::{Object, Timestamp};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::WriteHalf;
use tokio::task::JoinSet;

/// A step as the host leads it.
pub struct Conversation<'a> {
    step: &'a Step,
    context: &'a mut StepContext,
    resources: &'a [Box<dyn Resource>],
    /// Commands that take their time.
    later: JoinSet<(Command, Finish)>,
    /// Why an answer was not taken.
    refused_answer: Option<String>,
    recording: Recording,
}

/// A command of the script: `{"cmd":"kv.get","cmd_id":"1","reply":false,"key":"a"}`.
struct Command {
    cmd: String,
    cmd_id: Value,
    params: Object,
}

/// Whether the step goes on after a line.
enum After {
    GoOn,
    End,
}

impl<'a> Conversation<'a> {
    /// A conversation that has not begun, with code that was loaded so.
    pub fn new(
        step: &'a Step,
        context: &'a mut StepContext,
        resources: &'a [Box<dyn Resource>],
        loaded: Option<Beginning>,
    ) -> Result<Self, ServiceError> {
        let begins = beginning(context.now(), context.ports.seed)?;
        Ok(Self {
            step,
            context,
            resources,
            later: JoinSet::new(),
            refused_answer: None,
            recording: Recording::new(begins, loaded),
        })
    }

    /// Leads a step from its first line to its end. Dropped half-way, the step's process finds its socket closed.
    pub async fn run(self, begun: BegunStep) -> Result<(), ServiceError> {
        let BegunStep { mut socket, death, .. } = begun;
        self.talk(&mut socket, death).await
    }

    async fn talk(mut self, socket: &mut UnixStream, death: DeathNote) -> Result<(), ServiceError> {
        let result = self.lead(socket, death).await;
        self.context.outcome.recording = Some(self.recording);
        result
    }

    async fn lead(&mut self, socket: &mut UnixStream, death: DeathNote) -> Result<(), ServiceError> {
        let (reader, mut writer) = socket.split();
        let mut lines = Lines::new(reader, Profile::Step.limits().host_read_bytes);
        if writer.write_all(self.opening().as_bytes()).await.is_err() {
            return Err(self.ended(death).await);
        }
        loop {
            let after = tokio::select! {
                line = lines.next() => match line {
                    Ok(Some(line)) => self.take_line(&line, &mut writer).await?,
                    Ok(None) | Err(NoLine::Failed(_)) => return Err(self.ended(death).await),
                    Err(error @ NoLine::TooMuch) => return Err(super::error(&error.to_string())),
                },
                Some(finished) = self.later.join_next() => {
                    self.finish_later(finished, &mut writer).await;
                    After::GoOn
                }
            };
            if matches!(after, After::End) {
                self.finish_all(&mut writer).await;
                return Ok(());
            }
        }
    }

    /// The first two lines of a step: how it runs, and what happened.
    fn opening(&self) -> String {
        let ports = &self.context.ports;
        let clock = if ports.clock.is_frozen() {
            ClockMode::Frozen
        } else {
            ClockMode::Stepped
        };
        let opening = Opening {
            wall_ms: u64::try_from(self.step.wall_limit.as_millis()).unwrap_or(u64::MAX),
            scene: Scene::new(&self.recording.step, clock),
        };
        let (cmd, message) = match &self.step.input {
            StepInput::Message(message) => ("inbound-message", message),
            StepInput::Event(event) => ("inbound-event", event),
        };
        let cmd_id = uuid::Uuid::new_v4().simple().to_string();
        let command = json!({"cmd": cmd, "cmd_id": cmd_id, "reply": false, "msg": message});
        format!("{}\n{command}\n", json!(opening))
    }

    async fn take_line(&mut self, line: &[u8], writer: &mut WriteHalf<'_>) -> Result<After, ServiceError> {
        self.recording
            .note(RecordedLine::Said(String::from_utf8_lossy(line).into_owned()));
        let command = Command::read(line).ok_or_else(|| super::error("the service sent what is no command"))?;
        match command.cmd.as_str() {
            "js.done" => return self.check_answered(),
            "js.idle" => return self.check_idle(),
            "js.error" => {
                let said = serde_json::from_value(Value::Object(command.params));
                let failure = said.unwrap_or_else(|_| Failure::new("the service failed and could not say why"));
                return Err(failure.into());
            }
            _ => {}
        }
        let answer = self.call(&command).await;
        self.answer(command, answer, writer).await.map(|()| After::GoOn)
    }

    async fn call(&mut self, command: &Command) -> Answer {
        let Some((name, inner)) = command.cmd.split_once('.') else {
            return Answer::Unknown;
        };
        match self.resources.iter().find(|resource| resource.name() == name) {
            Some(resource) => resource.call(inner, &command.params, self.context).await,
            None => Answer::Unknown,
        }
    }

    async fn answer(
        &mut self,
        command: Command,
        answer: Answer,
        writer: &mut WriteHalf<'_>,
    ) -> Result<(), ServiceError> {
        let reply = match answer {
            Answer::Reply(mut reply) => {
                reply.insert("success".into(), true.into());
                reply
            }
            Answer::Refused(reason) => {
                if command.cmd.starts_with("outbound.reply_to") {
                    self.refused_answer = Some(format!("{} was refused: {reason}", command.cmd));
                }
                Object::from_iter([("success".into(), false.into()), ("reason".into(), reason.into())])
            }
            Answer::Later(work) => {
                self.later.spawn(async move { (command, work.await) });
                return Ok(());
            }
            Answer::Unknown => {
                let problem = format!("unknown command: {}", command.cmd);
                self.context.log("error", problem.clone());
                return Err(super::error(&problem));
            }
        };
        let (at, line) = (self.context.now(), command.reply(reply));
        // A step that is gone by now is noticed where its next line is read.
        let _ = writer.write_all(format!("{} {line}\n", at.micros()).as_bytes()).await;
        self.recording.note(RecordedLine::Told(at, line));
        Ok(())
    }

    async fn finish_later(
        &mut self,
        finished: Result<(Command, Finish), tokio::task::JoinError>,
        writer: &mut WriteHalf<'_>,
    ) {
        if let Ok((command, finish)) = finished {
            let answer = finish(self.context);
            let _ = self.answer(command, answer, writer).await;
        }
    }

    /// What the script asked for before it was done still happens.
    async fn finish_all(&mut self, writer: &mut WriteHalf<'_>) {
        while let Some(finished) = self.later.join_next().await {
            self.finish_later(finished, writer).await;
        }
    }

    /// Somebody waits within a session, and the only answer was refused: nobody would learn why none comes.
    fn check_answered(&mut self) -> Result<After, ServiceError> {
        match self.refused_answer.take() {
            Some(refused) if self.context.has_session() && self.context.outcome.replies.is_empty() => {
                Err(super::error(&refused))
            }
            _ => Ok(After::End),
        }
    }

    /// A script that stops without a word is at fault only if somebody waits for its answer.
    fn check_idle(&self) -> Result<After, ServiceError> {
        let outcome = &self.context.outcome;
        let has_answered = !outcome.replies.is_empty() || !outcome.sends.is_empty();
        if has_answered || matches!(self.step.input, StepInput::Event(_)) {
            return Ok(After::End);
        }
        Err(super::error("the script stopped without calling api.done()"))
    }

    async fn ended(&self, death: DeathNote) -> ServiceError {
        super::error(&death::of_step(death.read().await, self.step))
    }
}

impl Command {
    fn read(line: &[u8]) -> Option<Self> {
        let mut params: Object = serde_json::from_slice(line).ok()?;
        let Some(Value::String(cmd)) = params.remove("cmd") else {
            return None;
        };
        let cmd_id = params.remove("cmd_id").unwrap_or_default();
        params.remove("reply");
        Some(Self { cmd, cmd_id, params })
    }

    fn reply(self, mut reply: Object) -> String {
        reply.insert("cmd".into(), self.cmd.into());
        reply.insert("cmd_id".into(), self.cmd_id);
        reply.insert("reply".into(), true.into());
        Value::Object(reply).to_string()
    }
}

/// How code begins to run now.
pub fn beginning(at: Timestamp, seed: Option<Seed>) -> Result<Beginning, ServiceError> {
    let seed = seed.map_or_else(Seed::random, Ok);
    let seed = seed.map_err(|error| super::error(&format!("no random numbers: {error}")))?;
    Ok(Beginning { at, seed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{self, ContextLimits};
    use ngoma_engine::SystemClock;
    use ngoma_engine::ports::AccountPorts;
    use ngoma_engine::service::{HttpPort, HttpRequest, HttpResponse, KvReader, PortError, Ports};
    use std::sync::Arc;
    use std::time::Duration;

    struct Nothing;

    #[async_trait::async_trait]
    impl KvReader for Nothing {
        async fn get(&self, _key: &str) -> Result<Option<Value>, PortError> {
            Ok(None)
        }

        async fn count(&self) -> Result<u64, PortError> {
            Ok(0)
        }
    }

    #[async_trait::async_trait]
    impl HttpPort for Nothing {
        async fn call(&self, _request: HttpRequest) -> Result<HttpResponse, PortError> {
            Err(PortError("nobody answers".into()))
        }
    }

    /// A process that sends these bytes and is gone: the step ends with this error, or without one.
    async fn check(sent: &[u8], expected: Result<(), &str>) {
        let (mut socket, mut process) = UnixStream::pair().unwrap();
        process.write_all(sent).await.unwrap();
        process.shutdown().await.unwrap();
        let ports = Ports {
            kv: Arc::new(Nothing),
            http: Arc::new(Nothing),
            config: Arc::default(),
            http_allow: None,
            account: AccountPorts::simulated(),
            clock: Arc::new(SystemClock),
            seed: None,
        };
        let input = StepInput::Message(json!({"message_id": "m1"}));
        let wall_limit = Duration::from_secs(1);
        let step = Step { input, wall_limit };
        let limits = ContextLimits { keys: 1 };
        let mut context = StepContext::new(ports, &step.input, limits);
        let resources = resources::all();
        let conversation = Conversation::new(&step, &mut context, &resources, None).unwrap();
        let talk = conversation.talk(&mut socket, DeathNote::never());
        let result = talk.await.map_err(|error| error.message);
        assert_eq!(
            result,
            expected.map_err(str::to_owned),
            "{}",
            String::from_utf8_lossy(sent)
        );
    }

    #[tokio::test]
    async fn a_broken_process_can_say_anything() {
        let no_command = Err("the service sent what is no command");
        check(b"\xff\xfe\n", no_command).await;
        check(b"\n", no_command).await;
        check(b"[1, 2]\n", no_command).await;
        check(b"{\"cmd\": 5}\n", no_command).await;
        check(b"{\"cmd\": \"kv\"}\n", Err("unknown command: kv")).await;
        check(
            b"{\"cmd\": \"js.error\", \"message\": [], \"line\": -1}\n",
            Err("the service failed and could not say why"),
        )
        .await;
        check(
            b"{\"cmd\": \"kv.get\", \"cmd_id\": {\"a\": 1}, \"key\": []}\n{\"cmd\": \"js.done\"}\n",
            Ok(()),
        )
        .await;
        check(b"{\"cmd\": \"js.done\"", Err("the service's process ended early")).await;
        check(b"", Err("the service's process ended early")).await;
    }
}
