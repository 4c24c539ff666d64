//! Lets a thrown text be followed to its line: the engine notes where an error was made, but nothing of other values.
//!
//! `throw text;` becomes `throw __ngoma_thrown(text,"main.js",3,5);`, which passes its value on and has the place noted.

use oxc_allocator::Allocator;
use oxc_ast::ast::{Expression, ThrowStatement};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType};

/// The function of the bootstrap that notes the place.
const NOTE: &str = "__ngoma_thrown";
/// A file longer than this is left as it is: it is one that was bundled, and to read it takes its time.
const MARKED_BYTES: usize = 1 << 20;

/// A file whose throws are noted.
#[derive(Debug)]
pub struct Marked {
    pub code: String,
    pub insertions: Vec<Insertion>,
}

/// What was put into a line, which moved the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The line, from 1.
    pub line: u32,
    /// Where it begins in the line as it is now, from 1, in the unit that was asked for.
    pub column: u32,
    /// How long it is.
    pub length: u32,
}

/// What columns are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Utf16,
}

/// Marks a file; `None` if there is nothing to mark.
pub fn mark(path: &str, source: &str, kind: SourceType, unit: Unit) -> Option<Marked> {
    if source.len() > MARKED_BYTES || !may_throw_values(source) {
        return None;
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, kind).parse();
    if parsed.panicked || !parsed.diagnostics.is_empty() {
        return None;
    }
    let mut throws = Throws::default();
    throws.visit_program(&parsed.program);
    throws.0.sort_unstable();
    (!throws.0.is_empty()).then(|| insert(path, source, &throws.0, unit))
}

/// The column of the source that stands at a column of the marked file.
pub fn source_column(insertions: &[Insertion], line: u32, column: u32) -> u32 {
    let before = insertions
        .iter()
        .filter(|insertion| insertion.line == line && insertion.column < column);
    before.fold(column, |left, insertion| {
        left - insertion.length.min(column - insertion.column)
    })
}

/// Whether something else than a new error may be thrown, by the look of it.
fn may_throw_values(source: &str) -> bool {
    source
        .split("throw")
        .skip(1)
        .any(|rest| !rest.trim_start().starts_with("new "))
}

/// Where what is thrown begins and ends, and where the statement begins.
#[derive(Default)]
struct Throws(Vec<(usize, usize, usize)>);

impl<'a> Visit<'a> for Throws {
    fn visit_throw_statement(&mut self, statement: &ThrowStatement<'a>) {
        if !matches!(statement.argument, Expression::NewExpression(_)) {
            let span = statement.argument.span();
            self.0
                .push((span.start as usize, span.end as usize, statement.span.start as usize));
        }
        walk::walk_throw_statement(self, statement);
    }
}

fn insert(path: &str, source: &str, throws: &[(usize, usize, usize)], unit: Unit) -> Marked {
    let mut pieces: Vec<(usize, String)> = Vec::new();
    for &(start, end, statement) in throws {
        let (line, column) = place(source, statement, Unit::Utf16);
        pieces.push((start, format!("{NOTE}(")));
        pieces.push((end, format!(",{path:?},{line},{column})")));
    }
    pieces.sort_by_key(|(at, _)| *at);
    let mut marked = Marked {
        code: String::with_capacity(source.len() + pieces.len() * 24),
        insertions: Vec::new(),
    };
    let mut done = 0;
    for (at, piece) in pieces {
        marked.code += &source[done..at];
        done = at;
        let (line, column) = place(&marked.code, marked.code.len(), unit);
        let length = narrow(piece.len());
        marked.insertions.push(Insertion { line, column, length });
        marked.code += &piece;
    }
    marked.code += &source[done..];
    marked
}

/// The line and column of a byte, both from 1.
fn place(text: &str, at: usize, unit: Unit) -> (u32, u32) {
    let before = &text[..at];
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let column = match unit {
        Unit::Bytes => at - begin,
        Unit::Utf16 => before[begin..].encode_utf16().count(),
    };
    (narrow(line), narrow(column + 1))
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: Option<&str>) {
        let marked = mark("a.js", source, SourceType::unambiguous(), Unit::Bytes);
        assert_eq!(marked.map(|marked| marked.code).as_deref(), expected, "{source}");
    }

    #[test]
    fn what_is_thrown_and_no_new_error_is_noted() {
        check("throw new Error('x');", None);
        check("const a = 1;", None);
        check("let a = ; throw 'x'", None);
        check("'throw a'", None);
        check("throw 'x';", Some("throw __ngoma_thrown('x',\"a.js\",1,1);"));
        check(
            "f();\n  throw a + b;",
            Some("f();\n  throw __ngoma_thrown(a + b,\"a.js\",2,3);"),
        );
        check(
            "throw (() => { throw 1 })()",
            Some("throw __ngoma_thrown((() => { throw __ngoma_thrown(1,\"a.js\",1,16) })(),\"a.js\",1,1)"),
        );
    }

    #[test]
    fn columns_lead_back_to_the_source() {
        let source = "if (é) throw 'xé'; next();";
        let marked = mark("a.js", source, SourceType::unambiguous(), Unit::Bytes).unwrap();
        for word in ["throw", "'xé'", "next"] {
            let column = |text: &str| narrow(text.find(word).unwrap()) + 1;
            let found = source_column(&marked.insertions, 1, column(&marked.code));
            assert_eq!(found, column(source), "{word}");
            assert_eq!(
                source_column(&marked.insertions, 2, column(&marked.code)),
                column(&marked.code)
            );
        }
    }
}
