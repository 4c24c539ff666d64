//! What is done for a command, by the running `serve` or by the command itself where none runs.

use super::{Answer, Request, opt_outs, services};
use anyhow::{Context, Result, ensure};
use ngoma_engine::engine::QueueDepth;
use ngoma_engine::{DeadLetterKind, DeadLetterRecord, Engine};

/// How much of what was given up is listed.
const MOST_LETTERS: usize = 1000;

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
        Request::ListDead { account } => list_dead(engine, &account).await,
        Request::ReplayDead { account, kind } => replay_dead(engine, &account, &kind).await,
        Request::ListOptOuts { account, after } => opt_outs::list(engine, &account, after.as_deref()).await,
        Request::OptOut { account, address } => opt_outs::add(engine, &account, &address).await,
        Request::OptIn { account, address } => opt_outs::remove(engine, &account, &address).await,
        Request::Service {
            account,
            service,
            asked,
        } => services::answer(engine, &account, &service, asked).await,
        Request::Steps { account, message } => services::steps(engine, &account, &message).await,
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

async fn list_dead(engine: &Engine, account: &str) -> Result<Answer> {
    check_account(engine, account)?;
    let letters = engine.dead_letters(account, MOST_LETTERS).await?;
    if letters.is_empty() {
        return Ok(Answer::Text(format!("nothing of account {account} was given up")));
    }
    let line = |letter: &DeadLetterRecord| {
        format!(
            "{} {:<8} {} after {} attempts: {}",
            letter.at,
            letter.kind.as_str(),
            letter.message,
            letter.attempts,
            letter.reason
        )
    };
    let lines: Vec<String> = letters.iter().map(line).collect();
    Ok(Answer::Text(lines.join("\n")))
}

async fn replay_dead(engine: &Engine, account: &str, kind: &str) -> Result<Answer> {
    check_account(engine, account)?;
    let kind = DeadLetterKind::parse(kind)
        .with_context(|| format!("{kind:?} is no kind: expected inbound, outbound, event or webhook"))?;
    let count = engine.replay_dead_letters(account, kind).await?;
    Ok(Answer::Text(format!("{count} pieces of work are tried again")))
}

/// Says so when there is no such account.
pub(super) fn check_account(engine: &Engine, account: &str) -> Result<()> {
    let known = engine.directory().accounts.contains_key(account);
    ensure!(known, "there is no account {account}; declare it with `ngoma apply`");
    Ok(())
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
