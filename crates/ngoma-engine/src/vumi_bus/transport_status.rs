//! What a transport says of its own state, under `<transport_name>.status.status`; each turn is logged.

use super::overhear::overhear;
use crate::amqp::{Bus, VUMI_EXCHANGE};
use crate::channel::Shutdown;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many components of a transport are told apart.
const COMPONENTS: usize = 64;
/// How much of a text is logged, in characters.
const TEXT: usize = 200;

/// Listens to a transport's states until told to stop.
pub(super) async fn watch(bus: &Bus, transport_name: &str, mut stop: Shutdown) {
    let key = format!("{transport_name}.status.status");
    let Ok(mut consumer) = overhear(bus, "statuses", VUMI_EXCHANGE, &key).await else {
        return;
    };
    let mut states = States::default();
    loop {
        let delivery = tokio::select! {
            () = stop.requested() => return,
            delivery = consumer.next() => delivery,
        };
        let Some(delivery) = delivery else { return };
        let said = serde_json::from_slice(&delivery.body).unwrap_or_default();
        let _ = bus.ack(vec![delivery.token]).await;
        let Some(Turn { component, state, text }) = states.hear(&said) else {
            continue;
        };
        match state {
            State::Ok => tracing::info!(
                transport.name = transport_name,
                component,
                text,
                "a Vumi transport is well"
            ),
            State::Degraded => tracing::warn!(
                transport.name = transport_name,
                component,
                text,
                "a Vumi transport says that it is degraded: look at its side"
            ),
            State::Down => tracing::warn!(
                transport.name = transport_name,
                component,
                text,
                "a Vumi transport says that it is down: look at its side"
            ),
        }
    }
}

/// The state of each component, as last told.
#[derive(Debug, Default)]
struct States(BTreeMap<String, State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    Degraded,
    Down,
}

/// A component whose state changed, with the transport's words for it.
#[derive(Debug, PartialEq, Eq)]
struct Turn {
    component: String,
    state: State,
    text: String,
}

impl States {
    /// Takes a status message; gives what it changes. A component that was never heard of counts as well.
    ///
    /// ```json
    /// {"message_type": "status_event", "component": "smpp", "status": "down", "type": "connection_lost",
    ///  "message": "the link is gone", "reasons": [], "details": {}}
    /// ```
    fn hear(&mut self, said: &Value) -> Option<Turn> {
        let text = |field: &str| said.get(field).and_then(Value::as_str).map(shortened);
        let state = match said.get("status").and_then(Value::as_str)? {
            "ok" => State::Ok,
            "degraded" => State::Degraded,
            "down" => State::Down,
            _ => return None,
        };
        let component = text("component")?;
        if self.0.len() >= COMPONENTS && !self.0.contains_key(&component) {
            return None;
        }
        let before = self.0.insert(component.clone(), state);
        let words = [text("type"), text("message")];
        let words: Vec<String> = words.into_iter().flatten().collect();
        (before.unwrap_or(State::Ok) != state).then(|| Turn {
            component,
            state,
            text: words.join(": "),
        })
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_turn_of_a_component_is_told_once() {
        let mut states = States::default();
        let mut check = |component: &str, status: &str, told: Option<State>| {
            let said = json!({"component": component, "status": status, "type": "link", "message": "x".repeat(300)});
            let turn = states.hear(&said);
            assert_eq!(turn.as_ref().map(|turn| turn.state), told, "{component} {status}");
            if let Some(turn) = turn {
                assert_eq!(
                    (turn.component.as_str(), turn.text.len()),
                    (component, "link: ".len() + TEXT)
                );
            }
        };
        check("smpp", "ok", None);
        check("smpp", "down", Some(State::Down));
        check("smpp", "down", None);
        check("amqp", "degraded", Some(State::Degraded));
        check("smpp", "degraded", Some(State::Degraded));
        check("smpp", "ok", Some(State::Ok));
        check("smpp", "on fire", None);
    }

    #[test]
    fn what_is_no_status_and_too_many_components_change_nothing() {
        let mut states = States::default();
        for nonsense in [
            json!(null),
            json!([1]),
            json!({"status": "down"}),
            json!({"component": "a", "status": 1}),
        ] {
            assert_eq!(states.hear(&nonsense), None, "{nonsense}");
        }
        for number in 0..2 * COMPONENTS {
            states.hear(&json!({"component": number.to_string(), "status": "down"}));
        }
        assert_eq!(states.0.len(), COMPONENTS);
    }
}
