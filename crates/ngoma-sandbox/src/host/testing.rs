//! A run of an author's tests, led from the host.

use super::conversation::beginning;
use super::death;
use super::lines::{Lines, NoLine};
use super::source::Source;
use super::worker::{BegunStep, DeathNote, Worker};
use super::{Sandbox, error};
use crate::frames::{ClockMode, Failure, Opening, Scene, TESTS_MAIN};
use crate::limits::{self, Profile};
use crate::testing::{TestError, TestEvent, TestOptions, TestOutcome, TestReport, TestResult};
use ngoma_engine::service::{Bundle, ServiceError};
use ngoma_message::{Object, Timestamp};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::WriteHalf;

/// Why a request of code under test fails.
const NO_RESOURCES: &str = "tests have no resources: give the code an api of the test's own";

impl Sandbox {
    /// Runs test files, in this order, in a worker of their own. The bundle holds them beside the code they test; its main
    /// file is not run unless a test requires it. A file listed may also be plain code that the tests rely on.
    pub async fn run_tests(
        &self,
        bundle: &Bundle,
        files: &[String],
        options: &TestOptions,
        on_event: impl FnMut(&TestEvent) + Send,
    ) -> TestReport {
        let began = Instant::now();
        let mut run = Run {
            options,
            on_event,
            report: TestReport::default(),
            current: None,
            collected: String::new(),
        };
        if let Err(problem) = self.lead_tests(bundle, files, &mut run).await {
            run.break_off(problem.into());
        }
        let mut report = run.report;
        report.collected = serde_json::from_str(&run.collected).ok();
        report.duration = began.elapsed();
        report
    }

    async fn lead_tests<F: FnMut(&TestEvent) + Send>(
        &self,
        bundle: &Bundle,
        files: &[String],
        run: &mut Run<'_, F>,
    ) -> Result<(), ServiceError> {
        let mut bundle = bundle.clone();
        bundle.main = TESTS_MAIN.to_owned();
        let source = Source::of_tests(bundle);
        let worker = Worker::start(&self.spawner, &source, self.options.load_limit, || {}).await?;
        let begun = worker.begin_step().await;
        let begun = begun.map_err(|failed| error(&format!("the tests' worker could not be reached: {failed}")))?;
        let longest = run.options.whole_limit + limits::WALL_GRACE + limits::HOST_GRACE;
        let led = tokio::time::timeout(longest, run.lead(begun, files)).await;
        led.unwrap_or_else(|_| Err(error(&limits::wall_time_spent(run.options.whole_limit))))
    }
}

/// A run of tests as far as it has come.
struct Run<'a, F> {
    options: &'a TestOptions,
    on_event: F,
    report: TestReport,
    /// The test that runs now.
    current: Option<Vec<String>>,
    /// The JSON of the value that is handed over at the end, as far as it came.
    collected: String,
}

impl<F: FnMut(&TestEvent) + Send> Run<'_, F> {
    async fn lead(&mut self, begun: BegunStep, files: &[String]) -> Result<(), ServiceError> {
        let BegunStep { mut socket, death, .. } = begun;
        let (reader, mut writer) = socket.split();
        let mut lines = Lines::new(reader, Profile::Tests.limits().host_read_bytes);
        if writer.write_all(self.opening(files)?.as_bytes()).await.is_err() {
            return Err(self.ended(death).await);
        }
        loop {
            match lines.next().await {
                Ok(Some(line)) => {
                    if self.take_line(&line, &mut writer).await? {
                        return Ok(());
                    }
                }
                Ok(None) | Err(NoLine::Failed(_)) => return Err(self.ended(death).await),
                Err(too_much @ NoLine::TooMuch) => return Err(error(&too_much.to_string())),
            }
        }
    }

    /// The first two lines: how the step runs, and which tests.
    fn opening(&self, files: &[String]) -> Result<String, ServiceError> {
        let beginning = beginning(Timestamp::now(), None)?;
        let opening = Opening {
            wall_ms: milliseconds(self.options.whole_limit),
            scene: Scene::new(&beginning, ClockMode::Real),
        };
        let command = json!({
            "cmd": "run-tests",
            "files": files,
            "test_limit_ms": milliseconds(self.options.test_limit),
            "only": self.options.only,
            "collect": self.options.collect,
        });
        Ok(format!("{}\n{command}\n", json!(opening)))
    }

    /// Takes what the worker says; true at the end.
    async fn take_line(&mut self, line: &[u8], writer: &mut WriteHalf<'_>) -> Result<bool, ServiceError> {
        let no_command = || error("the tests sent what is no command");
        let mut said: Object = serde_json::from_slice(line).map_err(|_| no_command())?;
        let cmd = said.remove("cmd").unwrap_or_default();
        match cmd.as_str().unwrap_or_default() {
            "test.began" => {
                let title = serde_json::from_value(said.remove("title").unwrap_or_default());
                self.begin(title.map_err(|_| no_command())?);
            }
            "test.ended" => {
                let result = serde_json::from_value(Value::Object(said));
                self.end(result.map_err(|_| no_command())?);
            }
            "test.collected" => self.collected += said["part"].as_str().unwrap_or_default(),
            "js.done" => return Ok(true),
            "js.idle" => return Err(error("the tests wait for what never comes")),
            "js.error" => {
                let failure = serde_json::from_value(Value::Object(said));
                return Err(failure.unwrap_or_else(|_| Failure::new("the tests failed")).into());
            }
            cmd => self.refuse(cmd, said, writer).await,
        }
        Ok(false)
    }

    fn begin(&mut self, title: Vec<String>) {
        self.current = Some(title.clone());
        (self.on_event)(&TestEvent::Began { title });
    }

    fn end(&mut self, result: TestResult) {
        self.current = None;
        (self.on_event)(&TestEvent::Ended(result.clone()));
        self.report.results.push(result);
    }

    /// Code under test that writes to its log is heard; whatever else it asks for it does not get.
    async fn refuse(&mut self, cmd: &str, said: Object, writer: &mut WriteHalf<'_>) {
        let log = cmd.strip_prefix("log.");
        if let Some(level) = log {
            let text = said.get("msg").and_then(Value::as_str).unwrap_or_default();
            (self.on_event)(&TestEvent::Said {
                level: level.to_owned(),
                text: text.to_owned(),
            });
        }
        let cmd_id = said.get("cmd_id");
        let reply = match log {
            Some(_) => json!({"cmd": cmd, "cmd_id": cmd_id, "reply": true, "success": true}),
            None => json!({"cmd": cmd, "cmd_id": cmd_id, "reply": true, "success": false, "reason": NO_RESOURCES}),
        };
        let at_us = Timestamp::now().micros();
        // A run that is gone by now is noticed where its next line is read.
        let _ = writer.write_all(format!("{at_us} {reply}\n").as_bytes()).await;
    }

    /// Notes why the run did not come to its end. The test that ran has failed.
    fn break_off(&mut self, problem: TestError) {
        if let Some(title) = self.current.take() {
            self.end(TestResult {
                title,
                outcome: TestOutcome::Failed,
                error: Some(problem.clone()),
                duration_ms: 0.0,
            });
        }
        self.report.problem = Some(problem);
    }

    async fn ended(&self, death: DeathNote) -> ServiceError {
        let words = death::of_run(death.read().await, Profile::Tests, self.options.whole_limit);
        error(&words)
    }
}

impl From<ServiceError> for TestError {
    fn from(error: ServiceError) -> Self {
        Self {
            message: error.message,
            file: error.file,
            line: error.line,
            column: error.column,
            ..Self::default()
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
