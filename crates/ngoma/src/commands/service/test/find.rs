//! Finds the tests of a service: its dialogues and its files of tests.

use super::globs;
use anyhow::{Context, Result, bail};
use ngoma_engine::service::Bundle;
use ngoma_sandbox::{bundle, check};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep folders are searched for dialogues.
const DEPTH_LIMIT: usize = 8;
/// The most dialogues of one run.
const DIALOGUES_LIMIT: usize = 2000;

/// What there is to run.
#[derive(Debug)]
pub struct Found {
    /// The service itself: what dialogues talk to that name none.
    pub service: Option<PathBuf>,
    /// The files of tests, within the service's folder.
    pub specs: Vec<String>,
    /// The dialogues.
    pub dialogues: Vec<PathBuf>,
    /// The folder that all of it is in.
    pub folder: PathBuf,
}

/// Looks for what a path offers.
pub fn find(path: &Path, specs: &[String]) -> Result<Found> {
    fs::metadata(path).with_context(|| path.display().to_string())?;
    let folder = folder_of(path);
    let mut found = Found {
        service: service_of(path),
        specs: Vec::new(),
        dialogues: Vec::new(),
        folder,
    };
    if is_dialogue(path) {
        found.dialogues.push(path.to_owned());
        return Ok(found);
    }
    let is_of_dialogues = path.is_dir() && !is_service(&found.folder);
    search(
        &found.folder,
        is_of_dialogues || is_called_dialogues(&found.folder),
        0,
        &mut found.dialogues,
    )?;
    found.dialogues.sort();
    if !is_called_dialogues(&found.folder) {
        found.specs = find_specs(&found, specs)?;
    }
    if found.specs.is_empty() && found.dialogues.is_empty() {
        bail!(
            "{}: no tests: write dialogues/first.txt, or test/first.test.js with describe and it",
            path.display()
        );
    }
    Ok(found)
}

/// The folder of what a path names.
pub fn folder_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Found {
    /// The code for the files of tests, if there are any.
    pub fn bundle_for_specs(&self) -> Result<Option<Bundle>> {
        if self.specs.is_empty() {
            return Ok(None);
        }
        Ok(Some(bundle::read_all(&self.folder)?))
    }

    /// A file as it is called in reports: from the folder.
    pub fn shown(&self, file: &Path) -> String {
        let shown = file.strip_prefix(&self.folder).unwrap_or(file);
        shown.with_extension("").display().to_string()
    }
}

/// Whether a folder is a service: in JavaScript it has a package.json, in Python a main.py.
fn is_service(folder: &Path) -> bool {
    folder.join("package.json").is_file() || folder.join("main.py").is_file()
}

/// A script, or the nearest folder around the path that is a service.
fn service_of(path: &Path) -> Option<PathBuf> {
    if path.is_file() && !is_dialogue(path) {
        return Some(path.to_owned());
    }
    let path = fs::canonicalize(path).ok()?;
    let mut folders = path.ancestors();
    folders.find(|folder| is_service(folder)).map(Path::to_owned)
}

fn find_specs(found: &Found, specs: &[String]) -> Result<Vec<String>> {
    let bundle = match bundle::read_all(&found.folder) {
        Ok(bundle) => bundle,
        // A script alone in a folder with much else has no files of tests.
        Err(_) if !is_service(&found.folder) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let paths: Vec<&String> = bundle.files.keys().filter(|path| check::is_of_author(path)).collect();
    let wanted = if specs.is_empty() {
        specs_of_package(&bundle)
    } else {
        specs.to_vec()
    };
    if wanted.is_empty() {
        return Ok(paths.into_iter().filter(|path| check::is_test(path)).cloned().collect());
    }
    let mut chosen: Vec<String> = Vec::new();
    for glob in &wanted {
        let matching: Vec<&&String> = paths.iter().filter(|path| globs::matches(glob, path)).collect();
        if matching.is_empty() {
            bail!("no file is called {glob:?}: correct the spec");
        }
        for path in matching {
            if !chosen.contains(path) {
                chosen.push((*path).clone());
            }
        }
    }
    Ok(chosen)
}

/// What `package.json` says: `{"mocha": {"spec": ["test/*.js"]}}`.
fn specs_of_package(bundle: &Bundle) -> Vec<String> {
    let text = bundle.files.get("package.json").map(Vec::as_slice).unwrap_or_default();
    let package: Value = serde_json::from_slice(text).unwrap_or_default();
    match &package["mocha"]["spec"] {
        Value::String(spec) => vec![spec.clone()],
        Value::Array(specs) => specs.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Collects the dialogues of folders called so, and of the first one if it is one of dialogues itself.
fn search(folder: &Path, is_of_dialogues: bool, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name();
        let is_left_out = name == "node_modules" || name.as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !is_left_out && depth < DEPTH_LIMIT {
            search(&path, is_called_dialogues(&path), depth + 1, found)?;
        } else if kind.is_file() && is_of_dialogues && is_dialogue(&path) {
            found.push(path);
        }
    }
    if found.len() > DIALOGUES_LIMIT {
        bail!("more than {DIALOGUES_LIMIT} dialogues: test a folder of them at a time");
    }
    Ok(())
}

fn is_called_dialogues(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "dialogues")
}

fn is_dialogue(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], path: &str, specs: &[&str], expected: Result<(&[&str], &[&str]), &str>) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let (name, text) = file.split_once('=').unwrap_or((file, ""));
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let specs: Vec<String> = specs.iter().map(|spec| (*spec).to_owned()).collect();
        match (find(&folder.path().join(path), &specs), expected) {
            (Ok(found), Ok((specs, dialogues))) => {
                assert_eq!(found.specs, specs);
                let shown: Vec<String> = found.dialogues.iter().map(|file| found.shown(file)).collect();
                assert_eq!(shown, dialogues);
            }
            (Err(problem), Err(expected)) => {
                let problem = format!("{problem:#}");
                assert!(problem.contains(expected), "{problem}");
            }
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn tests_are_found_by_their_place_and_name() {
        let files = [
            "package.json={}",
            "main.js",
            "test/b.js",
            "a.test.ts",
            "dialogues/one.txt",
            "test/dialogues/two.txt",
            "notes.txt",
            "node_modules/q/test/q.js",
            "node_modules/q/dialogues/no.txt",
        ];
        check(
            &files,
            "",
            &[],
            Ok((&["a.test.ts", "test/b.js"], &["dialogues/one", "test/dialogues/two"])),
        );
        check(&files, "dialogues", &[], Ok((&[], &["one"])));
        check(&files, "dialogues/one.txt", &[], Ok((&[], &["one"])));
        check(
            &files,
            "",
            &["main.js", "test/*"],
            Ok((&["main.js", "test/b.js"], &["dialogues/one", "test/dialogues/two"])),
        );
        check(&files, "", &["tset/*.js"], Err("no file is called \"tset/*.js\""));
        check(&files, "missing", &[], Err("No such file"));
    }

    #[test]
    fn a_folder_needs_no_package_to_have_tests() {
        check(
            &["lib/app.js", "test/app.test.js"],
            "",
            &[],
            Ok((&["test/app.test.js"], &[])),
        );
        check(&["one.txt"], "", &[], Ok((&[], &["one"])));
    }

    #[test]
    fn a_package_may_say_which_files_are_tests() {
        let files = [
            "package.json={\"mocha\":{\"spec\":\"checks/*.js\"}}",
            "checks/a.js",
            "test/b.js",
        ];
        check(&files, "", &[], Ok((&["checks/a.js"], &[])));
    }

    #[test]
    fn a_service_without_tests_is_told_how_to_begin() {
        check(
            &["package.json={}", "main.js"],
            "",
            &[],
            Err("no tests: write dialogues/first.txt"),
        );
    }
}
