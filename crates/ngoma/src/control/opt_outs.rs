//! What `ngoma optout` asks.

use super::Answer;
use super::answer::check_account;
use anyhow::{Result, ensure};
use ngoma_engine::{Engine, OptOutRecord};
use ngoma_message::Address;

/// How many people are listed at once.
const MOST_LISTED: usize = 10_000;

/// Lists who opted out, behind an address if one is given.
pub(super) async fn list(engine: &Engine, account: &str, after: Option<&str>) -> Result<Answer> {
    check_account(engine, account)?;
    let after = after.map(person).transpose()?;
    let people = engine.opt_outs(account, after.as_ref(), MOST_LISTED).await?;
    let line = |person: &OptOutRecord| {
        let by = person.message.as_ref().map(|message| format!(" by message {message}"));
        format!("{} since {}{}", person.address, person.at, by.unwrap_or_default())
    };
    let mut lines: Vec<String> = people.iter().map(line).collect();
    match people.last() {
        None => lines.push(format!("nobody has opted out of account {account}")),
        Some(last) if people.len() == MOST_LISTED => {
            lines.push(format!("there may be more: --after {}", last.address));
        }
        Some(_) => {}
    }
    Ok(Answer::Text(lines.join("\n")))
}

/// Notes that a person opted out.
pub(super) async fn add(engine: &Engine, account: &str, address: &str) -> Result<Answer> {
    check_account(engine, account)?;
    let person = person(address)?;
    engine.opt_out(account, &person).await?;
    Ok(Answer::Text(format!("{person} gets no messages of account {account}")))
}

/// Notes that a person opted in again.
pub(super) async fn remove(engine: &Engine, account: &str, address: &str) -> Result<Answer> {
    check_account(engine, account)?;
    let person = person(address)?;
    engine.opt_in(account, &person).await?;
    Ok(Answer::Text(format!(
        "{person} gets messages of account {account} again"
    )))
}

/// A person's address. A number without its country is nobody's: no channel says here whose it is.
pub(super) fn person(text: &str) -> Result<Address> {
    let address = Address::parse(text);
    let is_whole = address.scheme() != "tel" || address.value().starts_with('+');
    ensure!(
        is_whole && !address.value().is_empty(),
        "{text:?} is no person's address: write a number as +27831234567, or another network's address as telegram:123"
    );
    Ok(address)
}
