//! How long code runs that has to be stopped.

use crate::ground::Ground;
use ngoma_message::Object;
use ngoma_sandbox::bundle;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

/// Each stopped by another means: the engine's interrupt, its regular expressions', the event loop's, the kernel's timer.
const ATTACKS: [(&str, &str); 5] = [
    ("loop", "for (;;) {}"),
    ("caught", "for (;;) { try { for (;;) {} } catch (e) {} }"),
    ("regex", "/^(a+)+$/.test('a'.repeat(60) + 'b');"),
    (
        "promises",
        "const again = () => { Promise.resolve().then(again); }; again();",
    ),
    (
        "native",
        "const text = 'a'.repeat(2 ** 23); for (;;) text.lastIndexOf('a'.repeat(2 ** 22) + 'b');",
    ),
];

/// Milliseconds from the beginning of each step to its end.
pub async fn measure(worker: &str) -> Result<Value, Box<dyn Error>> {
    let mut times = Map::new();
    for (name, attack) in ATTACKS {
        let source = format!("api.on_inbound_message = () => {{ {attack} }};");
        let files = BTreeMap::from([("main.js".to_owned(), source.into_bytes())]);
        let ground = Ground::load(worker, bundle::bundle("main.js".into(), files), Object::new()).await?;
        let begun = Instant::now();
        let outcome = ground.step("+1", "new", None).await;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        if outcome.error.is_none() {
            return Err(format!("{name} was not stopped").into());
        }
        times.insert(name.into(), took.into());
    }
    Ok(times.into())
}
