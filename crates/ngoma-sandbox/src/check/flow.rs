//! How the states of a service lead to each other: what cannot be reached, and what does not exist.

use super::Finding;
use super::code::Sources;
use crate::describe::{Description, Leads};
use std::collections::BTreeSet;

/// Looks at what a service says of its states.
pub fn check(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let mut findings = nowhere(description, sources);
    findings.extend(unreachable(description, sources));
    let failed = description
        .states
        .iter()
        .filter_map(|state| Some((state, state.failure.as_ref()?)));
    findings.extend(failed.map(|(state, failure)| {
        let problem = format!(
            "the screens of the state \"{}\" could not be looked at: {failure}",
            state.name
        );
        sources
            .at_state(&state.name)
            .warning(problem, "make its text work for a person of whom nothing is known yet")
    }));
    findings
}

fn nowhere(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let known: BTreeSet<&str> = description.states.iter().map(|state| state.name.as_str()).collect();
    let of_states = description
        .states
        .iter()
        .map(|state| (format!("the state \"{}\" leads", state.name), &state.leads));
    let all = of_states.chain([
        ("the service begins".to_owned(), &description.start),
        ("the service's timeout leads".to_owned(), &description.elsewhere),
    ]);
    let mut findings = Vec::new();
    for (who, leads) in all {
        for name in leads.states.iter().filter(|name| !known.contains(name.as_str())) {
            let problem = format!("{who} to \"{name}\", and there is no such state");
            findings.push(
                sources
                    .at_text(name)
                    .error(problem, "correct the name, or write the state"),
            );
        }
    }
    findings
}

fn unreachable(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Leads> = vec![&description.start, &description.elsewhere];
    while let Some(leads) = open.pop() {
        if leads.is_anywhere() {
            return Vec::new();
        }
        for name in &leads.states {
            let state = description.states.iter().find(|state| state.name == *name);
            if let Some(state) = state.filter(|state| reached.insert(&state.name)) {
                open.push(&state.leads);
            }
        }
    }
    let dead = description
        .states
        .iter()
        .filter(|state| !reached.contains(state.name.as_str()));
    dead.map(|state| {
        let problem = format!("nothing leads to the state \"{}\"", state.name);
        sources
            .at_state(&state.name)
            .warning(problem, "lead to it from another state, or remove it")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::StateDescription;

    fn leads(names: &str, is_computed: bool) -> Leads {
        Leads {
            states: names.split_whitespace().map(str::to_owned).collect(),
            is_computed,
        }
    }

    /// States as `(name, where it leads, whether a function decides)`, beginning at `a`.
    fn check_states(states: &[(&str, &str, bool)], expected: &[&str]) {
        let states = states.iter().map(|(name, to, is_computed)| StateDescription {
            name: (*name).to_owned(),
            leads: leads(to, *is_computed),
            ..StateDescription::default()
        });
        let description = Description {
            start: leads("a", false),
            states: states.collect(),
            ..Description::default()
        };
        let found = check(&description, &Sources::none("main.ts"));
        let found: Vec<String> = found.iter().map(|finding| finding.problem.clone()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_nothing_leads_to_is_found() {
        check_states(&[("a", "b", false), ("b", "a", false)], &[]);
        check_states(
            &[("a", "", false), ("b", "c", false), ("c", "b", false)],
            &["nothing leads to the state \"b\"", "nothing leads to the state \"c\""],
        );
        check_states(
            &[("a", "b", true), ("b", "", false), ("c", "", false)],
            &["nothing leads to the state \"c\""],
        );
    }

    #[test]
    fn a_function_that_names_no_state_may_lead_anywhere() {
        check_states(&[("a", "", true), ("b", "", false)], &[]);
    }

    #[test]
    fn a_lead_to_nowhere_is_found() {
        check_states(
            &[("a", "x", false)],
            &["the state \"a\" leads to \"x\", and there is no such state"],
        );
    }
}
