//! Which loop code was stopped in.
//!
//! The engine looks up from running code where it jumps back to the head of a loop, and names the place before the head: what was
//! written last before the loop, which may be far from it. A place within a loop is right as it is.

use super::modules::Kind;
use crate::check::source_type;
use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast_visit::Visit;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{GetSpan, Span};

/// The place of the loop that follows this place in its function, unless the place lies within a loop. Places are lines and
/// UTF-16 columns of the author's file, from 1.
pub fn running(path: &str, source: &str, kind: Kind, place: (u32, u32)) -> Option<(u32, u32)> {
    let allocator = Allocator::default();
    let source_type = source_type(path, kind);
    let options = ParseOptions {
        allow_return_outside_function: source_type.is_commonjs(),
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, source, source_type)
        .with_options(options)
        .parse();
    let mut found = Found::default();
    found.visit_program(&parsed.program);
    let offset = offset_of(source, place)?;
    let head = found.next_loop(offset)?;
    Some(super::typescript::place(source, head as usize))
}

/// The functions and the loops of a file, as they begin.
#[derive(Default)]
struct Found {
    functions: Vec<Span>,
    loops: Vec<Span>,
}

impl<'a> Visit<'a> for Found {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::Function(_) | AstKind::ArrowFunctionExpression(_) => self.functions.push(kind.span()),
            AstKind::ForStatement(_)
            | AstKind::ForInStatement(_)
            | AstKind::ForOfStatement(_)
            | AstKind::WhileStatement(_)
            | AstKind::DoWhileStatement(_) => self.loops.push(kind.span()),
            _ => {}
        }
    }
}

impl Found {
    fn next_loop(&self, offset: u32) -> Option<u32> {
        let holds = |span: &&Span| span.start <= offset && offset < span.end;
        let narrowest = self.functions.iter().filter(holds).min_by_key(|span| span.size());
        let inside = |span: &&Span| self.innermost(span.start) == narrowest;
        if self.loops.iter().filter(inside).any(|span| holds(&span)) {
            return None;
        }
        let later = self.loops.iter().filter(inside).filter(|span| span.start > offset);
        later.map(|span| span.start).min()
    }

    fn innermost(&self, offset: u32) -> Option<&Span> {
        let holds = |span: &&Span| span.start <= offset && offset < span.end;
        self.functions.iter().filter(holds).min_by_key(|span| span.size())
    }
}

fn offset_of(source: &str, (line, column): (u32, u32)) -> Option<u32> {
    let before: usize = source
        .split_inclusive('\n')
        .take(line.checked_sub(1)? as usize)
        .map(str::len)
        .sum();
    let text = source.get(before..)?.lines().next()?;
    let within = super::columns::to_bytes(text, column.saturating_sub(1));
    u32::try_from(before).ok()?.checked_add(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "function a(x) {
  if (x) throw 1;
  for (;;) {
    x.b();
  }
}
const b = () => { while (true); };
function c() {
  a();
  return [1].map(() => { do {} while (1); });
}
";

    #[test]
    fn a_place_before_a_loop_becomes_the_loops() {
        for (place, expected) in [
            ((2, 10), Some((3, 3))),
            ((4, 5), None),
            ((7, 17), Some((7, 19))),
            ((9, 3), None),
            ((99, 1), None),
            ((0, 0), None),
        ] {
            assert_eq!(running("main.js", SOURCE, Kind::Script, place), expected, "{place:?}");
        }
    }
}
