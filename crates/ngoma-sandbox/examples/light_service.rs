//! Measures a light service (`kv.get`, `kv.set`, `outbound.reply_to`): wall and processor time per message, and its idle
//! memory. Usage: `light_service WORKER [MESSAGES] [AT_ONCE]`; one JSON line comes out.

use async_trait::async_trait;
use ngoma_engine::SystemClock;
use ngoma_engine::service::{
    HttpPort, HttpRequest, HttpResponse, KvReader, PortError, Ports, ServiceKey, ServiceRunner, Step, StepInput,
};
use ngoma_sandbox::{Sandbox, SandboxOptions, bundle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SCRIPT: &str = "
api.on_inbound_message = function (command) {
    var msg = command.msg, key = 'users.' + msg.from_addr;
    api.request('kv.get', {key: key}, function (reply) {
        var user = reply.value || {turns: 0};
        user.turns += 1;
        api.request('kv.set', {key: key, value: user}, function () {
            var answer = {content: 'Turn ' + user.turns, in_reply_to: msg.message_id, continue_session: true};
            api.request('outbound.reply_to', answer, function () { api.done(); });
        });
    });
};";

struct Nothing;

#[async_trait]
impl KvReader for Nothing {
    async fn get(&self, _key: &str) -> Result<Option<Value>, PortError> {
        Ok(Some(json!({"turns": 3})))
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(1)
    }
}

#[async_trait]
impl HttpPort for Nothing {
    async fn call(&self, _request: HttpRequest) -> Result<HttpResponse, PortError> {
        Err(PortError("there is no outside".into()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("name the worker's program")?.into();
    let messages: u32 = arguments.next().map_or(Ok(5000), |number| number.parse())?;
    let at_once: u32 = arguments.next().map_or(Ok(1), |number| number.parse())?;
    let sandbox = Arc::new(Sandbox::new(SandboxOptions {
        program,
        ..SandboxOptions::default()
    })?);
    let files = BTreeMap::from([("main.js".to_owned(), SCRIPT.as_bytes().to_vec())]);
    sandbox
        .load(&key(), Arc::new(bundle::bundle("main.js".into(), files)))
        .await?;
    run(&sandbox, 200, at_once).await?;

    let worker = sandbox.worker_pid(&key()).await.unwrap_or_default();
    let before = processor_seconds(worker)?;
    let begun = Instant::now();
    let mut times = run(&sandbox, messages, at_once).await?;
    let wall = begun.elapsed();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let processor = processor_seconds(worker)? - before;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    let result = json!({
        "messages": messages, "at_once": at_once,
        "processor_ms_per_message": processor * 1000.0 / f64::from(messages),
        "messages_per_second": f64::from(messages) / wall.as_secs_f64(),
        "wall_ms": {"min": at(0.0), "median": at(0.5), "p99": at(0.99)},
        "idle_rss_kib": resident_kib(worker)?,
    });
    println!("{result}");
    Ok(())
}

async fn run(sandbox: &Arc<Sandbox>, messages: u32, at_once: u32) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let mut runners = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let sandbox = Arc::clone(sandbox);
        runners.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..messages / at_once {
                let begun = Instant::now();
                let outcome = sandbox.step(&key(), step(), ports()).await;
                assert!(outcome.error.is_none() && outcome.replies.len() == 1, "{outcome:?}");
                times.push(begun.elapsed());
            }
            times
        });
    }
    Ok(runners.join_all().await.concat())
}

fn key() -> ServiceKey {
    ServiceKey {
        account: "demo".into(),
        service: "light".into(),
    }
}

fn step() -> Step {
    let message = json!({
        "message_id": "0123456789abcdef0123456789abcdef", "from_addr": "+27831234567", "to_addr": "*120*8864#",
        "content": "1", "session_event": "resume", "transport_name": "ussd", "transport_type": "ussd",
        "transport_metadata": {}, "helper_metadata": {}, "routing_metadata": {}, "message_type": "user_message",
        "message_version": "20110921", "timestamp": "2026-11-24 08:00:00.000000", "in_reply_to": null, "group": null,
    });
    Step {
        input: StepInput::Message(message),
        wall_limit: Duration::from_secs(10),
    }
}

fn ports() -> Ports {
    Ports {
        kv: Arc::new(Nothing),
        http: Arc::new(Nothing),
        config: Arc::default(),
        http_allow: None,
        clock: Arc::new(SystemClock),
        seed: None,
    }
}

/// Processor time of this process, and of the worker with the steps it has collected.
fn processor_seconds(worker: u32) -> Result<f64, Box<dyn std::error::Error>> {
    // SAFETY: no preconditions.
    let ticks_per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let mut ticks = 0;
    for (process, fields) in [("self".to_owned(), 11..13), (worker.to_string(), 11..15)] {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, after_name) = stat.rsplit_once(") ").ok_or("no name in stat")?;
        let times: Vec<u64> = after_name.split(' ').map(|field| field.parse().unwrap_or(0)).collect();
        ticks += times[fields].iter().sum::<u64>();
    }
    Ok(ticks as f64 / ticks_per_second)
}

fn resident_kib(process: u32) -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).unwrap_or("0").parse()?)
}
