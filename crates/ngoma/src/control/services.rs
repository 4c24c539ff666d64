//! What `ngoma service` asks of a service that runs.

use super::answer::check_account;
use super::opt_outs::person;
use super::{Answer, ServiceRequest};
use anyhow::{Context, Result, ensure};
use ngoma_engine::service::{Bundle, LogLine};
use ngoma_engine::{Engine, VersionRecord};
use ngoma_message::{MessageId, Timestamp};
use serde_json::json;

/// Does what is asked of a service.
pub(super) async fn answer(engine: &Engine, account: &str, service: &str, asked: ServiceRequest) -> Result<Answer> {
    check_account(engine, account)?;
    match asked {
        ServiceRequest::Deploy { bundle, note } => {
            let bundle = Bundle::try_from(*bundle)?;
            let before = present_version(engine, account, service);
            let version = engine.deploy(account, service, bundle, note).await?;
            let same = if before == Some(version) {
                " already: it is the same code"
            } else {
                ""
            };
            Ok(Answer::Text(format!(
                "{account}/{service} is at version {version}{same}"
            )))
        }
        ServiceRequest::Versions => versions(engine, account, service).await,
        ServiceRequest::RollBack { to } => {
            let (from, version) = engine.roll_back(account, service, to).await?;
            Ok(Answer::Text(format!(
                "{account}/{service} is at version {version}, with the code of version {from}"
            )))
        }
        ServiceRequest::HandBack { address } => hand_back(engine, account, service, &address).await,
        ServiceRequest::Logs { lines, is_following } => {
            let logged = engine.service_log(account, service, MOST_LINES).await?;
            let logged: Vec<_> = logged.into_iter().filter(|(_, line)| !is_noise(line)).collect();
            let logged = &logged[logged.len().saturating_sub(lines)..];
            if logged.is_empty() && !is_following {
                check_service(engine, account, service)?;
                return Ok(Answer::Text(format!("service {account}/{service} has logged nothing")));
            }
            check_service(engine, account, service)?;
            let lines: Vec<String> = logged.iter().map(log_line).collect();
            Ok(Answer::Text(lines.join("\n")))
        }
    }
}

async fn hand_back(engine: &Engine, account: &str, service: &str, address: &str) -> Result<Answer> {
    let person = person(address)?;
    let given = engine.hand_back(account, service, &person).await?;
    let given = given.with_context(|| missing(account, service))?;
    Ok(Answer::Text(match given {
        0 => format!("{account}/{service} was handed no messages of {person}"),
        1 => format!("{person} is handed back on 1 channel"),
        channels => format!("{person} is handed back on {channels} channels"),
    }))
}

/// Tells the recorded steps that were about a message.
pub(super) async fn steps(engine: &Engine, account: &str, message: &str) -> Result<Answer> {
    check_account(engine, account)?;
    let records = engine.step_records(account, &MessageId::from(message)).await?;
    if records.is_empty() {
        return Ok(Answer::Refused(format!(
            "no step about message {message} of account {account} is kept"
        )));
    }
    let told: Vec<String> = records
        .iter()
        .map(|record| {
            let step = json!({
                "at": record.at.to_string(),
                "service": record.service,
                "version": record.version,
                "step": record.body,
            });
            format!("{step:#}")
        })
        .collect();
    Ok(Answer::Text(told.join("\n")))
}

/// How many lines a service's log holds.
const MOST_LINES: usize = 1000;

/// What each step says at its end, as Vumi's did.
fn is_noise(line: &LogLine) -> bool {
    line.level == "info" && line.message == "Done."
}

fn log_line((at, line): &(Timestamp, LogLine)) -> String {
    format!("{at} {:<8} {}", line.level, line.message.replace('\n', "\n    "))
}

fn present_version(engine: &Engine, account: &str, service: &str) -> Option<i64> {
    let directory = engine.directory();
    Some(directory.accounts.get(account)?.services.get(service)?.version)
}

fn check_service(engine: &Engine, account: &str, service: &str) -> Result<()> {
    let directory = engine.directory();
    let known = directory
        .accounts
        .get(account)
        .is_some_and(|held| held.services.contains_key(service));
    ensure!(known, missing(account, service));
    Ok(())
}

fn missing(account: &str, service: &str) -> String {
    format!("there is no service {account}/{service}; declare it with `ngoma apply`")
}

async fn versions(engine: &Engine, account: &str, service: &str) -> Result<Answer> {
    let versions = engine.versions(account, service).await?;
    let versions = versions.with_context(|| missing(account, service))?;
    Ok(Answer::Text(version_table(&versions)))
}

/// The versions as a table, the present one marked.
fn version_table(versions: &[VersionRecord]) -> String {
    let mut lines = vec![format!(
        "{:>7}  {:<27}  {:<12}  {:>13}  {}",
        "version", "deployed", "code", "open sessions", "note"
    )];
    for (position, version) in versions.iter().enumerate() {
        let mark = if position == 0 { "*" } else { " " };
        let at = match version.at.micros() {
            0 => "before versions were kept".to_owned(),
            _ => version.at.to_string(),
        };
        let hash = version.hash.get(..12).unwrap_or(&version.hash);
        let note = version.note.as_deref().unwrap_or_default();
        let line = format!(
            "{mark}{:>6}  {at:<27}  {hash:<12}  {:>13}  {note}",
            version.version, version.open_sessions
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_a_table_with_the_present_one_marked() {
        let version = |version, at, note: Option<&str>| VersionRecord {
            version,
            hash: "0123456789abcdef".into(),
            at: Timestamp::from_micros(at),
            note: note.map(str::to_owned),
            open_sessions: version,
        };
        let table = version_table(&[version(12, 1_763_886_600_000_000, Some("menus")), version(1, 0, None)]);
        insta::assert_snapshot!(table, @r"
        version  deployed                     code          open sessions  note
        *    12  2025-11-23T08:30:00.000000Z  0123456789ab             12  menus
              1  before versions were kept    0123456789ab              1
        ");
    }
}
