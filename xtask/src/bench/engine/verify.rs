//! What was answered for is stored: a bench that measures refusals is worse than none.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::load::Driver;
use crate::bench::progress;
use crate::bench::report::Figure;
use crate::http::Connection;
use crate::load::submit::{PATH, Taken, texts::Text};

/// Reads a sample of the messages back by their ids, and counts all of them in the database.
pub fn verify(driver: &Driver<'_>, name: &str) -> Result<Figure> {
    progress(&format!("{name}: reading back"));
    let sample = driver.take_sample();
    let server = driver.server();
    let mut connection = Connection::open(server.address)?.with_token(&server.token);
    for taken in &sample {
        let answer = connection.get(&format!("{PATH}/{}", taken.id))?;
        ensure!(
            answer.status == 200,
            "message {} is not there: {}",
            taken.id,
            answer.body
        );
        check(taken, &answer.body)?;
    }
    for table in ["message", "work"] {
        let held = server.number(&format!("SELECT count(*) FROM {table}"))?;
        let accepted = driver.accepted();
        ensure!(
            held == accepted,
            "{accepted} messages were answered for, table {table} holds {held}"
        );
    }
    Ok(Figure::new(format!("{name}_read_back"), sample.len() as f64, ""))
}

#[derive(Deserialize)]
struct Shown {
    id: String,
    status: String,
    #[serde(flatten)]
    text: Text,
}

/// Checks that the API shows a message as it was handed over, and that it waits.
fn check(taken: &Taken, body: &str) -> Result<()> {
    let shown: Shown = serde_json::from_str(body).context("a message is not shown as expected")?;
    let is_same = shown.id == taken.id && shown.text == taken.text && shown.status == "queued";
    ensure!(is_same, "{taken:?} was handed over, but {body} is shown");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::submit::texts::text;

    #[test]
    fn a_message_must_be_shown_as_it_was_handed_over() {
        let taken = Taken {
            id: "a".to_owned(),
            text: text(1),
        };
        let shown = |id: &str, status: &str, to: &str| {
            let content = &taken.text.content;
            let shown = serde_json::json!({ "id": id, "status": status, "to": to, "content": content });
            check(&taken, &shown.to_string()).is_ok()
        };
        assert!(shown("a", "queued", &taken.text.to));
        assert!(!shown("b", "queued", &taken.text.to));
        assert!(!shown("a", "sent", &taken.text.to));
        assert!(!shown("a", "queued", "+27"));
        assert!(check(&taken, "{}").is_err());
    }
}
