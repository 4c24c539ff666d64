//! What is printed when everything runs: one line per thing started, and where it is.

use ngoma_engine::Engine;
use std::path::Path;

/// Prints the lines on standard output.
pub fn print(engine: &Engine, data: &Path, base_url: &str, is_demo: bool) {
    for (thing, place) in lines(engine, data, base_url, is_demo) {
        print_one(thing, &place);
    }
}

/// Prints one line.
pub fn print_one(thing: &str, place: &str) {
    println!("{thing:<8} {place}");
}

fn lines(engine: &Engine, data: &Path, base_url: &str, is_demo: bool) -> Vec<(&'static str, String)> {
    let store = data.join("ngoma.db");
    let mut lines = vec![
        ("store", format!("SQLite, {}", store.display())),
        ("queue", "in the store's file".to_owned()),
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
            lines.push((
                "service",
                format!("{account}/{name}, {}, in a sandboxed process", service.kind),
            ));
        }
    }
    lines.push(("web", base_url.to_owned()));
    if is_demo {
        lines.push(("phone", format!("{base_url}/phone")));
    }
    lines
}
