//! What is printed when everything runs: one line per thing started, and where it is.

use crate::settings::Settings;
use ngoma_engine::directory::ServiceKind;
use ngoma_engine::{Engine, QueueChoice, StoreChoice};
use url::Url;

/// Prints the lines on standard output.
pub fn print(engine: &Engine, settings: &Settings, base_url: &str, is_demo: bool) {
    for (thing, place) in lines(engine, settings, base_url, is_demo) {
        print_one(thing, &place);
    }
}

/// Prints one line.
pub fn print_one(thing: &str, place: &str) {
    println!("{thing:<8} {place}");
}

fn lines(engine: &Engine, settings: &Settings, base_url: &str, is_demo: bool) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("store", store(settings)),
        ("queue", queue(settings)),
        (
            "cache",
            "in this process: accounts, channels, services, routes".to_owned(),
        ),
    ];
    for (account, content) in &engine.directory().accounts {
        for (name, channel) in &content.channels {
            let address = channel.address.as_deref().unwrap_or("no address");
            let kind = &channel.channel_type;
            lines.push((
                "channel",
                format!("{account}/{name}, {kind}, {address}, {base_url}/c/{account}/{name}"),
            ));
        }
        for (name, service) in &content.services {
            let place = match ServiceKind::parse(&service.kind) {
                Some(ServiceKind::VumiAmqp) => "an application on its own bus",
                Some(ServiceKind::Relay) => "what a system's channel brings and gets",
                Some(ServiceKind::Script) | None => "in a sandboxed process",
            };
            lines.push(("service", format!("{account}/{name}, {}, {place}", service.kind)));
        }
    }
    lines.push(("web", base_url.to_owned()));
    if is_demo {
        lines.push(("phone", format!("{base_url}/phone")));
    }
    lines
}

fn store(settings: &Settings) -> String {
    match &settings.store {
        StoreChoice::Sqlite => format!("SQLite, {}", settings.data.join("ngoma.db").display()),
        StoreChoice::Postgres(url) => format!("PostgreSQL, {}", place_of(url)),
    }
}

fn queue(settings: &Settings) -> String {
    match (&settings.queue, &settings.store) {
        (QueueChoice::Amqp { url, partitions }, _) => {
            format!("RabbitMQ, {}, in {partitions} partitions", place_of(url))
        }
        (QueueChoice::Store, StoreChoice::Sqlite) => "in the store's file".to_owned(),
        (QueueChoice::Store, StoreChoice::Postgres(_)) => "in the store's database".to_owned(),
    }
}

/// Host and path of an address, which may hold a password as well.
fn place_of(address: &str) -> String {
    let Ok(url) = Url::parse(address) else {
        return "at an address that cannot be shown".to_owned();
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (address, expected) in [
            (
                "postgres://u:secret@db.example:5433/ngoma?sslmode=require",
                "db.example:5433/ngoma",
            ),
            ("amqp://u:secret@10.0.0.1/%2f", "10.0.0.1/%2f"),
            ("host=db password=secret", "at an address that cannot be shown"),
        ] {
            assert_eq!(place_of(address), expected);
        }
    }
}
