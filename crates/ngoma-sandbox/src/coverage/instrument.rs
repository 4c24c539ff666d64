//! Puts a counter before every statement, without moving a line.

use super::{COUNTERS, FilePlan, Plan};
use crate::bundle;
use crate::check::{is_of_author, is_test, source_type};
use crate::worker::{Files, Kind, library};
use ngoma_engine::service::Bundle;
use oxc_allocator::{Allocator, Vec as ArenaVec};
use oxc_ast::ast::{
    Argument, ArrowFunctionBody, ArrowFunctionExpression, CallExpression, DoWhileStatement, Expression, ForInStatement,
    ForOfStatement, ForStatement, IfStatement, LabeledStatement, Program, Statement, TSGlobalDeclaration,
    TSNamespaceDeclaration, VariableDeclaration, WhileStatement, WithStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{GetSpan, Span};

/// Puts counters into the author's files but tests. A file that cannot be read stays as it is: its error is told by
/// whoever loads it.
pub fn instrument(bundle: &Bundle) -> (Bundle, Plan) {
    let files = Files::new(bundle.clone(), library());
    let mut counted = bundle.files.clone();
    let mut plan = Plan::default();
    for (path, bytes) in &bundle.files {
        let kind = files.kind(path);
        if !matches!(kind, Kind::Module | Kind::Script)
            || !is_of_author(path)
            || is_test(path)
            || path.ends_with(".d.ts")
        {
            continue;
        }
        let Ok(source) = std::str::from_utf8(bytes) else {
            continue;
        };
        if let Some((code, file)) = instrument_file(path, source, kind, plan.files.len()) {
            counted.insert(path.clone(), code.into_bytes());
            plan.files.push(file);
        }
    }
    (bundle::bundle(bundle.main.clone(), counted), plan)
}

fn instrument_file(path: &str, source: &str, kind: Kind, number: usize) -> Option<(String, FilePlan)> {
    let allocator = Allocator::default();
    let source_type = source_type(path, kind);
    let options = ParseOptions {
        allow_return_outside_function: source_type.is_commonjs(),
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, source, source_type)
        .with_options(options)
        .parse();
    if parsed.panicked {
        return None;
    }
    let mut counters = Counters::new(path, source, number);
    counters.define(&parsed.program);
    counters.visit_program(&parsed.program);
    Some(counters.finish())
}

/// Text to put into the source at a byte.
struct Insertion {
    at: u32,
    text: String,
}

struct Counters<'s> {
    source: &'s str,
    function: String,
    insertions: Vec<Insertion>,
    plan: FilePlan,
    line_starts: Vec<usize>,
}

impl<'s> Counters<'s> {
    fn new(path: &str, source: &'s str, number: usize) -> Self {
        Self {
            source,
            function: format!("$ngoma{number}"),
            insertions: Vec::new(),
            plan: FilePlan {
                path: path.to_owned(),
                ..FilePlan::default()
            },
            line_starts: source.match_indices('\n').map(|(at, _)| at + 1).collect(),
        }
    }

    /// The function that counts: a declaration, so that it is there before any code of the file runs. It is called once
    /// for the file itself, so that one which is loaded and never used is seen to be.
    fn define(&mut self, program: &Program<'_>) {
        let at = program
            .body
            .first()
            .map_or(program.span.end, |first| first.span().start);
        let path = serde_json::Value::from(self.plan.path.as_str());
        let text = format!(
            "function {0}(n){{const g=globalThis;let a=g.{COUNTERS};if(!a){{a=g.{COUNTERS}={{}};const i=g.api;\
             if(i&&i.done){{const d=i.done;let t=false;i.done=function(){{if(!t){{t=true;\
             i.request(\"log.debug\",{{msg:{COUNTERS:?}+JSON.stringify(a)}});}}return d.call(i);}};}}}}\
             const f=a[{path}]||(a[{path}]={{}});f[n]=(f[n]|0)+1;}}{0}(-1);",
            self.function
        );
        self.insertions.push(Insertion { at, text });
    }

    /// A new counter for what begins here.
    fn counter(&mut self, at: u32) -> String {
        let line = self.line_starts.partition_point(|start| *start <= at as usize) + 1;
        self.plan.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        format!("{}({})", self.function, self.plan.lines.len() - 1)
    }

    fn insert(&mut self, at: u32, text: impl Into<String>) {
        self.insertions.push(Insertion { at, text: text.into() });
    }

    fn count_before(&mut self, span: Span) {
        let counter = self.counter(span.start);
        self.insert(span.start, format!("{counter};"));
    }

    /// A statement that stands alone where a block could: it becomes one.
    fn count_alone(&mut self, statement: &Statement<'_>) {
        if !is_counted(statement) {
            return;
        }
        let span = statement.span();
        let counter = self.counter(span.start);
        self.insert(span.start, format!("{{{counter};"));
        self.insert(span.end, "}");
    }

    fn finish(mut self) -> (String, FilePlan) {
        // What is put at the same byte stays in its order: the outer before the inner.
        self.insertions.sort_by_key(|insertion| insertion.at);
        let mut code = String::with_capacity(self.source.len() * 2);
        let mut from = 0;
        for Insertion { at, text } in &self.insertions {
            let at = *at as usize;
            code.push_str(&self.source[from..at]);
            code.push_str(text);
            from = at;
        }
        code.push_str(&self.source[from..]);
        (code, self.plan)
    }
}

impl<'a> Visit<'a> for Counters<'_> {
    fn visit_statements(&mut self, it: &ArenaVec<'a, Statement<'a>>) {
        for statement in it {
            if is_counted(statement) {
                self.count_before(statement.span());
            }
            self.visit_statement(statement);
        }
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        self.visit_expression(&it.test);
        self.alone(&it.consequent);
        if let Some(alternate) = &it.alternate {
            self.alone(alternate);
        }
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        self.visit_expression(&it.test);
        self.alone(&it.body);
    }

    fn visit_do_while_statement(&mut self, it: &DoWhileStatement<'a>) {
        self.alone(&it.body);
        self.visit_expression(&it.test);
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        if let Some(init) = &it.init {
            self.visit_for_statement_init(init);
        }
        it.test
            .iter()
            .chain(&it.update)
            .for_each(|part| self.visit_expression(part));
        self.alone(&it.body);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.visit_expression(&it.right);
        self.alone(&it.body);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        self.visit_expression(&it.right);
        self.alone(&it.body);
    }

    fn visit_with_statement(&mut self, it: &WithStatement<'a>) {
        self.visit_expression(&it.object);
        self.alone(&it.body);
    }

    fn visit_labeled_statement(&mut self, it: &LabeledStatement<'a>) {
        // A label belongs to the loop that follows it: nothing may come between.
        self.visit_statement(&it.body);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.visit_formal_parameters(&it.params);
        if matches!(it.body, ArrowFunctionBody::FunctionBody(_)) {
            return walk::walk_arrow_function_body(self, &it.body);
        }
        let span = it.body.span();
        let counter = self.counter(span.start);
        self.insert(span.start, format!("({counter},"));
        walk::walk_arrow_function_body(self, &it.body);
        self.insert(span.end, ")");
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let begins = self.plan.lines.len();
        walk::walk_call_expression(self, it);
        let is_made_by_function = matches!(it.arguments.last(), Some(Argument::FunctionExpression(_)))
            || matches!(it.arguments.last(), Some(Argument::ArrowFunctionExpression(_)));
        if let (Some(Argument::StringLiteral(name)), true, true) =
            (it.arguments.first(), is_made_by_function, is_call_of_add(&it.callee))
            && self.plan.lines.len() > begins
        {
            self.plan.states.push((name.value.to_string(), begins));
        }
    }

    fn visit_ts_namespace_declaration(&mut self, it: &TSNamespaceDeclaration<'a>) {
        if !it.declare {
            walk::walk_ts_namespace_declaration(self, it);
        }
    }

    fn visit_ts_global_declaration(&mut self, _: &TSGlobalDeclaration<'a>) {}

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        if !it.declare {
            walk::walk_variable_declaration(self, it);
        }
    }
}

impl Counters<'_> {
    fn alone<'a>(&mut self, statement: &Statement<'a>) {
        let before = self.insertions.len();
        self.count_alone(statement);
        // What closes the block comes after what is put at the same byte within it.
        let closing = (self.insertions.len() > before)
            .then(|| self.insertions.pop())
            .flatten();
        self.visit_statement(statement);
        self.insertions.extend(closing);
    }
}

/// Whether a statement does something when it is reached.
fn is_counted(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::VariableDeclaration(declared) => !declared.declare,
        Statement::ExportDefaultDeclaration(exported) => exported.declaration.as_expression().is_some(),
        Statement::ExportDeclaration(exported) => {
            matches!(&exported.declaration, oxc_ast::ast::Declaration::VariableDeclaration(declared) if !declared.declare)
        }
        Statement::BlockStatement(_) | Statement::EmptyStatement(_) => false,
        statement => !statement.is_declaration() && !statement.is_module_declaration(),
    }
}

fn is_call_of_add(callee: &Expression<'_>) -> bool {
    matches!(callee, Expression::StaticMemberExpression(member) if member.property.name == "add")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn instrumented(path: &str, source: &str) -> (String, FilePlan) {
        let files = BTreeMap::from([(path.to_owned(), source.as_bytes().to_vec())]);
        let (bundle, mut plan) = instrument(&bundle::bundle(path.to_owned(), files));
        (
            String::from_utf8(bundle.files[path].clone()).unwrap(),
            plan.files.remove(0),
        )
    }

    /// The code without the function that counts, with `#` and the number for each counter.
    fn check(path: &str, source: &str, expected: &str, lines: &[u32]) {
        let (code, plan) = instrumented(path, source);
        let begin = code.find("function $ngoma0").unwrap();
        let end = begin + code[begin..].find("$ngoma0(-1);").unwrap() + "$ngoma0(-1);".len();
        let rest = format!("{}{}", &code[..begin], &code[end..]);
        let mut rest = rest;
        for number in 0..plan.lines.len() {
            rest = rest.replace(&format!("$ngoma0({number})"), &format!("#{number}"));
        }
        assert_eq!(rest, expected);
        assert_eq!(plan.lines, lines);
        assert_eq!(code.lines().count(), source.lines().count(), "lines moved");
    }

    #[test]
    fn every_statement_is_counted_on_its_line() {
        check("a.js", "a();\nb();", "#0;a();\n#1;b();", &[1, 2]);
        check(
            "a.js",
            "'use strict';\nlet a = 1\nreturn",
            "'use strict';\n#0;let a = 1\n#1;return",
            &[2, 3],
        );
        check(
            "a.js",
            "if (a) b(); else if (c) d(); else { e() }",
            "#0;if (a) {#1;b();} else {#2;if (c) {#3;d();} else { #4;e() }}",
            &[1; 5],
        );
        check(
            "a.js",
            "for (const a of b) for (;;) c();",
            "#0;for (const a of b) {#1;for (;;) {#2;c();}}",
            &[1; 3],
        );
        check(
            "a.js",
            "do a(); while (b)\nc()",
            "#0;do {#1;a();} while (b)\n#2;c()",
            &[1, 1, 2],
        );
        check(
            "a.js",
            "x: while (a) { continue x; }",
            "#0;x: while (a) { #1;continue x; }",
            &[1, 1],
        );
        check(
            "a.js",
            "switch (a) { case 1: b(); break; default: }",
            "#0;switch (a) { case 1: #1;b(); #2;break; default: }",
            &[1; 3],
        );
        check(
            "a.js",
            "function f() {\n  return 1;\n}",
            "function f() {\n  #0;return 1;\n}",
            &[2],
        );
        check(
            "a.js",
            "a = () => ({ b: c => d });",
            "#0;a = () => (#1,({ b: c => (#2,d) }));",
            &[1; 3],
        );
        check(
            "a.js",
            "class A { b() { c(); } static { d(); } }",
            "class A { b() { #0;c(); } static { #1;d(); } }",
            &[1, 1],
        );
    }

    #[test]
    fn types_and_declarations_are_not() {
        check(
            "a.ts",
            "import a from './a';\ninterface B { c: string }\ntype D = B;\ndeclare const e: D;\nenum F { G }\nexport const h = (i: D): D => i;\nexport default a(e, h);\nexport { a };",
            "import a from './a';\ninterface B { c: string }\ntype D = B;\ndeclare const e: D;\nenum F { G }\n#0;export const h = (i: D): D => (#1,i);\n#2;export default a(e, h);\nexport { a };",
            &[6, 6, 7],
        );
    }

    #[test]
    fn the_making_of_a_state_is_a_counter() {
        let (_, plan) = instrumented(
            "a.js",
            "a();\nself.states.add('one', function () {\n  b();\n});\nself.add('two', () => c);\nset.add('three');",
        );
        assert_eq!(plan.states, [("one".to_owned(), 2), ("two".to_owned(), 4)]);
    }

    #[test]
    fn tests_packages_and_what_is_no_code_stay_as_they_are() {
        let files =
            ["test/a.js", "node_modules/a/a.js", "a.d.ts", "a.json"].map(|path| (path.to_owned(), b"1".to_vec()));
        let before = bundle::bundle("a.json".into(), BTreeMap::from(files));
        let (after, plan) = instrument(&before);
        assert_eq!((after, plan), (before, Plan::default()));
    }
}
