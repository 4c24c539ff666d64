//! Texts that no committed file holds: loose ends, and paths of one machine.

use super::{Breach, Checkout, each};
use crate::tidy::source::Source;

const LOOSE_ENDS: [&str; 2] = ["FIXME", "XXX"];
const TO_DO: &str = "TODO";
const MACHINE_PATHS: [&str; 3] = ["/home/", "/root/", "/work/"];
/// Written by programs.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// Checks every line of every text.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    each(checkout, |source| {
        let lines = source
            .text
            .lines()
            .enumerate()
            .filter(|_| !LOCK_FILES.contains(&source.name()));
        lines
            .flat_map(|(index, line)| check_line(source, index + 1, line))
            .collect()
    })
}

fn check_line(source: &Source, number: usize, line: &str) -> Vec<Breach> {
    let loose = LOOSE_ENDS.into_iter().filter(|word| has_word(line, word));
    let to_do = Some(TO_DO).filter(|word| has_word(line, word) && !names_issue(line));
    let paths = MACHINE_PATHS.into_iter().filter(|path| has_absolute(line, path));
    let loose = loose.map(|word| format!("{word}, do it or open an issue"));
    let to_do = to_do.map(|word| format!("{word} without an issue, write {word}(#number)"));
    let paths = paths.map(|path| format!("a path of one machine ({path}), use a relative or temporary one"));
    let breach = |what| Breach {
        path: source.path.clone(),
        line: number,
        rule: "texts",
        what,
    };
    loose.chain(to_do).chain(paths).map(breach).collect()
}

/// Whether `word` stands in the line with no letter, digit or underscore around it.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        !line[..at].ends_with(is_part) && !after.starts_with(is_part)
    })
}

fn names_issue(line: &str) -> bool {
    line.split(TO_DO).skip(1).all(|rest| {
        let rest = rest.trim_start_matches(['(', ' ']);
        rest.strip_prefix('#')
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// Whether the path begins here, and is not the middle of a longer path or of a web address.
fn has_absolute(line: &str, path: &str) -> bool {
    let is_longer = |c: char| c.is_alphanumeric() || "._-/~}*)$".contains(c);
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(is_longer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_ends_are_refused() {
        check("// FIXME: later", 1);
        check("// XXX", 1);
        check("XXXL, 12XXX", 0);
        check("// TODO: later", 1);
        check("// TODO(#12): later", 0);
        check("// TODO #12: later", 0);
        check("TODOS", 0);
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        check("see /home/me/ngoma", 1);
        check("let a = \"/root/x\"; // and `/work/y`", 2);
        check("https://example.org/home/ and docs/work/ and ~/work/", 0);
        check("<a href=\"/homes\">", 0);
    }

    fn check(line: &str, expected: usize) {
        let source = Source::new("a.md", "");
        assert_eq!(check_line(&source, 1, line).len(), expected, "{line}");
    }
}
