//! Which service takes a message: the session's own, else the first route of the channel that matches.

use crate::directory::ChannelEntry;
use crate::store::InboundMessage;
use ngoma_message::SessionEvent;

/// Why a message goes to the service of its session.
pub(super) const STAYS: &str = "its session stays there";

/// The service that takes a message, with the reason. `told` is the session event the service is told, if any.
///
/// A keyword is matched against the first word, whatever its case. On a session channel it is matched only where a
/// session begins: later texts are answers to screens, and their session stays with its service anyway.
pub(super) fn route(
    channel: &ChannelEntry,
    message: &InboundMessage,
    told: Option<&SessionEvent>,
    stays_with: Option<i64>,
) -> Option<(i64, String)> {
    if let Some(service) = stays_with {
        return Some((service, STAYS.to_owned()));
    }
    let may_have_keyword = told.is_none_or(|event| *event == SessionEvent::New);
    let word = message
        .content
        .as_deref()
        .and_then(|text| text.split_whitespace().next());
    let word = word.filter(|_| may_have_keyword).map(str::to_lowercase);
    let route = channel.routes.iter().find(|route| {
        let address_fits = route
            .address
            .as_deref()
            .is_none_or(|address| address == message.to.value());
        let keyword_fits = route.keyword.is_none() || route.keyword == word;
        address_fits && keyword_fits
    })?;
    let mut reason = format!("route of channel {}", channel.name);
    if let Some(address) = &route.address {
        reason.push_str(&format!(" at {address}"));
    }
    if let Some(keyword) = &route.keyword {
        reason.push_str(&format!(" for keyword {keyword}"));
    }
    Some((route.service, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ChannelRecord;
    use crate::directory::catalog::RouteEntry;
    use ngoma_message::{Address, MessageId, Object, Timestamp};

    fn channel() -> ChannelEntry {
        let route = |address: Option<&str>, keyword: Option<&str>, service| RouteEntry {
            address: address.map(str::to_owned),
            keyword: keyword.map(str::to_owned),
            service,
        };
        ChannelEntry {
            id: 1,
            account: 1,
            account_code: "demo".into(),
            name: "sms".into(),
            record: ChannelRecord::default(),
            country: None,
            routes: vec![
                route(Some("100"), Some("join"), 1),
                route(None, Some("stop"), 2),
                route(Some("200"), None, 3),
            ],
        }
    }

    fn check(to: &str, content: &str, told: Option<&str>, stays_with: Option<i64>, expected: Option<i64>) {
        let message = InboundMessage {
            id: MessageId::from("m"),
            account: 1,
            channel: 1,
            provider_id: None,
            fingerprint: None,
            part: None,
            from: Address::new("tel", "+1"),
            to: Address::new("tel", to),
            content: Some(content.into()),
            session: None,
            answer_by: None,
            transport_metadata: Object::new(),
            created_at: Timestamp::from_micros(0),
        };
        let told = told.map(SessionEvent::from);
        let routed = route(&channel(), &message, told.as_ref(), stays_with);
        assert_eq!(routed.map(|(service, _)| service), expected, "{to} {content}");
    }

    #[test]
    fn the_first_route_that_matches_takes_the_message() {
        check("100", "JOIN us", None, None, Some(1));
        check("100", "  join", None, None, Some(1));
        check("100", "joining", None, None, None);
        check("200", "Stop", None, None, Some(2));
        check("200", "hello", None, None, Some(3));
        check("300", "hello", None, None, None);
        check("100", "", None, None, None);
    }

    #[test]
    fn a_session_stays_with_its_service_and_its_answers_are_no_keywords() {
        check("100", "join", Some("new"), None, Some(1));
        check("100", "join", Some("resume"), None, None);
        check("100", "stop", Some("resume"), Some(1), Some(1));
    }
}
