//! The rules, one file each.

mod edges;
mod externals;
mod layout;
mod names;
mod sizes;
mod texts;
mod tokens;
mod versions;

use super::{Breach, Checkout};

/// Looks at the checkout and says what it does not like.
pub type Rule = fn(&Checkout) -> Vec<Breach>;

/// Every rule there is.
pub fn all() -> Vec<Rule> {
    vec![
        edges::check,
        externals::check,
        versions::check,
        layout::check,
        names::check,
        sizes::check,
        texts::check,
        tokens::check,
    ]
}

/// Finds the breaches of files one by one.
fn each(checkout: &Checkout, check: impl Fn(&super::Source) -> Vec<Breach>) -> Vec<Breach> {
    checkout.sources.iter().flat_map(check).collect()
}

/// The line of a manifest on which an entry begins, else the first.
fn line_of_entry(manifest: &str, name: &str) -> usize {
    let is_entry = |line: &str| {
        let rest = line.trim_start().trim_start_matches('"').strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"']))
    };
    manifest.lines().position(is_entry).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::line_of_entry;

    #[test]
    fn an_entry_is_found_by_its_whole_name() {
        let manifest = "[dependencies]\nserde_json = \"1\"\nserde.workspace = true\n";
        let check = |name, line| assert_eq!(line_of_entry(manifest, name), line, "{name}");
        check("serde", 3);
        check("serde_json", 2);
        check("tokio", 1);
    }
}
