//! The kinds of services there are.

/// What a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// Its own code.
    Script,
    /// An application that works beside the engine, on a Vumi bus.
    VumiAmqp,
    /// An account's own systems, which speak by a channel of their own.
    Relay,
}

/// Every kind with its word.
const KINDS: [(ServiceKind, &str); 3] = [
    (ServiceKind::Script, "script"),
    (ServiceKind::VumiAmqp, "vumi_amqp"),
    (ServiceKind::Relay, "relay"),
];

impl ServiceKind {
    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        let known = KINDS.iter().find(|(_, known)| *known == word);
        known.map(|(kind, _)| *kind)
    }

    /// Every word, for who wrote another.
    pub fn words() -> String {
        KINDS.map(|(_, word)| word).join(", ")
    }

    /// Whether it runs code that was handed in with it.
    pub fn has_code(self) -> bool {
        self == Self::Script
    }

    /// Whether its answers come after its step, from outside.
    pub fn answers_by_itself(self) -> bool {
        self == Self::VumiAmqp
    }
}
