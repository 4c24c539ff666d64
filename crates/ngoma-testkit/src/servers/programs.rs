//! Where Debian's packages put the servers' programs, most of them outside the `PATH`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of PostgreSQL's programs; the newest version when there are several.
pub fn postgres_folder() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by(|one, other| other.cmp(one));
    let folders = versions.into_iter().map(|(_, folder)| folder).chain(on_path());
    folder_with("initdb", "postgresql", folders)
}

/// The folder of RabbitMQ's own scripts; those on the `PATH` change the user to `rabbitmq` first.
pub fn rabbitmq_folder() -> PathBuf {
    let own = PathBuf::from("/usr/lib/rabbitmq/bin");
    folder_with("rabbitmq-server", "rabbitmq-server", [own].into_iter().chain(on_path()))
}

/// The first folder that holds the program.
fn folder_with(program: &str, package: &str, mut folders: impl Iterator<Item = PathBuf>) -> PathBuf {
    let has_program = |folder: &PathBuf| folder.join(program).is_file();
    folders
        .find(has_program)
        .unwrap_or_else(|| panic!("{}", missing(program, package)))
}

/// Says what to install.
pub fn missing(what: &str, package: &str) -> String {
    format!(
        "{what} is missing: run apt-get install {package}, or set NGOMA_TEST_SERVERS=none to leave out the tests that need it"
    )
}

/// The `PATH` with the folders of administrators' programs, which it may lack.
pub fn search_path() -> String {
    let path = env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
}

fn on_path() -> impl Iterator<Item = PathBuf> {
    let path = search_path();
    let folders: Vec<PathBuf> = env::split_paths(&path)
        .filter(|folder| folder != Path::new(""))
        .collect();
    folders.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_first_folder_that_has_it() {
        let (one, other) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        fs::write(other.path().join("initdb"), "").expect("a file");
        let folders = [one.path(), other.path()].map(Path::to_owned);
        assert_eq!(folder_with("initdb", "postgresql", folders.into_iter()), other.path());
        let shell = folder_with("sh", "dash", on_path());
        assert!(shell.join("sh").is_file());
    }

    #[test]
    #[should_panic(expected = "initdb is missing: run apt-get install postgresql")]
    fn a_missing_program_names_its_package() {
        folder_with("initdb", "postgresql", std::iter::empty());
    }
}
