//! A modest service beside one that eats all it may.

use crate::ground::{Ground, at};
use ngoma_message::Object;
use ngoma_sandbox::bundle;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many steps of the greedy service there always are: as many as one service may run at once.
const GREEDY: usize = 32;
/// How many people a second use the modest one.
const RATE: u64 = 100;

const MODEST: &str = "api.on_inbound_message = function (command) {
    api.request('outbound.reply_to', {content: 'fine', in_reply_to: command.msg.message_id}, function () { api.done(); });
};";

/// The modest service's times alone, then beside the greedy one.
pub async fn measure(worker: &str, seconds: u64) -> Result<Value, Box<dyn Error>> {
    let modest = Arc::new(load(worker, MODEST).await?);
    watch(&modest, 1).await?;
    let alone = watch(&modest, seconds).await?;
    let greedy = Arc::new(load(worker, "api.on_inbound_message = () => { for (;;) {} };").await?);
    let mut eaters = tokio::task::JoinSet::new();
    for _ in 0..GREEDY {
        let greedy = Arc::clone(&greedy);
        eaters.spawn(async move {
            loop {
                greedy.step("+1", "new", None).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let beside = watch(&modest, seconds).await?;
    eaters.abort_all();
    Ok(json!({
        "alone_p50_ms": at(&alone, 0.5), "alone_p99_ms": at(&alone, 0.99),
        "beside_p50_ms": at(&beside, 0.5), "beside_p99_ms": at(&beside, 0.99),
        "messages": beside.len(),
    }))
}

async fn load(worker: &str, source: &str) -> Result<Ground, Box<dyn Error>> {
    let files = BTreeMap::from([("main.js".to_owned(), source.as_bytes().to_vec())]);
    Ok(Ground::load(worker, bundle::bundle("main.js".into(), files), Object::new()).await?)
}

/// Messages at their rate, whatever became of those before; each time from when it was due.
async fn watch(modest: &Arc<Ground>, seconds: u64) -> Result<Vec<Duration>, Box<dyn Error>> {
    let begun = Instant::now();
    let mut steps = tokio::task::JoinSet::new();
    for index in 0..RATE * seconds {
        let due = begun + Duration::from_micros(index * 1_000_000 / RATE);
        tokio::time::sleep_until(due.into()).await;
        let modest = Arc::clone(modest);
        steps.spawn(async move {
            let outcome = modest.step("+2", "new", None).await;
            match outcome.error {
                None => Ok(due.elapsed()),
                Some(error) => Err(error.to_string()),
            }
        });
    }
    let mut times = steps.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok(times)
}
