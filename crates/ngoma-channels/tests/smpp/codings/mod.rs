//! What others' libraries make of texts and octets, against our tables: equal wherever a library keeps to 3GPP TS 23.038,
//! and where it does not, exactly the differences that are written down.

mod alphabet;
mod libraries;
mod parts;
mod random;
mod texts;

use crate::peer::Peer;
use serde_json::{Value, json};

/// A library that reads and writes texts, in a process of its own.
struct Coder(Peer);

impl Coder {
    /// PyPI's `gsm0338`, `smpplib` and `python-messaging`, by which Jasmin reads and writes.
    fn python() -> Self {
        Self(Peer::python("codings.py", &[]))
    }

    /// npm's `smpp`.
    fn node() -> Self {
        Self(Peer::node("codings.js", &[]))
    }

    /// Each text in this coding of theirs, in the order of the texts; nothing for what is refused.
    async fn encode(&mut self, coding: &str, texts: &[String]) -> Vec<Option<Vec<u8>>> {
        let said = self.ask("encode", json!({"encode": texts, "by": coding})).await;
        said.iter().map(|said| said.as_str().map(octets)).collect()
    }

    /// What they read from each of these.
    async fn decode(&mut self, coding: &str, all: &[Vec<u8>]) -> Vec<Option<String>> {
        let all: Vec<String> = all.iter().map(|octets| hex(octets)).collect();
        let said = self.ask("decode", json!({"decode": all, "by": coding})).await;
        said.iter().map(|said| said.as_str().map(str::to_owned)).collect()
    }

    /// What smpplib cuts each of these texts into.
    async fn parts(&mut self, texts: &[String]) -> Vec<Value> {
        self.ask("parts", json!({ "parts": texts })).await
    }

    async fn ask(&mut self, what: &str, order: Value) -> Vec<Value> {
        self.0.tell(order).await;
        let said = self.0.says(what).await;
        said.as_array().expect("one for each").clone()
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    let octet = |place| u8::from_str_radix(&hex[place..place + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(octet).collect()
}
