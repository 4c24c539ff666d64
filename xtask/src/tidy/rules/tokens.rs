//! Words of the language that stay out: `dbg!` and ignored tests.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Breach, Checkout, each};
use crate::tidy::source::Source;

/// Checks every Rust file.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    each(checkout, check_source)
}

fn check_source(source: &Source) -> Vec<Breach> {
    let mut found = Vec::new();
    if let Some(rust) = &source.rust {
        find(rust.tokens.clone(), &mut found);
    }
    let breach = |(line, what): (usize, &str)| Breach {
        path: source.path.clone(),
        line,
        rule: "tokens",
        what: what.to_owned(),
    };
    found.into_iter().map(breach).collect()
}

fn find(tokens: TokenStream, found: &mut Vec<(usize, &'static str)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for pair in tokens.windows(2) {
        match pair {
            [TokenTree::Ident(name), TokenTree::Punct(mark)] if name == "dbg" && mark.as_char() == '!' => {
                found.push((name.span().start().line, "dbg! prints for one reader once, remove it"));
            }
            [TokenTree::Punct(mark), TokenTree::Group(group)] if mark.as_char() == '#' && ignores(group) => {
                let what = "an ignored test, assert what holds today and say why it is wrong";
                found.push((mark.span().start().line, what));
            }
            _ => {}
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            find(group.stream(), found);
        }
    }
}

fn ignores(group: &proc_macro2::Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket && matches!(first, Some(TokenTree::Ident(name)) if name == "ignore")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debugging_and_ignored_tests_are_refused() {
        check("fn a() { vec![dbg!(1)]; }", &[1]);
        check("// dbg!(1)\nconst A: &str = \"dbg!(1) #[ignore]\";", &[]);
        check("#[test]\n#[ignore]\nfn a() {}", &[2]);
        check("mod a {\n    #[test]\n    #[ignore = \"slow\"]\n    fn a() {}\n}", &[3]);
        check("#[allow(unused)]\nfn ignore() {}", &[]);
    }

    fn check(text: &str, lines: &[usize]) {
        let breaches = check_source(&Source::new("a.rs", text));
        assert_eq!(
            breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(),
            lines,
            "{text}"
        );
    }
}
