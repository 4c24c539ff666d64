//! Turns TypeScript into JavaScript, file by file, and remembers where each piece came from.

use super::columns;
use crate::frames::Failure;
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_diagnostics::{Diagnostics, Severity};
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use oxc_transformer::{TransformOptions, Transformer};
use std::path::Path;

/// JavaScript, and its origin.
pub struct Stripped {
    pub code: String,
    pub origin: LineMap,
}

/// Where the pieces of a generated file were in the file it came from; all counted from 0, in order of the generated file.
/// Columns of the generated file are bytes, as the engine counts them; those of the source are UTF-16, as editors do.
#[derive(Clone, Debug, Default)]
pub struct LineMap(Vec<Piece>);

#[derive(Clone, Copy, Debug)]
struct Piece {
    generated: (u32, u32),
    source: (u32, u32),
}

impl LineMap {
    /// The place in the source of a place in the generated file, both counted from 1.
    pub fn source(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let wanted = (line.checked_sub(1)?, column.saturating_sub(1));
        let after = self.0.partition_point(|piece| piece.generated <= wanted);
        let piece = self.0[..after]
            .last()
            .filter(|piece| piece.generated.0 == wanted.0)
            .or_else(|| self.0.get(after).filter(|piece| piece.generated.0 == wanted.0))?;
        Some((piece.source.0 + 1, piece.source.1 + 1))
    }
}

/// Removes the types of a file of this name.
pub fn strip(path: &str, source: &str) -> Result<Stripped, Failure> {
    let allocator = Allocator::default();
    let source_type = SourceType::ts();
    let parsed = Parser::new(&allocator, source, source_type).parse();
    if let Some(failure) = first_error(path, source, &parsed.diagnostics) {
        return Err(failure);
    }
    let mut program = parsed.program;
    let analysed = SemanticBuilder::new().with_enum_eval(true).build(&program);
    if let Some(failure) = first_error(path, source, &analysed.diagnostics) {
        return Err(failure);
    }
    let scoping = analysed.semantic.into_scoping();
    let options = TransformOptions::default();
    let transformed = Transformer::new(&allocator, Path::new(path), &options).build_with_scoping(scoping, &mut program);
    if let Some(failure) = first_error(path, source, &transformed.diagnostics) {
        return Err(failure);
    }
    let options = CodegenOptions {
        comments: CommentOptions::disabled(),
        source_map_path: Some(path.into()),
        ..CodegenOptions::default()
    };
    let generated = Codegen::new().with_options(options).build(&program);
    let lines: Vec<&str> = generated.code.split('\n').collect();
    let pieces = generated.map.iter().flat_map(|map| map.get_tokens()).map(|token| {
        let line = token.get_dst_line();
        let text = lines.get(line as usize).copied().unwrap_or_default();
        Piece {
            generated: (line, columns::to_bytes(text, token.get_dst_col())),
            source: (token.get_src_line(), token.get_src_col()),
        }
    });
    let origin = LineMap(pieces.collect());
    let code = generated.code;
    Ok(Stripped { code, origin })
}

/// Whether JavaScript is written as a module: it imports, exports, or asks for `import.meta`.
pub fn has_module_syntax(source: &str) -> bool {
    if !source.contains("import") && !source.contains("export") {
        return false;
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::unambiguous()).parse();
    parsed.module_record.has_module_syntax
}

fn first_error(path: &str, source: &str, diagnostics: &Diagnostics) -> Option<Failure> {
    let error = diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error)?;
    let offset = error.labels.first().map(|label| label.offset() as usize);
    let (line, column) = offset.map(|offset| place(source, offset)).unzip();
    Some(Failure {
        message: format!("SyntaxError: {}", error.message),
        file: Some(path.to_owned()),
        line,
        column,
    })
}

/// The line and column of a byte, both from 1.
pub fn place(source: &str, offset: usize) -> (u32, u32) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).encode_utf16().count() + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_and_code_stays() {
        let source = "import type { A } from './a';\nenum Level { Low = 1, High }\nclass B { constructor(private a: A) {} }\n\
                      export const x = (y: number): Level => y satisfies number;\n";
        let stripped = strip("main.ts", source).unwrap();
        assert!(!stripped.code.contains("import"), "{}", stripped.code);
        assert!(stripped.code.contains("this.a = a"), "{}", stripped.code);
        assert!(stripped.code.contains("export const x = (y) =>"), "{}", stripped.code);
    }

    #[test]
    fn a_place_leads_back_to_the_source() {
        let source = "interface A {\n  b: string;\n}\n\nexport function f(a: A) {\n  throw new Error(a.b);\n}\n";
        let stripped = strip("main.ts", source).unwrap();
        let line = stripped.code.lines().position(|line| line.contains("throw")).unwrap() as u32 + 1;
        assert_eq!(stripped.origin.source(line, 8), Some((6, 9)));
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let failure = strip("a.ts", "const a: number = 1;\nconst = 2;\n").err().unwrap();
        assert_eq!(
            (failure.file.as_deref(), failure.line, failure.column),
            (Some("a.ts"), Some(2), Some(7))
        );
        assert!(failure.message.starts_with("SyntaxError: "), "{failure:?}");
    }

    #[test]
    fn modules_are_known_by_their_syntax() {
        for (source, expected) in [
            ("import a from './a'", true),
            ("export const a = 1", true),
            ("const important = require('./import')", false),
            ("import('./a')", false),
            ("// export\nmodule.exports = 1", false),
        ] {
            assert_eq!(has_module_syntax(source), expected, "{source}");
        }
    }
}
