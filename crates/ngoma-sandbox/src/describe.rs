//! What a service on the library `ngoma` says about itself: its states, where each may lead, every screen it can show.

use serde::Deserialize;

/// A service, as described.
///
/// ```json
/// {"version":1,"name":"hello","languages":["en"],"start":{"states":["ask"],"isComputed":false},
///  "states":[{"name":"ask","kind":"text","leads":{"states":["done"],"isComputed":false},"isEnd":false}],
///  "screens":[{"state":"ask","language":"en","channel":"ussd","page":0,"text":"Name?","encoding":"gsm","length":5,
///  "limit":182,"placeholders":[]}],"missing":[]}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Codes of languages; the first is the one the messages are written in.
    pub languages: Vec<String>,
    /// Where a dialogue may begin.
    pub start: Leads,
    /// Where a dialogue may go by itself.
    #[serde(default)]
    pub elsewhere: Leads,
    /// Its states.
    pub states: Vec<StateDescription>,
    /// Every screen, as far as it can be made without a person.
    pub screens: Vec<ScreenDescription>,
    /// What has no translation.
    pub missing: Vec<Missing>,
}

/// Where something leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leads {
    /// Names of states.
    pub states: Vec<String>,
    /// A function decides; where it names no state it may lead anywhere.
    pub is_computed: bool,
}

/// A state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct StateDescription {
    /// Its name.
    pub name: String,
    /// What kind of state it is.
    #[serde(default)]
    pub kind: String,
    /// Where it leads.
    pub leads: Leads,
    /// Why its screens could not be made.
    #[serde(default)]
    pub failure: Option<String>,
}

/// A screen. What answers and values fill in is still written `{name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ScreenDescription {
    /// The state that shows it.
    pub state: String,
    /// In this language.
    pub language: String,
    /// `ussd`, `sms`, `whatsapp`.
    pub channel: String,
    /// The page, from 0.
    #[serde(default)]
    pub page: u32,
    /// Its text.
    pub text: String,
    /// How much the channel shows, in the units of its encoding.
    pub limit: usize,
    /// The names in braces.
    #[serde(default)]
    pub placeholders: Vec<String>,
}

/// A message without a translation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Missing {
    /// Into this language.
    pub language: String,
    /// The message, as it is written.
    pub message: String,
}

impl Leads {
    /// Whether it may lead to any state.
    pub fn is_anywhere(&self) -> bool {
        self.is_computed && self.states.is_empty()
    }
}
