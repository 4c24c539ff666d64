//! Prometheus' text format, version 0.0.4: a family's help and type, then its samples, one a line.

use super::histogram::Snapshot;
use std::fmt::Write;

/// A label: its name and value.
pub(super) type Label<'a> = (&'a str, &'a str);

/// A text of families, written one after the other.
#[derive(Default)]
pub(super) struct Text(String);

/// A family whose samples are being written.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'a str,
}

/// What the samples of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers that only grow.
    Counter,
    /// Numbers that go up and down.
    Gauge,
    /// Buckets.
    Histogram,
}

impl Text {
    /// Begins a family.
    pub(super) fn family<'a>(&'a mut self, kind: Kind, name: &'a str, help: &str) -> Family<'a> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family {
            text: &mut self.0,
            name,
        }
    }

    /// Everything written.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// Writes one number.
    pub(super) fn sample(&mut self, labels: &[Label<'_>], value: impl Into<f64>) {
        self.line("", labels, value.into());
    }

    /// Writes a count, which may be larger than a float counts exactly.
    pub(super) fn count(&mut self, labels: &[Label<'_>], value: u64) {
        self.line("", labels, value);
    }

    /// Writes the buckets of a histogram, its sum and its count.
    pub(super) fn histogram(&mut self, snapshot: &Snapshot) {
        for (bound, count) in &snapshot.at_most {
            self.line("_bucket", &[("le", &bound.to_string())], count);
        }
        self.line("_bucket", &[("le", "+Inf")], snapshot.count);
        self.line("_sum", &[], snapshot.sum);
        self.line("_count", &[], snapshot.count);
    }

    fn line(&mut self, ending: &str, labels: &[Label<'_>], value: impl std::fmt::Display) {
        let _ = write!(self.text, "{}{ending}", self.name);
        for (place, (name, value)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{name}=\"{}\"", escaped(value));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{after} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::histogram::Histogram;
    use super::*;

    fn check(expected: &str, write: impl FnOnce(&mut Text)) {
        let mut text = Text::default();
        write(&mut text);
        assert_eq!(text.into_string(), expected);
    }

    #[test]
    fn a_sample_has_its_labels_escaped_and_its_number_whole() {
        let expected = "# HELP a_total Things.\n# TYPE a_total counter\na_total 18446744073709551615\n\
            a_total{x=\"1\",y=\"a\\\\b\\\"c\\nd\"} 2\n";
        check(expected, |text| {
            let mut family = text.family(Kind::Counter, "a_total", "Things.");
            family.count(&[], u64::MAX);
            family.count(&[("x", "1"), ("y", "a\\b\"c\nd")], 2);
        });
        let expected = "# HELP a Things.\n# TYPE a gauge\na 0\na 0.0001\na 100000\n";
        check(expected, |text| {
            let mut family = text.family(Kind::Gauge, "a", "Things.");
            for value in [0.0, 0.000_1, 100_000.0] {
                family.sample(&[], value);
            }
        });
    }

    #[test]
    fn a_histogram_ends_with_what_is_above_its_bounds() {
        let histogram = Histogram::of_operations();
        for value in [1, 300, 1000] {
            histogram.add(value);
        }
        let mut text = Text::default();
        text.family(Kind::Histogram, "a", "Sizes.")
            .histogram(&histogram.snapshot());
        let text = text.into_string();
        let end = "a_bucket{le=\"256\"} 1\na_bucket{le=\"512\"} 2\na_bucket{le=\"+Inf\"} 3\na_sum 1301\na_count 3\n";
        assert!(text.ends_with(end), "{text}");
    }
}
