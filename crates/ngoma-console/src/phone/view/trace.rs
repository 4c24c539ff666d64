//! The trace of one turn: every step a message and its answers took, with its time.

use super::sms::is_sms;
use crate::phone::handset::Handset;
use crate::words::{duration, shortened, visible};
use ngoma_engine::{Direction, MessageRecord, TraceLine};
use ngoma_message::{SessionEvent, Timestamp};
use serde::Serialize;

/// The steps of a message and its answers, oldest first.
#[derive(Debug, Serialize)]
pub struct Trace {
    /// What was done: `You dialled`, `You replied 1`.
    title: String,
    message: String,
    channel: String,
    service: Option<String>,
    answers: usize,
    /// From the first step to the last.
    total: String,
    steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Serialize)]
struct Step {
    name: String,
    detail: String,
    at: String,
    at_text: String,
    /// Since the step before.
    since: String,
}

/// The trace of a message.
pub fn of(handset: &Handset, message: &MessageRecord, steps: &[TraceLine]) -> Trace {
    let first = steps.first().map_or(message.created_at, |step| step.at);
    let last = steps.last().map_or(first, |step| step.at);
    let before = std::iter::once(first).chain(steps.iter().map(|step| step.at));
    Trace {
        title: title(handset, message),
        message: message.id.to_string(),
        channel: format!("{}/{}", message.account, message.channel),
        service: message.service.clone(),
        answers: handset.answers(&message.id).count(),
        total: duration(last.since(first)),
        steps: steps
            .iter()
            .zip(before)
            .map(|(step, before)| show(step, before))
            .collect(),
    }
}

fn show(step: &TraceLine, before: Timestamp) -> Step {
    Step {
        name: visible(&step.step),
        detail: visible(&step.detail),
        at: step.at.to_string(),
        at_text: step.at.to_datetime().format("%H:%M:%S%.6f UTC").to_string(),
        since: duration(step.at.since(before)),
    }
}

fn title(handset: &Handset, message: &MessageRecord) -> String {
    let content = message.content.as_deref().map(shortened).unwrap_or_default();
    match (message.direction, &message.session_event) {
        (Direction::Inbound, Some(SessionEvent::New)) => "You dialled".to_owned(),
        (Direction::Inbound, Some(SessionEvent::Close)) => "You hung up".to_owned(),
        (Direction::Inbound, _) if is_sms(handset, message) => format!("You sent “{content}”"),
        (Direction::Inbound, _) => format!("You replied “{content}”"),
        (Direction::Outbound, _) => format!("You received “{content}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::fakes::{Story, at};
    use std::time::Duration;

    #[test]
    fn each_step_tells_the_time_since_the_one_before() {
        let handset = Story::new().dialled("Hi").handset();
        let step = |name: &str, micros| TraceLine {
            at: at(1) + Duration::from_micros(micros),
            step: name.to_owned(),
            detail: "<b>".to_owned(),
        };
        let steps = [step("receive", 0), step("store", 1_200), step("route", 1_300)];
        let trace = of(&handset, &handset.messages[0], &steps);
        let since: Vec<&str> = trace.steps.iter().map(|step| step.since.as_str()).collect();
        assert_eq!(since, ["0.0 ms", "1.2 ms", "0.1 ms"]);
        assert_eq!(
            (trace.total.as_str(), trace.title.as_str(), trace.answers),
            ("1.3 ms", "You dialled", 1)
        );
    }
}
