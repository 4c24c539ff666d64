//! Whether a document can be: every refusal names the thing.

use super::{
    AccountDocument, AccountPolicy, ApplyError, Directory, Document, Route, ServiceDocument, ServiceKind, WebhookRecord,
};
use crate::bridge;
use crate::relay;
use crate::service::{Bundle, QUICK_REPLIES};
use ngoma_message::Country;

/// The longest name, in characters.
const NAME_LENGTH: usize = 63;
/// How many keys of helper metadata a service may set.
const HELPER_KEYS: usize = 50;
/// What the keys of helper metadata begin with that mean something to us: a service that set them could pass for a system
/// behind a relay.
const OWN_PREFIX: &str = "ngoma_";

/// Checks what can be told without opening channels.
pub(crate) fn check(document: &Document, directory: &Directory) -> Result<(), ApplyError> {
    for (code, account) in &document.accounts {
        check_name("account", code, code)?;
        for (name, channel) in &account.channels {
            check_name("channel", &format!("{code}/{name}"), name)?;
            let country = channel.country.as_deref();
            if let Some(country) = country.filter(|country| Country::parse(country).is_none()) {
                return invalid(format!(
                    "channel {code}/{name}: country {country:?} is not a two-letter code"
                ));
            }
        }
        for (name, service) in &account.services {
            let what = format!("{code}/{name}");
            check_name("service", &what, name)?;
            check_helper_metadata(&what, &service.helper_metadata)?;
            match ServiceKind::parse(&service.kind) {
                Some(ServiceKind::Script) => check_bundle(&what, &service.bundle)?,
                Some(ServiceKind::VumiAmqp) => check_bridge(&what, service)?,
                Some(ServiceKind::Relay) => check_relay(&what, code, service, account, directory)?,
                None => {
                    let known = ServiceKind::words();
                    return invalid(format!("service {what}: kind {:?} is not known: {known}", service.kind));
                }
            }
        }
        if let Some(webhook) = &account.webhook {
            check_webhook(code, webhook)?;
        }
        if let Some(problem) = account.policy.as_ref().and_then(AccountPolicy::problem) {
            return invalid(format!("policy {code}: {problem}"));
        }
        for route in account.routes.iter().flatten() {
            check_route(code, route, account, directory)?;
        }
    }
    Ok(())
}

fn check_name(kind: &str, what: &str, name: &str) -> Result<(), ApplyError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let begins_well = name.bytes().next().is_some_and(is_plain);
    let reads_well = name.bytes().all(|byte| is_plain(byte) || byte == b'_' || byte == b'-');
    if begins_well && reads_well && name.len() <= NAME_LENGTH {
        return Ok(());
    }
    invalid(format!(
        "{kind} {what}: a name has 1 to {NAME_LENGTH} of a-z, 0-9, _ and -, and begins with a letter or digit"
    ))
}

fn check_helper_metadata(what: &str, keys: &[String]) -> Result<(), ApplyError> {
    let is_good = |key: &String| (1..=NAME_LENGTH).contains(&key.chars().count());
    if keys.len() > HELPER_KEYS || !keys.iter().all(is_good) {
        return invalid(format!(
            "service {what}: helper_metadata has at most {HELPER_KEYS} keys of 1 to {NAME_LENGTH} characters"
        ));
    }
    let is_own = |key: &&String| key.starts_with(OWN_PREFIX) || *key == QUICK_REPLIES;
    match keys.iter().find(is_own) {
        Some(key) => invalid(format!(
            "service {what}: helper_metadata may not have {key:?}: the platform sets it"
        )),
        None => Ok(()),
    }
}

fn check_bundle(what: &str, bundle: &Bundle) -> Result<(), ApplyError> {
    if bundle.files.contains_key(&bundle.main) {
        return Ok(());
    }
    invalid(format!(
        "service {what}: its main file {} is not among its files",
        bundle.main
    ))
}

fn check_bridge(what: &str, service: &ServiceDocument) -> Result<(), ApplyError> {
    bridge::settings(&service.config)
        .map(drop)
        .map_err(|problem| ApplyError::Invalid(format!("service {what}: config: {problem}")))
}

fn check_relay(
    what: &str,
    code: &str,
    service: &ServiceDocument,
    declared: &AccountDocument,
    directory: &Directory,
) -> Result<(), ApplyError> {
    let settings = relay::settings(&service.config)
        .map_err(|problem| ApplyError::Invalid(format!("service {what}: config: {problem}")))?;
    match has_channel(code, &settings.channel, declared, directory) {
        true => Ok(()),
        false => invalid(format!(
            "service {what}: there is no channel {code}/{}",
            settings.channel
        )),
    }
}

fn has_channel(code: &str, name: &str, declared: &AccountDocument, directory: &Directory) -> bool {
    let held = directory.accounts.get(code);
    declared.channels.contains_key(name) || held.is_some_and(|held| held.channels.contains_key(name))
}

fn check_webhook(code: &str, webhook: &WebhookRecord) -> Result<(), ApplyError> {
    if let Some(problem) = webhook.secret.problem() {
        return invalid(format!("webhook {code}: secret {problem}"));
    }
    webhook
        .reach()
        .check_url(&webhook.url)
        .map(drop)
        .map_err(|problem| ApplyError::Invalid(format!("webhook {code}: url: {problem}")))
}

fn check_route(code: &str, route: &Route, declared: &AccountDocument, directory: &Directory) -> Result<(), ApplyError> {
    let held = directory.accounts.get(code);
    let has_service = declared.services.contains_key(&route.service)
        || held.is_some_and(|held| held.services.contains_key(&route.service));
    let name = format!("route {code}: {} to {}", route.channel, route.service);
    if !has_channel(code, &route.channel, declared, directory) {
        return invalid(format!("{name}: there is no channel {code}/{}", route.channel));
    }
    if !has_service {
        return invalid(format!("{name}: there is no service {code}/{}", route.service));
    }
    let keyword = route.keyword.as_deref();
    if keyword.is_some_and(|keyword| keyword.is_empty() || keyword.contains(char::is_whitespace)) {
        return invalid(format!("{name}: a keyword is one word"));
    }
    Ok(())
}

fn invalid(problem: String) -> Result<(), ApplyError> {
    Err(ApplyError::Invalid(problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{ChannelRecord, Secret, Topic};
    use ngoma_message::Object;
    use std::collections::BTreeMap;

    fn document() -> Document {
        let service = ServiceDocument {
            kind: "script".into(),
            config: Object::new(),
            http_allow: None,
            helper_metadata: Vec::new(),
            wants_events: false,
            bundle: Bundle {
                hash: "h".into(),
                main: "main.js".into(),
                files: BTreeMap::from([("main.js".into(), vec![])]),
            },
        };
        let account = AccountDocument {
            channels: BTreeMap::from([("ussd".into(), ChannelRecord::default())]),
            services: BTreeMap::from([("clinic".into(), service)]),
            routes: Some(vec![route("ussd", "clinic")]),
            webhook: None,
            policy: None,
        };
        Document {
            accounts: BTreeMap::from([("demo".into(), account)]),
        }
    }

    fn route(channel: &str, service: &str) -> Route {
        Route {
            channel: channel.into(),
            service: service.into(),
            ..Route::default()
        }
    }

    fn check_refused(change: impl FnOnce(&mut AccountDocument), expected: &str) {
        let mut document = document();
        change(document.accounts.get_mut("demo").unwrap());
        let error = check(&document, &Directory::default()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_refusal_names_the_thing() {
        check(&document(), &Directory::default()).unwrap();
        check_refused(
            |account| drop(account.channels.insert("Ussd".into(), ChannelRecord::default())),
            "channel demo/Ussd: a name has",
        );
        check_refused(
            |account| account.channels.get_mut("ussd").unwrap().country = Some("XX".into()),
            "channel demo/ussd: country \"XX\"",
        );
        for (keys, problem) in [
            (vec!["ngoma_relay"; 1], "may not have \"ngoma_relay\""),
            (vec!["k"; 51], "has at most 50"),
            (vec![""], "has at most 50"),
        ] {
            check_refused(
                |account| {
                    let keys = keys.into_iter().map(str::to_owned).collect();
                    account.services.get_mut("clinic").unwrap().helper_metadata = keys;
                },
                &format!("service demo/clinic: helper_metadata {problem}"),
            );
        }
        check_refused(
            |account| account.services.get_mut("clinic").unwrap().kind = "survey".into(),
            "service demo/clinic: kind \"survey\" is not known",
        );
        check_refused(
            |account| {
                let service = account.services.get_mut("clinic").unwrap();
                service.kind = "vumi_amqp".into();
                service.config = Object::from_iter([("url".to_owned(), "amqp://mq.example.org".into())]);
            },
            "service demo/clinic: config: missing field `transport_name`",
        );
        let relay = |channel: &str| ServiceDocument {
            kind: "relay".into(),
            config: Object::from_iter([("channel".to_owned(), channel.into())]),
            http_allow: None,
            helper_metadata: Vec::new(),
            wants_events: false,
            bundle: Bundle::none(),
        };
        check_refused(
            |account| drop(account.services.insert("records".into(), relay("systems"))),
            "service demo/records: there is no channel demo/systems",
        );
        check_refused(
            |account| account.services.get_mut("clinic").unwrap().bundle.main = "b.js".into(),
            "service demo/clinic: its main file b.js",
        );
        check_refused(
            |account| account.routes = Some(vec![route("sms", "clinic")]),
            "route demo: sms to clinic: there is no channel demo/sms",
        );
        let webhook = |url: &str, secret: &str| WebhookRecord {
            url: url.into(),
            secret: Secret::new(secret),
            events: [Topic::Message].into(),
            allow_private: false,
        };
        check_refused(
            |account| account.webhook = Some(webhook("https://a.org/", "short")),
            "webhook demo: secret has fewer than 16 characters",
        );
        for (url, problem) in [
            (
                "ftp://a.org/",
                "ftp://a.org/: only http and https addresses can be called",
            ),
            ("http://127.0.0.1/", "127.0.0.1 is in a private network"),
        ] {
            check_refused(
                |account| account.webhook = Some(webhook(url, "0123456789abcdef")),
                &format!("webhook demo: url: {problem}"),
            );
        }
        let policy = AccountPolicy {
            opt_out_keywords: vec!["!".into()],
            ..AccountPolicy::default()
        };
        check_refused(
            |account| account.policy = Some(policy),
            "policy demo: opt_out_keywords has \"!\"",
        );
        check_refused(
            |account| account.routes = Some(vec![route("ussd", "bank")]),
            "route demo: ussd to bank: there is no service demo/bank",
        );
    }
}
