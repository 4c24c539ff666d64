//! One text file of the checkout; a Rust file is parsed once for all rules.

use std::fs;
use std::ops::RangeInclusive;

use anyhow::Result;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemFn, Meta, TraitItemFn};

use crate::repo::Repo;

/// Folders whose files only tests have.
const TEST_FOLDERS: [&str; 5] = ["tests", "benches", "ngoma-testkit", "conformance", "simulation"];

/// A file with its text.
pub struct Source {
    /// Relative to the root.
    pub path: String,
    /// All of it.
    pub text: String,
    /// What it holds, when it is Rust and can be parsed.
    pub rust: Option<Rust>,
}

/// What is known about a Rust file.
#[derive(Default)]
pub struct Rust {
    /// Its words, with their lines.
    pub tokens: proc_macro2::TokenStream,
    /// Its functions, those of its tests left out.
    pub functions: Vec<Function>,
    /// The lines that only tests have.
    test_lines: Vec<RangeInclusive<usize>>,
}

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its signature.
    pub line: usize,
    /// From the signature to the closing brace.
    pub lines: usize,
}

impl Source {
    /// Reads every text file of the checkout; pictures and the like are left out.
    pub fn read_all(repo: &Repo) -> Result<Vec<Source>> {
        let mut sources = Vec::new();
        for path in repo.files()? {
            if let Ok(text) = String::from_utf8(fs::read(repo.root.join(&path))?) {
                sources.push(Source::new(&path, text));
            }
        }
        Ok(sources)
    }

    /// A file of this path and text.
    pub fn new(path: &str, text: impl Into<String>) -> Source {
        let text = text.into();
        let rust = if path.ends_with(".rs") {
            Rust::parse(&text)
        } else {
            None
        };
        Source {
            path: path.to_owned(),
            text,
            rust,
        }
    }

    /// Whether the file's name ends so, without the dot.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether the whole file serves tests only.
    pub fn is_test(&self) -> bool {
        let in_folder = self.path.split('/').any(|part| TEST_FOLDERS.contains(&part));
        in_folder || self.name() == "tests.rs"
    }

    /// How many lines are not a test's.
    pub fn code_lines(&self) -> usize {
        if self.is_test() {
            0
        } else {
            self.text.lines().count() - self.inner_test_lines()
        }
    }

    /// How many lines are a test's.
    pub fn test_lines(&self) -> usize {
        if self.is_test() {
            self.text.lines().count()
        } else {
            self.inner_test_lines()
        }
    }

    fn inner_test_lines(&self) -> usize {
        let rust = self.rust.as_ref();
        rust.map_or(0, |rust| {
            rust.test_lines
                .iter()
                .map(|range| range.end() - range.start() + 1)
                .sum()
        })
    }
}

impl Rust {
    fn parse(text: &str) -> Option<Rust> {
        let file = syn::parse_file(text).ok()?;
        let mut rust = Rust {
            tokens: text.parse().ok()?,
            ..Rust::default()
        };
        rust.visit_file(&file);
        Some(rust)
    }

    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.span().start().line;
        let lines = block.brace_token.span.close().end().line - line + 1;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines,
        });
    }
}

impl<'a> Visit<'a> for Rust {
    fn visit_item(&mut self, item: &'a Item) {
        if attributes(item).iter().any(is_for_tests) {
            let span = item.span();
            self.test_lines.push(span.start().line..=span.end().line);
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'a TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether the attribute is `#[cfg(test)]`, `#[test]` or the like of it.
fn is_for_tests(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.replace(' ', "").starts_with("all(test,")
        }
        meta => meta
            .path()
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "test"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! A.\n\nfn a() {\n    b();\n}\n\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";

    #[test]
    fn lines_of_tests_are_told_from_code() {
        let check = |path, text, code, test| {
            let source = Source::new(path, text);
            assert_eq!(
                (source.code_lines(), source.test_lines()),
                (code, test),
                "{path}: {text}"
            );
        };
        check("a/src/a.rs", TEXT, 6, 4);
        check("a/tests/a.rs", TEXT, 0, 10);
        check("a/src/tests.rs", TEXT, 0, 10);
        check("crates/ngoma-testkit/src/lib.rs", TEXT, 0, 10);
        check(
            "a/src/a.rs",
            "#[cfg(not(test))]\nfn a() {}\n#[tokio::test]\nasync fn b() {}\n",
            2,
            2,
        );
        check("a.js", "a();\nb();\n", 2, 0);
    }

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let check = |text, expected: &[(&str, usize, usize)]| {
            let functions = Source::new("a.rs", text).rust.unwrap().functions;
            let found: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
            assert_eq!(found, expected);
        };
        check(TEXT, &[("a", 3, 3)]);
        check(
            "impl A {\n    /// Doc.\n    fn b(&self) {}\n}\ntrait C {\n    fn d();\n    fn e() {\n    }\n}",
            &[("b", 3, 1), ("e", 7, 2)],
        );
    }
}
