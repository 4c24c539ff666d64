//! What a message costs, host, worker and step together.

use crate::ground::{Ground, at};
use ngoma_message::Object;
use ngoma_sandbox::bundle;
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Dialogues run before anything is measured.
const WARM_UP: u64 = 20;

/// One message of a dialogue: its session event and text.
type Turn = (String, Option<String>);

pub async fn measure(
    worker: &str,
    folder: &str,
    dialogue: &str,
    messages: u64,
    at_once: u64,
) -> Result<Value, Box<dyn Error>> {
    let turns: Vec<Turn> = serde_json::from_str(dialogue)?;
    let ground = Arc::new(Ground::load(worker, bundle::read(Path::new(folder))?, config(folder)?).await?);
    let next = Arc::new(AtomicU64::new(0));
    run(&ground, &turns, &next, WARM_UP, 1).await?;
    let pid = ground.worker().await;
    let memory = (memory_kib(pid, "Pss:")?, memory_kib(pid, "Rss:")?);
    let before = processor_seconds(pid)?;
    let begun = Instant::now();
    let dialogues = messages.div_ceil(turns.len() as u64);
    let mut times = run(&ground, &turns, &next, dialogues, at_once).await?;
    let wall = begun.elapsed();
    // What the worker has buried is in its account.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let processor = processor_seconds(pid)? - before;
    times.sort_unstable();
    Ok(json!({
        "messages": times.len(),
        "processor_ms": processor * 1000.0 / times.len() as f64,
        "per_second": times.len() as f64 / wall.as_secs_f64(),
        "p50_ms": at(&times, 0.5),
        "p99_ms": at(&times, 0.99),
        "idle_pss_kib": memory.0,
        "idle_rss_kib": memory.1,
    }))
}

/// The service's settings: the file `config.json` of its folder, if there is one.
fn config(folder: &str) -> Result<Object, Box<dyn Error>> {
    match std::fs::read(Path::new(folder).join("config.json")) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(_) => Ok(Object::new()),
    }
}

async fn run(
    ground: &Arc<Ground>,
    turns: &[Turn],
    next: &Arc<AtomicU64>,
    dialogues: u64,
    at_once: u64,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut runners = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (ground, turns, next) = (Arc::clone(ground), turns.to_vec(), Arc::clone(next));
        let share = dialogues.div_ceil(at_once);
        runners.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..share {
                let person = format!("+2783{:07}", next.fetch_add(1, Ordering::Relaxed));
                for (event, content) in &turns {
                    let begun = Instant::now();
                    let outcome = ground.step(&person, event, content.as_deref()).await;
                    if outcome.error.is_some() || outcome.replies.len() != 1 {
                        return Err(format!("{event} {content:?}: {outcome:?}"));
                    }
                    times.push(begun.elapsed());
                }
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    for ran in runners.join_all().await {
        times.extend(ran?);
    }
    Ok(times)
}

/// Processor time of this process, and of the worker with the steps it has buried.
fn processor_seconds(worker: u32) -> Result<f64, Box<dyn Error>> {
    // SAFETY: no preconditions.
    let ticks_per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let mut ticks = 0;
    // proc(5): utime and stime, then those of children that were waited for.
    for (process, fields) in [("self".to_owned(), 11..13), (worker.to_string(), 11..15)] {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, after_name) = stat.rsplit_once(") ").ok_or("no name in stat")?;
        let times: Vec<u64> = after_name.split(' ').map(|field| field.parse().unwrap_or(0)).collect();
        ticks += times[fields].iter().sum::<u64>();
    }
    Ok(ticks as f64 / ticks_per_second)
}

fn memory_kib(process: u32, name: &str) -> Result<u64, Box<dyn Error>> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = rollup.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(value.ok_or("no such line in smaps_rollup")?.parse()?)
}
