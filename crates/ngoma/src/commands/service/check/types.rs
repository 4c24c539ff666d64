//! The types of a service, where a TypeScript compiler is installed.

use ngoma_sandbox::check::Finding;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most lines of the compiler that are read.
const LINES_LIMIT: usize = 500;

/// What the compiler said.
pub enum Types {
    /// These are its complaints.
    Checked(Vec<Finding>),
    /// It was not asked, because of this.
    Left(String),
}

/// Asks the compiler, if there is one and the folder says how its types are to be read.
pub fn check(folder: &Path) -> Types {
    let Some(compiler) = compiler(folder) else {
        return Types::Left(
            "types: not looked at, since no TypeScript compiler was found (npm install --save-dev typescript)"
                .to_owned(),
        );
    };
    if !folder.join("tsconfig.json").is_file() {
        return Types::Left("types: not looked at, since there is no tsconfig.json".to_owned());
    }
    let output = Command::new(compiler)
        .args(["--noEmit", "--pretty", "false", "--project", "tsconfig.json"])
        .current_dir(folder)
        .output();
    match output {
        Ok(output) => Types::Checked(findings(&String::from_utf8_lossy(&output.stdout))),
        Err(error) => Types::Left(format!(
            "types: not looked at, since the TypeScript compiler did not run: {error}"
        )),
    }
}

/// The compiler of the service, of a folder around it, or of the machine.
fn compiler(folder: &Path) -> Option<PathBuf> {
    let folder = std::fs::canonicalize(folder).ok()?;
    let own = folder.ancestors().map(|folder| folder.join("node_modules/.bin/tsc"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_machine: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join("tsc")).collect();
    own.chain(of_machine).find(|file| file.is_file())
}

/// Reads lines such as `main.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.`; lines that begin
/// with blanks go on with the one before.
fn findings(text: &str) -> Vec<Finding> {
    let lines = text.lines().filter(|line| !line.starts_with(' ')).take(LINES_LIMIT);
    lines.filter_map(finding).collect()
}

fn finding(line: &str) -> Option<Finding> {
    const ADVICE: &str = "make the types agree";
    let Some((place, rest)) = line.split_once("): error ") else {
        let (code, message) = line.strip_prefix("error ")?.split_once(": ")?;
        return Some(Finding::error(
            "tsconfig.json",
            (0, 0),
            format!("{message} [{code}]"),
            ADVICE,
        ));
    };
    let (file, place) = place.rsplit_once('(')?;
    let (row, column) = place.split_once(',')?;
    let (code, message) = rest.split_once(": ")?;
    let place = (row.parse().ok()?, column.parse().ok()?);
    Some(Finding::error(file, place, format!("{message} [{code}]"), ADVICE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_compiler_become_findings() {
        let text = "main.ts(3,7): error TS2322: Type 'string' is not assignable.\n  Because of this.\nsrc/a (1).ts(1,1): error TS1005: ';' expected.\nerror TS18003: No inputs were found.\nFound 3 errors.\n";
        let found: Vec<String> = findings(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "main.ts:3:7: Type 'string' is not assignable. [TS2322] (make the types agree)",
                "src/a (1).ts:1:1: ';' expected. [TS1005] (make the types agree)",
                "tsconfig.json: No inputs were found. [TS18003] (make the types agree)",
            ]
        );
    }
}
