//! What is done for a command, by the running `serve` or by the command itself where none runs.

use super::{Answer, Request};
use anyhow::{Context, Result};
use ngoma_engine::Engine;
use ngoma_engine::engine::QueueDepth;

/// Does what a command asks; `base_url` is where this server listens.
pub async fn answer(engine: &Engine, request: Request, base_url: &str) -> Answer {
    let done = match request {
        Request::Apply(declaration) => apply(engine, *declaration, base_url).await,
        Request::CreateToken { account, label } => create_token(engine, &account, &label).await,
        Request::QueueDepth => engine
            .queue_depths()
            .await
            .map(|depths| Answer::Text(depth_table(&depths)))
            .map_err(Into::into),
        Request::RebuildQueue => engine
            .rebuild_queue()
            .await
            .map(|count| Answer::Text(format!("{count} pieces of work are handed to the broker again")))
            .map_err(Into::into),
    };
    done.unwrap_or_else(|error| Answer::Refused(format!("{error:#}")))
}

async fn apply(engine: &Engine, declaration: crate::declare::Declaration, base_url: &str) -> Result<Answer> {
    let document = declaration.into_document(base_url)?;
    let report = engine.apply(document).await.context("nothing was applied")?;
    Ok(Answer::Applied(report))
}

async fn create_token(engine: &Engine, account: &str, label: &str) -> Result<Answer> {
    Ok(match engine.create_token(account, label).await? {
        Some(token) => Answer::Token(token),
        None => Answer::Refused(format!("there is no account {account}; declare it with `ngoma apply`")),
    })
}

/// The depths as a table; one line a channel and way.
fn depth_table(depths: &[QueueDepth]) -> String {
    let mut lines = vec![format!(
        "{:<32} {:<9} {:>9} {:>9} {:>9} {:>9}  {}",
        "channel", "way", "ready", "delayed", "under way", "given up", "oldest ready since"
    )];
    for depth in depths {
        let oldest = depth.oldest.map_or("-".to_owned(), |oldest| oldest.to_string());
        lines.push(format!(
            "{:<32} {:<9} {:>9} {:>9} {:>9} {:>9}  {oldest}",
            depth.channel, depth.kind, depth.ready, depth.delayed, depth.leased, depth.dead
        ));
    }
    if depths.is_empty() {
        lines.push("there is no channel".to_owned());
    }
    lines.join("\n")
}
