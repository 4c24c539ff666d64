//! The figures of a bench: a table for people and one line of JSON for programs.

use std::fmt;

use serde_json::{Map, Value, json};

use super::host::Host;

/// All that a bench found out.
pub struct Report {
    /// The bench's name.
    pub bench: &'static str,
    /// What it measured, in the order to show.
    pub figures: Vec<Figure>,
    /// Where.
    pub host: Host,
}

/// One measured value.
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    bar: Option<Bar>,
}

/// What a value must hold.
#[derive(Clone, Copy)]
pub enum Bar {
    /// It must not be less.
    AtLeast(f64),
    /// It must not be more.
    AtMost(f64),
}

impl Figure {
    /// A value without a bar. The name carries the unit, as a field of the JSON line.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure {
            name: name.into(),
            value,
            unit,
            bar: None,
        }
    }

    /// The same value with what it must hold.
    pub fn must_be(self, bar: Bar) -> Figure {
        Figure { bar: Some(bar), ..self }
    }

    /// Whether it holds what it must.
    pub fn is_met(&self) -> bool {
        match self.bar {
            Some(Bar::AtLeast(target)) => self.value >= target,
            Some(Bar::AtMost(target)) => self.value <= target,
            None => true,
        }
    }

    /// The value to its target.
    fn ratio(&self) -> Option<f64> {
        Some(rounded(self.value / self.bar?.target()))
    }
}

impl Bar {
    fn target(self) -> f64 {
        match self {
            Bar::AtLeast(target) | Bar::AtMost(target) => target,
        }
    }
}

impl Report {
    /// Whether every bar is met.
    pub fn is_met(&self) -> bool {
        self.figures.iter().all(Figure::is_met)
    }

    /// `{"bench","results":{…},"ratios":{figure: value to its target},"host":{…}}`.
    pub fn json(&self) -> Value {
        let results: Map<String, Value> = self
            .figures
            .iter()
            .map(|figure| (figure.name.clone(), json!(rounded(figure.value))))
            .collect();
        let with_ratio = self.figures.iter().filter_map(|figure| Some((figure, figure.ratio()?)));
        let ratios: Map<String, Value> = with_ratio
            .map(|(figure, ratio)| (figure.name.clone(), json!(ratio)))
            .collect();
        json!({ "bench": self.bench, "results": results, "ratios": ratios, "host": self.host })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .figures
            .iter()
            .map(|figure| figure.name.len())
            .max()
            .unwrap_or_default();
        for figure in &self.figures {
            write!(
                f,
                "{:width$} {:>10} {:8}",
                figure.name,
                rounded(figure.value),
                figure.unit
            )?;
            match figure.bar {
                Some(Bar::AtLeast(target)) => write!(f, " at least {}: ", rounded(target))?,
                Some(Bar::AtMost(target)) => write!(f, " at most {}: ", rounded(target))?,
                None => {}
            }
            match (figure.ratio(), figure.is_met()) {
                (Some(ratio), true) => writeln!(f, "met ({ratio} of it)")?,
                (Some(ratio), false) => writeln!(f, "MISSED ({ratio} of it)")?,
                (None, _) => writeln!(f)?,
            }
        }
        Ok(())
    }
}

/// Three digits after the point are more than any of this is precise to.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(figures: Vec<Figure>) -> Report {
        Report {
            bench: "x",
            figures,
            host: Host::default(),
        }
    }

    #[test]
    fn a_bar_is_met_up_to_its_target() {
        let check = |value, bar, is_met| {
            assert_eq!(
                report(vec![Figure::new("a", value, "ms").must_be(bar)]).is_met(),
                is_met
            );
        };
        check(800.0, Bar::AtLeast(800.0), true);
        check(799.9, Bar::AtLeast(800.0), false);
        check(25.0, Bar::AtMost(25.0), true);
        check(25.1, Bar::AtMost(25.0), false);
        check(f64::NAN, Bar::AtMost(25.0), false);
        assert!(report(vec![Figure::new("a", 1.0, "ms")]).is_met());
    }

    #[test]
    fn the_json_line_has_results_and_ratios() {
        let figures = vec![
            Figure::new("a", 1600.0, "/s").must_be(Bar::AtLeast(800.0)),
            Figure::new("b", 0.12345, ""),
        ];
        let json = report(figures).json();
        assert_eq!(json["results"], json!({ "a": 1600.0, "b": 0.123 }));
        assert_eq!(json["ratios"], json!({ "a": 2.0 }));
    }

    #[test]
    fn the_table_says_which_bar_is_missed() {
        let figures = vec![
            Figure::new("a", 1.0, "ms"),
            Figure::new("bb", 90.0, "MiB").must_be(Bar::AtMost(60.0)),
        ];
        let table = report(figures).to_string();
        assert_eq!(
            table,
            "a           1 ms      \nbb         90 MiB      at most 60: MISSED (1.5 of it)\n"
        );
    }
}
