//! The files a script may load: those of its bundle and those of the built-in libraries, prepared once.

use super::library::{self, Library};
use super::store::Store;
use crate::bundle;
use crate::frames::Failure;
use crate::worker::throws::{self, Insertion, Unit};
use crate::worker::typescript::{self, LineMap};
use crate::worker::{columns, loops};
use ngoma_engine::service::Bundle;
use oxc_span::SourceType;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;

/// How a file is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As an ES module.
    Module,
    /// As CommonJS; the main file as a script at global level.
    Script,
    /// As a value.
    Json,
    /// As its text.
    Text,
}

/// JavaScript ready for the engine.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The code, or the JSON text.
    pub code: String,
    /// How it is run.
    pub kind: Kind,
}

/// The files of a service and of the libraries.
pub struct Files {
    bundle: Store,
    main: String,
    library: Library,
    kinds: RefCell<HashMap<String, Kind>>,
    origins: RefCell<HashMap<String, LineMap>>,
    headers: RefCell<HashMap<String, u32>>,
    insertions: RefCell<HashMap<String, Vec<Insertion>>>,
}

impl Files {
    /// The files of this bundle beside the libraries.
    pub fn new(bundle: Bundle, library: Library) -> Self {
        Self {
            bundle: Store::new(bundle.files),
            main: bundle.main,
            library,
            kinds: RefCell::default(),
            origins: RefCell::default(),
            headers: RefCell::default(),
            insertions: RefCell::default(),
        }
    }

    /// The file that is run first.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// Whether there is such a file.
    pub fn contains(&self, path: &str) -> bool {
        self.bundle.contains(path) || self.library.contains_key(path)
    }

    /// The files of the libraries.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Makes itself small: what most services need of their files they have asked for by now.
    pub fn pack(&self) {
        self.bundle.pack();
    }

    /// Whether the author brought this file.
    pub fn is_authors(&self, path: &str) -> bool {
        self.bundle.contains(path)
    }

    /// A file of JSON; `None` if there is none or it is none.
    pub fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(&self.bundle.read(path)?).ok()
    }

    /// How a file is run: by its extension, by the nearest `package.json`, by its syntax.
    pub fn kind(&self, path: &str) -> Kind {
        if let Some(&kind) = self.kinds.borrow().get(path) {
            return kind;
        }
        let kind = match extension(path) {
            "mjs" | "mts" | "ts" => Kind::Module,
            "cjs" | "cts" => Kind::Script,
            "json" => Kind::Json,
            extension if bundle::TEXTS.contains(&extension) => Kind::Text,
            _ if library::is_trusted(path) => Kind::Script,
            _ if self.is_in_module_package(path) => Kind::Module,
            _ if self
                .text(path)
                .is_ok_and(|source| typescript::has_module_syntax(&source)) =>
            {
                Kind::Module
            }
            _ => Kind::Script,
        };
        self.kinds.borrow_mut().insert(path.to_owned(), kind);
        kind
    }

    /// A file, its types removed if it has any.
    pub fn prepare(&self, path: &str) -> Result<Prepared, Failure> {
        let kind = self.kind(path);
        let source = self.marked(path, kind, self.text(path)?);
        if !matches!(extension(path), "ts" | "mts" | "cts") {
            let code = source;
            return Ok(Prepared { code, kind });
        }
        let stripped = typescript::strip(path, &source)?;
        self.origins.borrow_mut().insert(path.to_owned(), stripped.origin);
        let code = stripped.code;
        Ok(Prepared { code, kind })
    }

    /// Notes that a file runs with this many columns before its first line.
    pub fn note_header(&self, path: &str, columns: usize) {
        let columns = u32::try_from(columns).unwrap_or(0);
        self.headers.borrow_mut().insert(path.to_owned(), columns);
    }

    /// The line, from 1, of a file that has this name between quotes.
    pub fn line_that_names(&self, path: &str, name: &str) -> Option<usize> {
        let source = self.text(path).ok()?;
        let quoted = [format!("'{name}'"), format!("\"{name}\"")];
        let names = |line: &str| quoted.iter().any(|quoted| line.contains(quoted));
        source.lines().position(names).map(|line| line + 1)
    }

    /// The author's line and column of a place in a file as it was run.
    pub fn origin(&self, path: &str, line: u32, column: u32) -> (u32, u32) {
        let header = self.headers.borrow().get(path).copied().filter(|_| line == 1);
        let column = column.saturating_sub(header.unwrap_or(0)).max(1);
        let insertions = self.insertions.borrow();
        let insertions = insertions.get(path).map(Vec::as_slice).unwrap_or_default();
        let origins = self.origins.borrow();
        match origins.get(path) {
            Some(origin) => {
                let (line, column) = origin.source(line, column).unwrap_or((line, column));
                (line, throws::source_column(insertions, line, column))
            }
            None => {
                let column = throws::source_column(insertions, line, column);
                (line, self.counted_in_utf16(path, line, column))
            }
        }
    }

    /// Code of the author's own with the places of what it throws.
    fn marked(&self, path: &str, kind: Kind, source: String) -> String {
        let is_package = path.split('/').any(|part| part == "node_modules");
        if !self.is_authors(path) || is_package || !matches!(kind, Kind::Module | Kind::Script) {
            return source;
        }
        let (syntax, unit) = match extension(path) {
            "ts" | "mts" | "cts" => (SourceType::ts(), Unit::Utf16),
            _ => (SourceType::unambiguous(), Unit::Bytes),
        };
        match throws::mark(path, &source, syntax, unit) {
            Some(marked) => {
                self.insertions.borrow_mut().insert(path.to_owned(), marked.insertions);
                marked.code
            }
            None => source,
        }
    }

    /// Moves the place of a failure by time to the loop that took it.
    pub fn move_to_loop(&self, failure: &mut Failure) {
        let (Some(path), Some(line), Some(column)) = (failure.file.as_deref(), failure.line, failure.column) else {
            return;
        };
        let Ok(source) = self.text(path) else { return };
        if let Some((line, column)) = loops::running(path, &source, self.kind(path), (line, column)) {
            (failure.line, failure.column) = (Some(line), Some(column));
        }
    }

    fn counted_in_utf16(&self, path: &str, line: u32, column: u32) -> u32 {
        let Ok(text) = self.text(path) else { return column };
        let number = line.saturating_sub(1) as usize;
        let text = text.split('\n').nth(number).unwrap_or_default();
        columns::to_utf16(text, column.saturating_sub(1)) + 1
    }

    fn text(&self, path: &str) -> Result<String, Failure> {
        let bytes = self
            .bundle
            .read(path)
            .or_else(|| self.library.get(path).map(|bytes| bytes.to_vec()));
        let problem = match bytes.map(String::from_utf8) {
            Some(Ok(text)) => return Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
            Some(Err(_)) => "is not UTF-8 text",
            None => "is not among the service's files",
        };
        Err(Failure {
            file: Some(path.to_owned()),
            ..Failure::new(format!("{path} {problem}"))
        })
    }

    fn is_in_module_package(&self, path: &str) -> bool {
        let package = folders(path).find_map(|folder| self.json(&join(folder, "package.json")));
        package.is_some_and(|package| package["type"] == "module")
    }
}

/// The folders a file is in, innermost first; the outermost is the empty name.
pub fn folders(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder(path)), |inner| (!inner.is_empty()).then(|| folder(inner)))
}

/// The folder of a file or folder.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path within a folder, `.` and `..` followed; never above the outermost folder.
pub fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a file's name ends in, after its last dot.
pub fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::bundle;
    use std::collections::BTreeMap;

    #[test]
    fn paths_are_followed_within_the_bundle() {
        for (folder, path, expected) in [
            ("", "./a.js", "a.js"),
            ("src/lib", "../a.js", "src/a.js"),
            ("src", "../../../etc/passwd", "etc/passwd"),
            ("ngoma:/states", "../index.ts", "ngoma:/index.ts"),
        ] {
            assert_eq!(join(folder, path), expected);
        }
        assert_eq!(folders("a/b/c.js").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }

    #[test]
    fn kind_follows_extension_package_and_syntax() {
        let text = |text: &str| text.as_bytes().to_vec();
        let files = BTreeMap::from([
            ("a.js".to_owned(), text("module.exports = 1")),
            ("b.js".to_owned(), text("export default 1")),
            ("c.ts".to_owned(), text("const a = 1")),
            ("d.cjs".to_owned(), text("1")),
            ("e.json".to_owned(), text("1")),
            ("lib/package.json".to_owned(), text(r#"{"type":"module"}"#)),
            ("lib/f.js".to_owned(), text("1")),
        ]);
        let files = Files::new(bundle("a.js".into(), files), Library::new());
        for (path, expected) in [
            ("a.js", Kind::Script),
            ("b.js", Kind::Module),
            ("c.ts", Kind::Module),
            ("d.cjs", Kind::Script),
            ("e.json", Kind::Json),
            ("lib/f.js", Kind::Module),
        ] {
            assert_eq!(files.kind(path), expected, "{path}");
        }
    }
}
