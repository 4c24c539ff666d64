//! The names that the runtime defines, asked of the runtime itself, so that no list has to follow it.

use super::KnownGlobals;
use crate::Sandbox;
use crate::bundle::bundle;
use crate::testing::{TestEvent, TestOptions};
use ngoma_engine::service::{Bundle, ServiceRunner};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The list of names, as an expression.
const NAMES: &str = "Object.getOwnPropertyNames(globalThis).join(' ')";
const FILE: &str = "probe.js";

impl Sandbox {
    /// The names that code finds defined, and those that tests find besides.
    pub async fn known_globals(&self) -> KnownGlobals {
        // An exception is all that the top level of a service can tell its host.
        let thrown = self
            .try_out(Arc::new(probe(format!("throw new Error({NAMES});"))))
            .await;
        let mut everywhere = thrown.err().map(|error| words(&error.message)).unwrap_or_default();
        // Another error, such as that of a worker that cannot be started, has no names.
        if !everywhere.iter().any(|name| name == "globalThis") {
            everywhere.clear();
        }
        let code =
            format!("describe('names', function () {{ it('are told', function () {{ console.log({NAMES}); }}); }});");
        let mut in_tests = Vec::new();
        let options = TestOptions::default();
        self.run_tests(&probe(code), &[FILE.to_owned()], &options, |event| {
            if let TestEvent::Said { text, .. } = event {
                in_tests.extend(words(text));
            }
        })
        .await;
        KnownGlobals { everywhere, in_tests }
    }
}

fn probe(code: String) -> Bundle {
    bundle(FILE.to_owned(), BTreeMap::from([(FILE.to_owned(), code.into_bytes())]))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
