//! What the handset's screen shows, from the last session in the store and what the handset alone knows.

use crate::phone::handset::Handset;
use crate::phone::query::Query;
use crate::words::{clock, encoding_name, visible};
use ngoma_engine::{Direction, SessionRecord};
use ngoma_message::text::{measure, ussd_limit};
use ngoma_message::{SessionEvent, Timestamp};
use serde::Serialize;

/// The handset's screen.
#[derive(Debug, PartialEq, Serialize)]
pub struct Screen {
    /// What the handset does.
    pub state: State,
    /// The network's text.
    pub text: String,
    /// What the handset itself says below it.
    pub note: String,
    /// The length of the text against the network's limit.
    pub meter: Option<Meter>,
    /// How long the call takes, or took.
    pub timer: Option<Timer>,
    /// The session on the screen.
    pub session: String,
}

/// What the handset does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a code.
    Idle,
    /// Is in a session and waits for an answer to the screen.
    Open,
    /// Shows the last screen of a session that is over.
    Ended,
    /// Could not get through.
    Failed,
    /// Has no signal; the network does not know yet.
    Lost,
}

/// The length of a screen.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Meter {
    units: usize,
    limit: usize,
    words: String,
    is_over: bool,
}

/// A call's time.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Timer {
    seconds: u64,
    text: String,
    is_running: bool,
}

/// The screen at a moment.
pub fn of(handset: &Handset, query: &Query, now: Timestamp) -> Screen {
    if !query.failed.is_empty() {
        return failed(&query.failed, &query.status);
    }
    match &handset.session {
        None => idle(),
        Some((_, session)) if session.key == query.cleared => idle(),
        Some((_, session)) if session.key == query.lost => lost(session),
        // The network is told at once; the service ends the session a moment later.
        Some((_, session)) if !session.is_open || has_hung_up(handset) => ended(handset, session, "Session ended"),
        Some((_, session)) if session.expires_at <= now => ended(handset, session, "The session timed out"),
        Some((_, session)) => open(handset, session, now),
    }
}

fn idle() -> Screen {
    Screen {
        state: State::Idle,
        text: String::new(),
        note: String::new(),
        meter: None,
        timer: None,
        session: String::new(),
    }
}

fn failed(code: &str, status: &str) -> Screen {
    let note = match status {
        "" => format!("No channel has the code {code}"),
        status => format!("The channel of {code} answered {status}"),
    };
    Screen {
        state: State::Failed,
        text: "Connection problem or invalid MMI code.".to_owned(),
        note: visible(&note),
        ..idle()
    }
}

fn lost(session: &SessionRecord) -> Screen {
    Screen {
        state: State::Lost,
        text: "No signal".to_owned(),
        note: "The network keeps the session until it times out. Call to connect again.".to_owned(),
        session: session.key.clone(),
        ..idle()
    }
}

fn ended(handset: &Handset, session: &SessionRecord, note: &str) -> Screen {
    let hung_up = has_hung_up(handset);
    let text = if hung_up {
        String::new()
    } else {
        last_text(handset).unwrap_or_default()
    };
    Screen {
        state: State::Ended,
        meter: meter(&text),
        text: visible(&text),
        note: if hung_up {
            "You hung up".to_owned()
        } else {
            note.to_owned()
        },
        timer: Some(timer(session.last_at.since(session.started_at).as_secs(), false)),
        session: session.key.clone(),
    }
}

fn open(handset: &Handset, session: &SessionRecord, now: Timestamp) -> Screen {
    let waits = handset
        .session_messages()
        .next_back()
        .is_some_and(|last| last.direction == Direction::Inbound);
    let text = if waits {
        String::new()
    } else {
        last_text(handset).unwrap_or_default()
    };
    Screen {
        state: State::Open,
        meter: meter(&text),
        text: visible(&text),
        note: if waits {
            "No answer yet".to_owned()
        } else {
            String::new()
        },
        timer: Some(timer(now.since(session.started_at).as_secs(), true)),
        session: session.key.clone(),
    }
}

fn has_hung_up(handset: &Handset) -> bool {
    let last = handset.session_messages().next_back();
    last.is_some_and(|last| last.direction == Direction::Inbound && last.session_event == Some(SessionEvent::Close))
}

fn last_text(handset: &Handset) -> Option<String> {
    let mut answers = handset
        .session_messages()
        .filter(|message| message.direction == Direction::Outbound);
    answers.next_back().and_then(|message| message.content.clone())
}

fn timer(seconds: u64, is_running: bool) -> Timer {
    Timer {
        seconds,
        text: clock(seconds),
        is_running,
    }
}

/// `96 of 182 GSM characters`.
fn meter(text: &str) -> Option<Meter> {
    if text.is_empty() {
        return None;
    }
    let measured = measure(text);
    let limit = ussd_limit(measured.encoding);
    let alphabet = encoding_name(measured.encoding);
    Some(Meter {
        units: measured.units,
        limit,
        words: format!("{} of {limit} {alphabet} characters", measured.units),
        is_over: measured.units > limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::fakes::{Story, at};

    fn check(story: Story, query: Query, state: State, text: &str, note: &str) {
        let screen = of(&story.handset(), &query, at(100));
        assert_eq!(
            (screen.state, screen.text.as_str(), screen.note.as_str()),
            (state, text, note)
        );
    }

    #[test]
    fn the_screen_is_what_the_store_and_the_handset_know() {
        let asked = Query::default;
        check(Story::new(), asked(), State::Idle, "", "");
        check(Story::new().dialled("Welcome"), asked(), State::Open, "Welcome", "");
        check(
            Story::new().dialled_in_vain(),
            asked(),
            State::Open,
            "",
            "No answer yet",
        );
        check(
            Story::new().dialled("Hi").ended("Bye"),
            asked(),
            State::Ended,
            "Bye",
            "Session ended",
        );
        check(
            Story::new().dialled("Hi").hung_up(),
            asked(),
            State::Ended,
            "",
            "You hung up",
        );
        check(
            Story::new().dialled("Hi").hanging_up(),
            asked(),
            State::Ended,
            "",
            "You hung up",
        );
        check(
            Story::new().dialled("Hi").timed_out(),
            asked(),
            State::Ended,
            "Hi",
            "The session timed out",
        );
        let cleared = Query {
            cleared: "s1".to_owned(),
            ..asked()
        };
        check(Story::new().dialled("Hi").ended("Bye"), cleared, State::Idle, "", "");
        let other = Query {
            lost: "s0".to_owned(),
            ..asked()
        };
        check(Story::new().dialled("Hi"), other, State::Open, "Hi", "");
    }

    #[test]
    fn a_handset_without_signal_has_forgotten_its_session() {
        let query = Query {
            lost: "s1".to_owned(),
            ..Query::default()
        };
        let screen = of(&Story::new().dialled("Welcome").handset(), &query, at(100));
        assert_eq!((screen.state, screen.text.as_str()), (State::Lost, "No signal"));
        assert_eq!(screen.timer, None);
    }

    #[test]
    fn the_length_is_told_against_the_limit_of_its_encoding() {
        fn check(text: &str, words: &str, is_over: bool) {
            let meter = meter(text).unwrap();
            assert_eq!((meter.words.as_str(), meter.is_over), (words, is_over));
        }
        check("Welcome", "7 of 182 GSM characters", false);
        check("{€}", "6 of 182 GSM characters", false);
        check("Août", "4 of 80 UCS-2 characters", false);
        check(&"a".repeat(183), "183 of 182 GSM characters", true);
        assert_eq!(meter(""), None);
    }
}
