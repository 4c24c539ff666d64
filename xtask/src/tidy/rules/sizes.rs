//! Files and functions that nobody can take in at once.

use super::{Breach, Checkout, each};
use crate::tidy::source::Source;

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 80;
const MEASURED: [&str; 6] = ["rs", "js", "mjs", "ts", "css", "sh"];

/// Checks every source file and the functions of the Rust ones.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    each(checkout, check_source)
}

fn check_source(source: &Source) -> Vec<Breach> {
    let breach = |line, what| Breach {
        path: source.path.clone(),
        line,
        rule: "sizes",
        what,
    };
    let mut breaches = Vec::new();
    let lines = source.code_lines();
    if source.has_extension(&MEASURED) && lines > FILE_LINES {
        breaches.push(breach(
            1,
            format!("{lines} lines without tests, split it ({FILE_LINES} at most)"),
        ));
    }
    let functions = source
        .rust
        .iter()
        .filter(|_| !source.is_test())
        .flat_map(|rust| &rust.functions);
    for function in functions.filter(|function| function.lines > FUNCTION_LINES) {
        let what = format!(
            "{} has {} lines, split it into steps ({FUNCTION_LINES} at most)",
            function.name, function.lines
        );
        breaches.push(breach(function.line, what));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_refused() {
        let lines = |count: usize| "//\n".repeat(count);
        check("a.rs", &lines(600), &[]);
        check("a.rs", &lines(601), &[1]);
        check("a.css", &lines(601), &[1]);
        check("a.md", &lines(601), &[]);
        check("tests/a.rs", &lines(601), &[]);
        check("a.rs", &format!("\nfn a() {{\n{}}}\n", lines(78)), &[]);
        check("a.rs", &format!("\nfn a() {{\n{}}}\n", lines(79)), &[2]);
        check("a.rs", &format!("#[test]\nfn a() {{\n{}}}\n", lines(79)), &[]);
    }

    fn check(path: &str, text: &str, expected: &[usize]) {
        let breaches = check_source(&Source::new(path, text));
        assert_eq!(
            breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(),
            expected,
            "{path}"
        );
    }
}
