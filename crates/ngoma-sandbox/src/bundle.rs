//! Reads a service's code from disk: one file, or a folder with a `package.json`.

use ngoma_engine::service::Bundle;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FILES_LIMIT: usize = 20_000;
const FILE_BYTES_LIMIT: u64 = 4 << 20;
const ALL_BYTES_LIMIT: u64 = 32 << 20;
const EXTENSIONS: [&str; 8] = ["js", "mjs", "cjs", "ts", "mts", "cts", "json", "py"];
/// Each of these beside a file says that the folder is the service.
const MANIFESTS: [&str; 2] = ["package.json", "requirements.txt"];
/// Python's mark of a virtual environment, which is made where the service runs and is no part of it.
const ENVIRONMENT_MARK: &str = "pyvenv.cfg";
/// Files that code imports as text: catalogues of translations and the like.
pub const TEXTS: [&str; 3] = ["po", "txt", "csv"];

/// Why a service's code could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The system said no.
    #[error("{}: {error}", .path.display())]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is there but is not what it should be.
    #[error("{}: {problem}", .path.display())]
    Unfit {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads the code at a path: a script, alone or with the folder of its `package.json`, or such a folder.
pub fn read(path: &Path) -> Result<Bundle, BundleError> {
    let kind = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if kind.is_dir() {
        return read_folder(path, None);
    }
    if !is_code(path) {
        let known = EXTENSIONS.join(", .");
        return Err(unfit(path, format!("a service's file ends in one of .{known}")));
    }
    let name = file_name(path)?;
    match path.parent().map(or_here) {
        Some(folder) if MANIFESTS.iter().any(|name| folder.join(name).is_file()) => read_folder(folder, Some(name)),
        _ => {
            let files = BTreeMap::from([(name.clone(), read_file(path)?)]);
            Ok(bundle(name, files))
        }
    }
}

/// The bundle of these files, named by their content.
pub fn bundle(main: String, files: BTreeMap<String, Vec<u8>>) -> Bundle {
    let mut hasher = Sha256::new();
    for (path, bytes) in &files {
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path);
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    hasher.update(&main);
    let hash = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Bundle { hash, main, files }
}

/// Reads all the code below a folder, for checks and tests: none of its files needs to be the first.
pub fn read_all(folder: &Path) -> Result<Bundle, BundleError> {
    read_folder(folder, Some(String::new()))
}

fn read_folder(folder: &Path, main: Option<String>) -> Result<Bundle, BundleError> {
    let root = fs::canonicalize(folder).map_err(|error| unreadable(folder, error))?;
    let mut walk = Walk {
        root,
        files: BTreeMap::new(),
        bytes: 0,
    };
    walk.folder(folder, "")?;
    let main = match main {
        Some(main) => main,
        None => main_of(folder, &walk.files)?,
    };
    Ok(bundle(main, walk.files))
}

/// The file a folder starts with: what its `package.json` says, else `index.js` or `index.ts`; without one `main.py`.
fn main_of(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<String, BundleError> {
    let manifest = folder.join("package.json");
    let Some(text) = files.get("package.json") else {
        return match files.contains_key("main.py") {
            true => Ok("main.py".to_owned()),
            false => Err(unfit(
                folder,
                "a service's folder needs a package.json or a main.py".into(),
            )),
        };
    };
    let manifest_json: serde_json::Value =
        serde_json::from_slice(text).map_err(|error| unfit(&manifest, format!("not JSON: {error}")))?;
    match manifest_json.get("main") {
        None => ["index.js", "index.ts"]
            .into_iter()
            .find(|name| files.contains_key(*name))
            .map(str::to_owned)
            .ok_or_else(|| {
                unfit(
                    &manifest,
                    "names no \"main\", and there is no index.js or index.ts".into(),
                )
            }),
        Some(serde_json::Value::String(main)) => {
            let main = main.trim_start_matches("./");
            ["", ".js", ".ts", "/index.js", "/index.ts"]
                .into_iter()
                .map(|end| format!("{main}{end}"))
                .find(|name| files.contains_key(name))
                .ok_or_else(|| {
                    unfit(
                        &manifest,
                        format!("its \"main\" is {main:?}, and there is no such file"),
                    )
                })
        }
        Some(_) => Err(unfit(&manifest, "\"main\" must be a string".into())),
    }
}

struct Walk {
    root: PathBuf,
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), BundleError> {
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, error))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return Err(unfit(&path, "its name is not UTF-8".into()));
            };
            if name.starts_with('.') {
                continue;
            }
            let inner = format!("{prefix}{name}");
            self.entry(&path, inner)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, inner: String) -> Result<(), BundleError> {
        let kind = fs::symlink_metadata(path).map_err(|error| unreadable(path, error))?;
        if kind.is_symlink() {
            return self.link(path, inner);
        }
        if kind.is_dir() && path.join(ENVIRONMENT_MARK).is_file() {
            return Ok(());
        }
        if kind.is_dir() {
            return self.folder(path, &format!("{inner}/"));
        }
        if kind.is_file() && is_wanted(path) {
            self.file(path, inner)?;
        }
        Ok(())
    }

    /// A link to a file within the folder is that file; links to folders could go round in circles.
    fn link(&mut self, path: &Path, inner: String) -> Result<(), BundleError> {
        let target = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
        if !target.starts_with(&self.root) {
            return Err(unfit(path, "is a link out of the service's folder".into()));
        }
        if target.is_dir() {
            return Ok(());
        }
        if is_wanted(path) {
            self.file(path, inner)
        } else {
            Ok(())
        }
    }

    fn file(&mut self, path: &Path, inner: String) -> Result<(), BundleError> {
        if is_left_out(path, &inner) {
            return Ok(());
        }
        let bytes = read_file(path)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > ALL_BYTES_LIMIT {
            let limit = ALL_BYTES_LIMIT >> 20;
            return Err(unfit(
                &self.root,
                format!("a service's files may be {limit} MiB in all"),
            ));
        }
        if self.files.len() == FILES_LIMIT {
            return Err(unfit(&self.root, format!("a service may have {FILES_LIMIT} files")));
        }
        self.files.insert(inner, bytes);
        Ok(())
    }
}

/// What a package brings and no service runs: types, and the programs of compilers and the like, known by their size.
fn is_left_out(path: &Path, inner: &str) -> bool {
    let is_of_package = inner.starts_with("node_modules/") || inner.contains("/node_modules/");
    let is_too_large = || fs::metadata(path).is_ok_and(|about| about.len() > FILE_BYTES_LIMIT);
    is_of_package && ([".d.ts", ".d.mts", ".d.cts"].iter().any(|end| inner.ends_with(end)) || is_too_large())
}

fn read_file(path: &Path) -> Result<Vec<u8>, BundleError> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, error))?.len();
    if size > FILE_BYTES_LIMIT {
        let limit = FILE_BYTES_LIMIT >> 20;
        return Err(unfit(path, format!("a service's file may be {limit} MiB")));
    }
    fs::read(path).map_err(|error| unreadable(path, error))
}

fn is_code(path: &Path) -> bool {
    has_extension(path, &EXTENSIONS)
}

/// Whether a file of a folder belongs into its bundle.
fn is_wanted(path: &Path) -> bool {
    is_code(path) || has_extension(path, &TEXTS)
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| known.contains(&extension))
}

fn file_name(path: &Path) -> Result<String, BundleError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned)
        .ok_or_else(|| unfit(path, "its name is not UTF-8".into()))
}

/// The folder of `main.js` is the present one, which `Path::parent` writes as nothing.
fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

fn unreadable(path: &Path, error: io::Error) -> BundleError {
    let path = path.to_owned();
    BundleError::Unreadable { path, error }
}

fn unfit(path: &Path, problem: String) -> BundleError {
    let path = path.to_owned();
    BundleError::Unfit { path, problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn check(files: &[(&str, &str)], read_path: &str, expected: Result<(&str, &[&str]), &str>) {
        let folder = folder(files);
        let bundle = read(&folder.path().join(read_path)).map_err(|error| error.to_string());
        match (bundle, expected) {
            (Ok(bundle), Ok((main, names))) => {
                assert_eq!(bundle.main, main);
                assert_eq!(bundle.files.keys().collect::<Vec<_>>(), names);
            }
            (Err(error), Err(words)) => assert!(error.contains(words), "{error} does not say {words}"),
            (bundle, expected) => panic!("{bundle:?} is not {expected:?}"),
        }
    }

    #[test]
    fn a_script_alone_is_a_bundle_of_one_file() {
        check(
            &[("main.js", "1"), ("other.js", "2")],
            "main.js",
            Ok(("main.js", &["main.js"])),
        );
    }

    #[test]
    fn a_script_beside_a_package_json_brings_its_folder() {
        let files = [
            ("package.json", "{}"),
            ("main.ts", "1"),
            ("lib/a.js", "2"),
            ("notes.md", "3"),
            ("locale/zu.po", "4"),
        ];
        check(
            &files,
            "main.ts",
            Ok(("main.ts", &["lib/a.js", "locale/zu.po", "main.ts", "package.json"])),
        );
    }

    #[test]
    fn a_folder_starts_with_the_main_of_its_package_json() {
        let files = [
            ("package.json", r#"{"main":"./src/go"}"#),
            ("src/go.js", "1"),
            ("node_modules/q/q.js", "2"),
            (".git/x.js", "3"),
        ];
        check(
            &files,
            "",
            Ok(("src/go.js", &["node_modules/q/q.js", "package.json", "src/go.js"])),
        );
        check(
            &[("package.json", "{}"), ("index.ts", "1")],
            "",
            Ok(("index.ts", &["index.ts", "package.json"])),
        );
    }

    #[test]
    fn a_service_in_python_is_a_file_or_a_folder_with_its_requirements() {
        check(
            &[("echo.py", "1"), ("other.py", "2")],
            "echo.py",
            Ok(("echo.py", &["echo.py"])),
        );
        let files = [
            ("main.py", "1"),
            ("lib/a.py", "2"),
            ("requirements.txt", "3"),
            ("venv/pyvenv.cfg", "4"),
            ("venv/lib/b.py", "5"),
            ("__pycache__/main.cpython-311.pyc", "6"),
        ];
        let expected = ["lib/a.py", "main.py", "requirements.txt"].as_slice();
        check(&files, "", Ok(("main.py", expected)));
        check(&files, "main.py", Ok(("main.py", expected)));
    }

    #[test]
    fn what_packages_bring_and_no_service_runs_is_left_out() {
        let large = "1".repeat((FILE_BYTES_LIMIT + 1) as usize);
        let files = [
            ("package.json", "{}"),
            ("index.ts", "1"),
            ("globals.d.ts", "2"),
            ("node_modules/q/q.js", "3"),
            ("node_modules/q/q.d.ts", "4"),
            ("node_modules/typescript/lib/tsc.js", &large),
        ];
        let expected = ["globals.d.ts", "index.ts", "node_modules/q/q.js", "package.json"];
        check(&files, "", Ok(("index.ts", &expected)));
        check(
            &[("package.json", "{}"), ("index.js", &large)],
            "",
            Err("a service's file may be 4 MiB"),
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_path() {
        check(&[], "missing.js", Err("missing.js: No such file"));
        check(&[("main.rb", "")], "main.rb", Err("main.rb: a service's file ends in"));
        check(&[("index.js", "")], "", Err("needs a package.json"));
        check(&[("package.json", "{")], "", Err("package.json: not JSON"));
        check(&[("package.json", r#"{"main":"x"}"#)], "", Err("its \"main\" is \"x\""));
        check(&[("package.json", "{}")], "", Err("names no \"main\""));
        let large = "x".repeat(FILE_BYTES_LIMIT as usize + 1);
        check(
            &[("main.js", &large)],
            "main.js",
            Err("main.js: a service's file may be 4 MiB"),
        );
    }

    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let outside = folder(&[("secret.js", "1")]);
        let inside = folder(&[("package.json", "{}"), ("index.js", "1")]);
        symlink(outside.path().join("secret.js"), inside.path().join("leak.js")).unwrap();
        let error = read(inside.path()).unwrap_err().to_string();
        assert!(error.contains("leak.js: is a link out of"), "{error}");
    }

    #[test]
    fn the_hash_names_content_and_main() {
        let files = BTreeMap::from([("a.js".to_owned(), b"1".to_vec()), ("b.js".to_owned(), b"2".to_vec())]);
        let hash = |main: &str, files: &BTreeMap<_, _>| bundle(main.into(), files.clone()).hash;
        assert_eq!(hash("a.js", &files), hash("a.js", &files));
        assert_ne!(hash("a.js", &files), hash("b.js", &files));
        let moved = BTreeMap::from([("a.js".to_owned(), b"12".to_vec()), ("b.js".to_owned(), b"".to_vec())]);
        assert_ne!(hash("a.js", &files), hash("a.js", &moved));
    }
}
