//! A phone that dials, answers three screens and gives way to the next person.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http::Answer;

/// The text a channel under load shows when its service is late; a turn that shows it is an error.
pub const FALLBACK: &str = "too late";

/// How many turns a session has: one `new` and three `resume`.
const TURNS: u32 = 4;

/// Hands out phones, each to another person, over and over through all persons.
pub struct Exchange {
    persons: u64,
    first: u64,
    handed_out: AtomicU64,
}

/// One session of one person.
pub struct Phone {
    number: String,
    session: String,
    turns: u32,
    /// How many messages of this person the service has counted, once it said so.
    counted: Option<u64>,
    is_closed: bool,
}

impl Exchange {
    /// Phones for so many persons, beginning with the one that comes after `first` others.
    pub fn new(persons: u64, first: u64) -> Exchange {
        Exchange {
            persons: persons.max(1),
            first,
            handed_out: AtomicU64::new(0),
        }
    }

    /// The next person's phone, with a session that nobody had before.
    pub fn next_phone(&self) -> Phone {
        let serial = self.first + self.handed_out.fetch_add(1, Ordering::Relaxed);
        let number = format!("+2782{:07}", serial % self.persons);
        Phone {
            number,
            session: format!("load-{serial}"),
            turns: 0,
            counted: None,
            is_closed: false,
        }
    }
}

impl Phone {
    /// The next turn, as a gateway posts it.
    pub fn request(&self, code: &str) -> String {
        let (event, content) = match self.turns {
            0 => ("new", Value::Null),
            turn => ("resume", Value::from(turn.to_string())),
        };
        json!({
            "session_id": self.session, "from": self.number, "to": code, "session_event": event, "content": content
        })
        .to_string()
    }

    /// Checks an answer and takes the turn as done.
    pub fn read(&mut self, answer: &Answer) -> Result<()> {
        ensure!(answer.status == 200, "status {}: {}", answer.status, answer.body);
        let screen: Value = serde_json::from_str(&answer.body).context("the answer is not JSON")?;
        let content = screen["content"].as_str().unwrap_or_default();
        let count = read_count(content).with_context(|| format!("no screen of the service's: {}", answer.body))?;
        let is_next = self.counted.is_none_or(|before| count == before + 1);
        ensure!(
            is_next,
            "the service counted {:?} before, now {count}: a write was lost or done twice",
            self.counted
        );
        let event = screen["session_event"].as_str().unwrap_or_default();
        ensure!(
            matches!(event, "resume" | "close"),
            "a session event {event:?}: {}",
            answer.body
        );
        ensure!(screen["message_id"].is_string(), "no message id: {}", answer.body);
        self.turns += 1;
        self.counted = Some(count);
        self.is_closed = event == "close";
        Ok(())
    }

    /// Whether the session is over.
    pub fn has_hung_up(&self) -> bool {
        self.is_closed || self.turns >= TURNS
    }
}

/// The count in a screen of the light service, such as `Message 7`.
fn read_count(screen: &str) -> Option<u64> {
    screen.strip_prefix("Message ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content: &str, event: &str) -> Answer {
        let body = json!({ "content": content, "session_event": event, "message_id": "m" }).to_string();
        Answer { status: 200, body }
    }

    #[test]
    fn a_session_is_one_new_turn_and_three_resumed() {
        let mut phone = Exchange::new(10, 0).next_phone();
        let mut events = Vec::new();
        for count in 7.. {
            if phone.has_hung_up() {
                break;
            }
            let request: Value = serde_json::from_str(&phone.request("*1#")).unwrap();
            events.push(request["session_event"].as_str().unwrap().to_owned());
            phone.read(&answer(&format!("Message {count}"), "resume")).unwrap();
        }
        assert_eq!(events, ["new", "resume", "resume", "resume"]);
    }

    #[test]
    fn a_closed_session_ends_early() {
        let mut phone = Exchange::new(10, 0).next_phone();
        phone.read(&answer("Message 1", "close")).unwrap();
        assert!(phone.has_hung_up());
    }

    #[test]
    fn persons_come_again_with_new_sessions() {
        let exchange = Exchange::new(2, 5);
        let phones: Vec<Phone> = (0..3).map(|_| exchange.next_phone()).collect();
        assert_eq!(phones[0].number, phones[2].number);
        assert_ne!(phones[0].number, phones[1].number);
        assert_ne!(phones[0].session, phones[2].session);
    }

    #[test]
    fn a_service_that_forgets_or_repeats_is_caught() {
        let check = |second, is_right| {
            let mut phone = Exchange::new(1, 0).next_phone();
            phone.read(&answer("Message 7", "resume")).unwrap();
            assert_eq!(phone.read(&answer(second, "resume")).is_ok(), is_right, "{second}");
        };
        check("Message 8", true);
        check("Message 7", false);
        check("Message 9", false);
    }

    #[test]
    fn only_a_screen_of_the_service_is_right() {
        let check = |answer: Answer, is_right| {
            let mut phone = Exchange::new(1, 0).next_phone();
            assert_eq!(phone.read(&answer).is_ok(), is_right, "{answer:?}");
        };
        check(answer("Message 1", "resume"), true);
        check(answer("", "resume"), false);
        check(answer("Message one", "resume"), false);
        check(answer(FALLBACK, "close"), false);
        check(answer("Message 1", "new"), false);
        check(
            Answer {
                status: 500,
                ..answer("Message 1", "resume")
            },
            false,
        );
        check(
            Answer {
                status: 200,
                body: "Message 1".to_owned(),
            },
            false,
        );
    }
}
