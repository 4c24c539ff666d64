//! The states of a service on the toolkit `vumigo_v02`, as far as its code names them: what nothing leads to, and what leads
//! nowhere cannot be known for sure, so both are warnings.

use super::Finding;
use super::code::{Code, TextPlace};
use std::collections::{BTreeMap, BTreeSet};

/// The states that the code names.
#[derive(Clone, Debug, Default)]
pub struct ToolkitStates {
    /// Each with its file and line.
    pub states: BTreeMap<String, (String, u32)>,
    /// What is doubtful about them.
    pub findings: Vec<Finding>,
}

/// Looks for `states.add('name', …)` and for the other places where these names stand.
pub fn look<'a>(codes: impl Iterator<Item = &'a Code>) -> ToolkitStates {
    let codes: Vec<&Code> = codes.collect();
    let added: Vec<(&Code, &TextPlace)> = codes
        .iter()
        .flat_map(|code| code.states.iter().map(move |state| (*code, state)))
        .collect();
    let named: BTreeSet<&str> = codes
        .iter()
        .flat_map(|code| &code.texts)
        .map(|text| text.text.as_str())
        .collect();
    let prefixes: Vec<&str> = codes
        .iter()
        .flat_map(|code| &code.prefixes)
        .map(String::as_str)
        .filter(|prefix| !prefix.is_empty())
        .collect();
    let mut found = ToolkitStates::default();
    for (code, state) in added {
        let place = (code.path.clone(), state.place.0);
        let name = state.text.as_str();
        let is_mentioned = named.contains(name) || prefixes.iter().any(|prefix| name.starts_with(prefix));
        if found.states.insert(name.to_owned(), place).is_some() {
            let problem = format!("the state \"{name}\" is added twice: the second replaces the first");
            let finding = Finding::warning(&code.path, state.place, problem, "give it another name, or remove one");
            found.findings.push(finding);
        } else if !is_mentioned && !name.starts_with("__") {
            let problem = format!("nothing in the code names the state \"{name}\" but the line that adds it");
            let advice = "lead to it from another state, or remove it";
            found
                .findings
                .push(Finding::warning(&code.path, state.place, problem, advice));
        }
    }
    found.findings.extend(nowhere(&codes, &found.states));
    found
}

/// Texts that look like the name of a state, since every state of the service begins so, and name none.
fn nowhere(codes: &[&Code], states: &BTreeMap<String, (String, u32)>) -> Vec<Finding> {
    let Some(prefix) = shared_prefix(states.keys()) else {
        return Vec::new();
    };
    let texts = codes
        .iter()
        .flat_map(|code| code.texts.iter().map(move |text| (code, text)));
    texts
        .filter(|(code, text)| {
            let is_beginning = code.prefixes.contains(&text.text);
            text.text.starts_with(&prefix) && !states.contains_key(&text.text) && !is_beginning
        })
        .map(|(code, text)| {
            let problem = format!("there is no state \"{}\"", text.text);
            Finding::warning(&code.path, text.place, problem, "correct the name, or add the state")
        })
        .collect()
}

/// What stands before the first colon of every state's name, as in `states:start`, if there are several.
fn shared_prefix<'a>(mut names: impl Iterator<Item = &'a String>) -> Option<String> {
    let (prefix, _) = names.next()?.split_once(':')?;
    let prefix = format!("{prefix}:");
    let mut others = 0;
    for name in names {
        if !name.starts_with(&prefix) {
            return None;
        }
        others += 1;
    }
    (others > 0).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;

    #[test]
    fn states_of_the_toolkit_are_looked_for_in_the_code() {
        let app = "var self = api, vumigo = {};\nself.states.add('states:start', function (name) {\n  return self.states.create('states:nxt');\n});\n\
                   self.states.add('states:next', function () { return { next: 'states:ask:' + name }; });\n\
                   self.states.add('states:ask:age', function () {});\napi.App = { start: 'states:start' };\nvar name = 1;\n";
        let found = report(&[("main.js", app)]);
        let names: Vec<&String> = found.toolkit.states.keys().collect();
        assert_eq!(names, ["states:ask:age", "states:next", "states:start"]);
        let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            [
                "main.js:3:29: warning: there is no state \"states:nxt\" (correct the name, or add the state)",
                "main.js:5:17: warning: nothing in the code names the state \"states:next\" but the line that adds it (lead to it from another state, or remove it)",
            ]
        );
    }
}
