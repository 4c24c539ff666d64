//! One value of several rounds: the middle is the figure, and how far the others were from it is shown.

use crate::bench::report::Figure;

/// The values of all rounds.
pub struct Spread {
    name: String,
    unit: &'static str,
    values: Vec<f64>,
}

impl Spread {
    /// Takes one value of each round.
    pub fn of<Run>(name: impl Into<String>, unit: &'static str, runs: &[Run], value: impl Fn(&Run) -> f64) -> Spread {
        let mut values: Vec<f64> = runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        Spread {
            name: name.into(),
            unit,
            values,
        }
    }

    /// The middle value; of an even number of them the higher; no number when there is none.
    pub fn middle(&self) -> f64 {
        self.values.get(self.values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The middle.
    pub fn figure(&self) -> Figure {
        Figure::new(self.name.clone(), self.middle(), self.unit)
    }

    /// The lowest and the highest, where there were several rounds.
    pub fn ends(&self) -> Vec<Figure> {
        let end = |which: &str, value: &f64| Figure::new(format!("{}_{which}", self.name), *value, self.unit);
        match self.values.as_slice() {
            [lowest, .., highest] => vec![end("lowest", lowest), end("highest", highest)],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_counts_and_the_ends_are_shown() {
        let spread = Spread::of("x", "ms", &[3.0, 1.0, 2.0], |value| *value);
        assert_eq!((spread.middle(), spread.ends().len()), (2.0, 2));
        let spread = Spread::of("x", "ms", &[7.0], |value| *value);
        assert_eq!((spread.middle(), spread.ends().len()), (7.0, 0));
        assert!(Spread::of("x", "ms", &[], |value: &f64| *value).middle().is_nan());
    }
}
