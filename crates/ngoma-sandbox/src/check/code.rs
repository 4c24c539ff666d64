//! Reads one file of code: what it mentions and does not define, what it loads, which texts it names.

use super::Finding;
use super::places::Places;
use crate::worker::{Files, Importer, Kind};
use oxc_allocator::Allocator;
use oxc_ast::ast::{Argument, CallExpression, Expression, ImportExpression, Program, StringLiteral, UnaryExpression};
use oxc_ast::ast::{BinaryExpression, BinaryOperator, ObjectProperty, TemplateLiteral, UnaryOperator};
use oxc_ast_visit::{Visit, walk};
use oxc_diagnostics::{Diagnostics, Severity};
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::{SourceType, Span};
use std::collections::BTreeSet;

/// A file of code, as far as a check is concerned.
#[derive(Debug, Default)]
pub struct Code {
    /// Its path.
    pub path: String,
    /// Whether writing to a name that nothing defines is a mistake here.
    pub is_strict: bool,
    /// The names it uses as values and does not define.
    pub mentions: Vec<Mention>,
    /// The names it defines for other scripts too, were they one file: those of a loose script's top level.
    pub declared: Vec<String>,
    /// The names it asks about with `typeof`, so that they need not be there.
    pub asked_about: BTreeSet<String>,
    /// The modules it loads.
    pub loads: Vec<Load>,
    /// Its texts between quotes.
    pub texts: Vec<TextPlace>,
    /// Beginnings of texts that are put together.
    pub prefixes: Vec<String>,
    /// The states it adds to an app of the toolkit.
    pub states: Vec<TextPlace>,
    /// The keys of its objects whose values are made by a call, as the states of a service are.
    pub keys: Vec<TextPlace>,
}

/// Where the words of a service stand in its files.
pub struct Sources<'a> {
    main: &'a str,
    codes: &'a [Code],
}

/// A file, and a line and a column in it.
pub struct Spot<'a> {
    file: &'a str,
    place: (u32, u32),
}

impl<'a> Sources<'a> {
    /// The author's files but tests.
    pub fn new(main: &'a str, codes: &'a [Code]) -> Self {
        Self { main, codes }
    }

    /// No files: whatever is looked for is in the first one.
    #[cfg(test)]
    pub fn none(main: &'a str) -> Self {
        Self { main, codes: &[] }
    }

    /// Where a state is written.
    pub fn at_state(&self, name: &str) -> Spot<'a> {
        self.find(name, |code| &code.keys)
    }

    /// Where a text is written.
    pub fn at_text(&self, text: &str) -> Spot<'a> {
        self.find(text, |code| &code.texts)
    }

    fn find(&self, text: &str, list: impl Fn(&'a Code) -> &'a Vec<TextPlace>) -> Spot<'a> {
        let codes = self.codes.iter().filter(|code| !super::is_test(&code.path));
        let found = codes
            .flat_map(|code| list(code).iter().map(move |place| (code, place)))
            .find(|(_, place)| place.text == text);
        found.map_or(
            Spot {
                file: self.main,
                place: (0, 0),
            },
            |(code, found)| Spot {
                file: &code.path,
                place: found.place,
            },
        )
    }
}

impl Spot<'_> {
    /// An error here.
    pub fn error(&self, problem: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding::error(self.file, self.place, problem, advice)
    }

    /// A warning here.
    pub fn warning(&self, problem: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding::warning(self.file, self.place, problem, advice)
    }
}

/// A name, used.
#[derive(Debug)]
pub struct Mention {
    /// The name.
    pub name: String,
    /// Where.
    pub place: (u32, u32),
    /// Whether something is written to it.
    pub is_write: bool,
}

/// A module, loaded by its name.
#[derive(Debug)]
pub struct Load {
    /// The name.
    pub name: String,
    /// Where.
    pub place: (u32, u32),
    /// By what.
    pub importer: Importer,
}

/// A text between quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPlace {
    /// The text.
    pub text: String,
    /// Where.
    pub place: (u32, u32),
}

/// Reads a file; one of data has no code.
pub fn read(files: &Files, path: &str, bytes: &[u8]) -> Result<Option<Code>, Vec<Finding>> {
    let Ok(source) = std::str::from_utf8(bytes) else {
        return Err(vec![Finding::error(
            path,
            (0, 0),
            "is not UTF-8 text",
            "save it as UTF-8",
        )]);
    };
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        // Compilers let these have comments.
        "json" if path.ends_with("tsconfig.json") || path.ends_with("jsconfig.json") => Ok(None),
        "json" => read_json(path, source).map(|()| None),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" => {
            read_code(path, source, source_type(path, files.kind(path))).map(Some)
        }
        _ => Ok(None),
    }
}

/// How a file's syntax is read.
pub fn source_type(path: &str, kind: Kind) -> SourceType {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "ts" | "mts" | "cts" if path.ends_with(".d.ts") => SourceType::d_ts(),
        "ts" | "mts" | "cts" => SourceType::ts(),
        _ if kind == Kind::Module => SourceType::mjs(),
        _ => SourceType::cjs(),
    }
}

fn read_json(path: &str, source: &str) -> Result<(), Vec<Finding>> {
    let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_str(source);
    parsed.map(drop).map_err(|error| {
        let text = error.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        let place = (narrow(error.line()), narrow(error.column()));
        vec![Finding::error(
            path,
            place,
            format!("not JSON: {what}"),
            "correct the text",
        )]
    })
}

fn read_code(path: &str, source: &str, source_type: SourceType) -> Result<Code, Vec<Finding>> {
    let allocator = Allocator::default();
    let places = Places::new(source);
    let options = ParseOptions {
        allow_return_outside_function: source_type.is_commonjs(),
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, source, source_type)
        .with_options(options)
        .parse();
    errors(path, &places, &parsed.diagnostics)?;
    let analysed = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .build(&parsed.program);
    errors(path, &places, &analysed.diagnostics)?;
    let mut reader = Reader::new(path, &places);
    reader.code.is_strict = is_strict(source_type, &parsed.program);
    reader.visit_program(&parsed.program);
    for (name, requests) in &parsed.module_record.requested_modules {
        for request in requests.iter().filter(|request| !request.is_type) {
            reader.load(name.as_str(), request.span, Importer::Module);
        }
    }
    let mut code = reader.code;
    if !code.is_strict {
        let scoping = analysed.semantic.scoping();
        let declared = scoping.get_bindings(scoping.root_scope_id()).keys();
        code.declared = declared.map(|name| name.to_string()).collect();
    }
    if !source_type.is_typescript_definition() {
        code.mentions = mentions(&places, &analysed.semantic);
    }
    Ok(code)
}

fn is_strict(source_type: SourceType, program: &Program<'_>) -> bool {
    let says_so = program
        .directives
        .iter()
        .any(|directive| directive.directive == "use strict");
    source_type.is_module() || source_type.is_typescript() || says_so
}

/// What stands in the way of running the file.
fn errors(path: &str, places: &Places<'_>, diagnostics: &Diagnostics) -> Result<(), Vec<Finding>> {
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error);
    let findings: Vec<Finding> = errors
        .map(|error| {
            let place = error
                .labels
                .first()
                .map_or((1, 1), |label| places.of(label.offset() as usize));
            let advice = error
                .help
                .as_deref()
                .map_or_else(|| advice_for(&error.message), str::to_owned);
            Finding::error(path, place, error.message.to_string(), advice)
        })
        .collect();
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

fn advice_for(message: &str) -> String {
    let advice = if message.contains("already been declared") {
        "give one of them another name"
    } else {
        "write what belongs here, or take away what does not"
    };
    advice.to_owned()
}

/// The names that the file uses as values and does not define.
fn mentions(places: &Places<'_>, semantic: &Semantic<'_>) -> Vec<Mention> {
    let scoping = semantic.scoping();
    let unresolved = scoping.root_unresolved_references().iter();
    let references = unresolved.flat_map(|(name, ids)| ids.iter().map(move |id| (name, scoping.get_reference(*id))));
    references
        .filter(|(_, reference)| !reference.is_type())
        .map(|(name, reference)| Mention {
            name: name.to_string(),
            place: places.of(semantic.reference_span(reference).start as usize),
            is_write: reference.is_write() && !reference.is_read(),
        })
        .collect()
}

struct Reader<'s> {
    code: Code,
    places: &'s Places<'s>,
}

impl<'s> Reader<'s> {
    fn new(path: &str, places: &'s Places<'s>) -> Self {
        let code = Code {
            path: path.to_owned(),
            ..Code::default()
        };
        Self { code, places }
    }

    fn load(&mut self, name: &str, span: Span, importer: Importer) {
        self.code.loads.push(Load {
            name: name.to_owned(),
            place: self.places.of(span.start as usize),
            importer,
        });
    }

    fn text(&self, literal: &StringLiteral<'_>) -> TextPlace {
        TextPlace {
            text: literal.value.to_string(),
            place: self.places.of(literal.span.start as usize),
        }
    }
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        if it.operator == UnaryOperator::Typeof
            && let Expression::Identifier(name) = &it.argument
        {
            self.code.asked_about.insert(name.name.to_string());
        }
        walk::walk_unary_expression(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if let Some(Argument::StringLiteral(first)) = it.arguments.first() {
            if it.callee.is_specific_id("require") && it.arguments.len() == 1 {
                self.load(&first.value, first.span, Importer::Script);
            } else if it.arguments.len() > 1 && is_adding_a_state(&it.callee, it.arguments.last()) {
                let state = self.text(first);
                self.code.states.push(state);
                // The name it is added by is no way to it.
                self.visit_expression(&it.callee);
                it.arguments
                    .iter()
                    .skip(1)
                    .for_each(|argument| self.visit_argument(argument));
                return;
            }
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if let (Some(name), Expression::CallExpression(_)) = (it.key.static_name(), &it.value) {
            self.code.keys.push(TextPlace {
                text: name.into_owned(),
                place: self.places.of(it.span.start as usize),
            });
        }
        walk::walk_object_property(self, it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        if let Expression::StringLiteral(name) = &it.source {
            self.load(&name.value, name.span, Importer::Module);
        }
        walk::walk_import_expression(self, it);
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        let text = self.text(it);
        self.code.texts.push(text);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        if let (BinaryOperator::Addition, Expression::StringLiteral(begin)) = (it.operator, &it.left) {
            self.code.prefixes.push(begin.value.to_string());
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        if let Some(begin) = it.quasis.first() {
            self.code.prefixes.push(begin.value.raw.to_string());
        }
        walk::walk_template_literal(self, it);
    }
}

/// `app.states.add('name', …)`, the same on what `states` was put into, or an `add` of the app's own that is given a name
/// and what makes the state.
fn is_adding_a_state(callee: &Expression<'_>, last: Option<&Argument<'_>>) -> bool {
    let Expression::StaticMemberExpression(member) = callee else {
        return false;
    };
    let of_states = match &member.object {
        Expression::StaticMemberExpression(owner) => owner.property.name == "states",
        Expression::Identifier(owner) => owner.name == "states",
        _ => false,
    };
    let is_made = matches!(
        last,
        Some(Argument::FunctionExpression(_) | Argument::ArrowFunctionExpression(_))
    );
    member.property.name == "add" && (of_states || is_made)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
