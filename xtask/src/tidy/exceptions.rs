//! Where a rule does not hold, each with its reason.

use super::Breach;

/// One file, or folder, that a rule spares.
pub struct Exception {
    rule: &'static str,
    /// A file, or a folder with a slash at its end.
    path: &'static str,
    /// Why; for the reader of this list.
    reason: &'static str,
}

/// All exceptions. One that excuses nothing any more is a breach itself.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: "names",
        path: "crates/ngoma-sandbox/node/",
        reason: "services ask for the modules of Node by the names they have there",
    },
    Exception {
        rule: "texts",
        path: "xtask/src/tidy/rules/texts.rs",
        reason: "it lists the texts it refuses",
    },
    Exception {
        rule: "texts",
        path: "STYLE.md",
        reason: "it says how such a text is written",
    },
];

/// Takes away what the exceptions excuse and adds a breach for each that excuses nothing.
pub fn apply(exceptions: &[Exception], mut breaches: Vec<Breach>) -> Vec<Breach> {
    let mut idle = Vec::new();
    for exception in exceptions {
        let before = breaches.len();
        breaches.retain(|breach| !exception.excuses(breach));
        if breaches.len() == before {
            idle.push(exception.breach());
        }
    }
    breaches.extend(idle);
    breaches
}

impl Exception {
    fn excuses(&self, breach: &Breach) -> bool {
        let is_inside = match self.path.ends_with('/') {
            true => breach.path.starts_with(self.path),
            false => breach.path == self.path,
        };
        is_inside && breach.rule == self.rule
    }

    fn breach(&self) -> Breach {
        Breach {
            path: "xtask/src/tidy/exceptions.rs".to_owned(),
            line: 1,
            rule: "exceptions",
            what: format!(
                "{} is excused from {} ({}) in vain, remove it",
                self.path, self.rule, self.reason
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breach(rule: &'static str, path: &str) -> Breach {
        Breach {
            path: path.to_owned(),
            line: 1,
            rule,
            what: String::new(),
        }
    }

    fn check(path: &'static str, breaches: &[Breach], expected: &[&str]) {
        let exceptions = [Exception {
            rule: "size",
            path,
            reason: "generated",
        }];
        let left = apply(&exceptions, breaches.to_vec());
        assert_eq!(
            left.iter().map(|breach| breach.path.as_str()).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn an_exception_excuses_its_rule_in_its_place_only() {
        check("a.rs", &[breach("size", "a.rs"), breach("names", "a.rs")], &["a.rs"]);
        check("a/", &[breach("size", "a/b.rs"), breach("size", "ab.rs")], &["ab.rs"]);
    }

    #[test]
    fn an_exception_in_vain_is_a_breach() {
        check("a.rs", &[], &["xtask/src/tidy/exceptions.rs"]);
    }
}
