//! Names that nothing defines: neither the file, nor the runtime, nor a script that writes to them.

use super::code::{Code, Mention};
use super::{Finding, KnownGlobals, is_test};
use std::collections::BTreeSet;

/// How much a name may differ from a known one to be taken for a slip of the fingers.
const SLIP: usize = 2;

/// Says of every such name where it is used. Scripts that the first file does not reach may be parts of one that is put
/// together elsewhere, and tests of such parts: they share the names of their top levels.
pub fn check(codes: &[Code], known: &KnownGlobals, reached: &BTreeSet<String>) -> Vec<Finding> {
    let everywhere: BTreeSet<&str> = known.everywhere.iter().map(String::as_str).collect();
    let in_tests: BTreeSet<&str> = known.in_tests.iter().map(String::as_str).collect();
    let loose = codes.iter().filter(|code| !code.is_strict);
    let written: BTreeSet<&str> = loose
        .flat_map(|code| &code.mentions)
        .filter(|mention| mention.is_write)
        .map(|mention| mention.name.as_str())
        .collect();
    let parts = codes
        .iter()
        .filter(|code| !reached.contains(&code.path) && !is_test(&code.path));
    let shared: BTreeSet<&str> = parts.flat_map(|code| &code.declared).map(String::as_str).collect();
    let mut findings = Vec::new();
    for code in codes {
        let is_part = !reached.contains(&code.path);
        let is_known = |mention: &&Mention| {
            let name = mention.name.as_str();
            everywhere.contains(name)
                || name == "arguments"
                || written.contains(name)
                || code.asked_about.contains(name)
                || (is_part && shared.contains(name))
                || (is_test(&code.path) && in_tests.contains(name))
        };
        let unknown = code.mentions.iter().filter(|mention| !is_known(mention));
        findings.extend(unknown.map(|mention| finding(code, mention, &everywhere)));
    }
    findings
}

fn finding(code: &Code, mention: &Mention, known: &BTreeSet<&str>) -> Finding {
    let Mention { name, place, is_write } = mention;
    let advice = match nearest(name, known) {
        _ if *is_write => "declare it with let or const".to_owned(),
        Some(meant) => format!("write \"{meant}\" if that is meant, or declare or import it"),
        None => "correct its spelling, or declare or import it".to_owned(),
    };
    Finding::error(
        &code.path,
        *place,
        format!("nothing defines the name \"{name}\""),
        advice,
    )
}

/// The known name that is meant, if one is near.
fn nearest<'a>(name: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    let near = known.iter().map(|known| (distance(name, known), *known));
    let allowed = SLIP.min(name.chars().count() / 3);
    near.filter(|(far, _)| *far <= allowed).min().map(|(_, known)| known)
}

/// How many letters are to be put in, taken out, changed or swapped with the next to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, wanted) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(letter != wanted);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *wanted {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (one, other, expected) in [
            ("api", "api", 0),
            ("consoel", "console", 1),
            ("aip", "api", 1),
            ("", "ab", 2),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
