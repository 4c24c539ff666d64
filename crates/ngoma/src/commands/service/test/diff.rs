//! The lines in which two texts differ, beside those in which they agree.

/// Above this many lines a text is shown whole instead of compared: comparing takes the product of both.
const LINES_LIMIT: usize = 2000;

/// A line of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// In both.
    Same(&'a str),
    /// Only expected.
    Expected(&'a str),
    /// Only found.
    Found(&'a str),
}

/// Compares texts line by line.
pub fn compare<'a>(expected: &'a str, found: &'a str) -> Vec<Line<'a>> {
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    if expected.len().max(found.len()) > LINES_LIMIT {
        let all = expected.iter().map(|line| Line::Expected(line));
        return all.chain(found.iter().map(|line| Line::Found(line))).collect();
    }
    let agreeing = agreements(&expected, &found);
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < expected.len() || j < found.len() {
        if i < expected.len() && j < found.len() && expected[i] == found[j] {
            lines.push(Line::Same(expected[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == found.len() || (i < expected.len() && agreeing[i + 1][j] >= agreeing[i][j + 1]) {
            lines.push(Line::Expected(expected[i]));
            i += 1;
        } else {
            lines.push(Line::Found(found[j]));
            j += 1;
        }
    }
    lines
}

/// How many lines agree at most from each pair of lines on.
fn agreements(expected: &[&str], found: &[&str]) -> Vec<Vec<u32>> {
    let mut table = vec![vec![0; found.len() + 1]; expected.len() + 1];
    for i in (0..expected.len()).rev() {
        for j in (0..found.len()).rev() {
            table[i][j] = match expected[i] == found[j] {
                true => table[i + 1][j + 1] + 1,
                false => table[i + 1][j].max(table[i][j + 1]),
            };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::Line::{Expected, Found, Same};
    use super::*;

    #[test]
    fn what_agrees_stays_together() {
        for (expected, found, lines) in [
            ("", "", vec![]),
            ("a\nb\n", "a\nb\n", vec![Same("a"), Same("b")]),
            (
                "a\nb\nc",
                "a\nx\nc",
                vec![Same("a"), Expected("b"), Found("x"), Same("c")],
            ),
            ("a", "", vec![Expected("a")]),
            ("", "a", vec![Found("a")]),
            ("b\nc", "a\nb\nc", vec![Found("a"), Same("b"), Same("c")]),
        ] {
            assert_eq!(compare(expected, found), lines, "{expected:?} {found:?}");
        }
    }
}
