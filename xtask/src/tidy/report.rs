//! The sizes the house style aims at, as they are.

use std::fmt;

use super::source::Source;

/// Sizes over all Rust files of the checkout.
#[derive(Debug, PartialEq)]
pub struct Report {
    files: Sizes,
    functions: Sizes,
    code_lines: usize,
    test_lines: usize,
    comment_lines: usize,
    all_lines: usize,
}

/// How large the things of one kind are.
#[derive(Debug, PartialEq, Eq)]
pub struct Sizes {
    count: usize,
    median: usize,
    p90: usize,
    largest: usize,
}

impl Report {
    /// Measures the Rust files among `sources`.
    pub fn of(sources: &[Source]) -> Report {
        let rust: Vec<&Source> = sources.iter().filter(|source| source.has_extension(&["rs"])).collect();
        let functions = rust
            .iter()
            .filter(|source| !source.is_test())
            .filter_map(|source| source.rust.as_ref());
        let lines = || rust.iter().flat_map(|source| source.text.lines()).map(str::trim);
        Report {
            files: Sizes::of(
                rust.iter()
                    .map(|source| source.code_lines())
                    .filter(|&lines| lines > 0)
                    .collect(),
            ),
            functions: Sizes::of(functions.flat_map(|rust| &rust.functions).map(|f| f.lines).collect()),
            code_lines: rust.iter().map(|source| source.code_lines()).sum(),
            test_lines: rust.iter().map(|source| source.test_lines()).sum(),
            comment_lines: lines().filter(|line| line.starts_with("//")).count(),
            all_lines: lines().filter(|line| !line.is_empty()).count(),
        }
    }
}

impl Sizes {
    fn of(mut sizes: Vec<usize>) -> Sizes {
        sizes.sort_unstable();
        let at = |share: usize| {
            sizes
                .get((sizes.len().max(1) - 1) * share / 100)
                .copied()
                .unwrap_or_default()
        };
        Sizes {
            count: sizes.len(),
            median: at(50),
            p90: at(90),
            largest: at(100),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.test_lines as f64 / self.code_lines.max(1) as f64;
        let comments = 100.0 * self.comment_lines as f64 / self.all_lines.max(1) as f64;
        writeln!(
            f,
            "files: {} (lines without tests; aim: median 120, p90 350)",
            self.files
        )?;
        writeln!(f, "functions: {} (lines; aim: median 9, p90 35)", self.functions)?;
        writeln!(
            f,
            "tests: {} lines for {} of code, {ratio:.2} a line, test harnesses included (aim: 0.8)",
            self.test_lines, self.code_lines
        )?;
        write!(f, "comments: {comments:.1} % of the lines (aim: 8 to 15)")
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, median {}, p90 {}, largest {}",
            self.count, self.median, self.p90, self.largest
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_ranks_of_the_sorted_list() {
        let check = |sizes: Vec<usize>, median, p90, largest| {
            let count = sizes.len();
            assert_eq!(
                Sizes::of(sizes),
                Sizes {
                    count,
                    median,
                    p90,
                    largest
                }
            );
        };
        check((1..=101).rev().collect(), 51, 91, 101);
        check(vec![4], 4, 4, 4);
        check(vec![], 0, 0, 0);
    }

    #[test]
    fn the_report_leaves_out_what_is_not_rust() {
        let text = "//! A.\nfn a() {}\n\n#[cfg(test)]\nmod tests {}\n";
        let report = Report::of(&[Source::new("a.rs", text), Source::new("b.js", text)]);
        assert_eq!((report.code_lines, report.test_lines), (3, 2));
        assert_eq!((report.comment_lines, report.all_lines), (1, 4));
        assert_eq!(report.functions.count, 1);
    }
}
