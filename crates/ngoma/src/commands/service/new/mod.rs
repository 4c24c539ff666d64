//! `ngoma service new`: a folder with a service that works at once, and its tests.

mod templates;

use super::library;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use templates::Template;

/// The longest name: it is part of keys and addresses.
const NAME_LIMIT: usize = 64;

/// Arguments of `ngoma service new`.
#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// The service's folder; its last part is the service's name
    folder: PathBuf,
    /// What it is made from
    #[arg(long, value_enum, default_value_t = Template::Ussd)]
    template: Template,
}

/// Makes the folder and says what to do next.
pub fn run(args: &NewArgs) -> Result<ExitCode> {
    let name = name_of(&args.folder)?;
    refuse_to_overwrite(&args.folder)?;
    for (path, text) in args.template.files() {
        write(&args.folder.join(path), &text.replace("{{name}}", name))?;
    }
    if args.template.is_typed() {
        library::write_types(&args.folder)?;
    }
    let folder = args.folder.display();
    println!("{folder} is there. Next:");
    println!("  cd {folder}");
    for (command, what) in args.template.next_steps() {
        println!("  {command:<28} {what}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of a service: letters, digits, `-` and `_`, since it becomes part of keys.
fn name_of(folder: &Path) -> Result<&str> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_fit =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_';
    let begins_well = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    if name.len() > NAME_LIMIT || !begins_well || !name.chars().all(is_fit) {
        bail!(
            "{name:?} is no name for a service: begin with a letter from a to z; then letters, digits, - and _, {NAME_LIMIT} at most"
        );
    }
    Ok(name)
}

fn refuse_to_overwrite(folder: &Path) -> Result<()> {
    let is_taken = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.exists(),
    };
    if is_taken {
        bail!(
            "{} is there already: choose another name, or remove it first",
            folder.display()
        );
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let shown = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(shown)?;
    }
    fs::write(path, text).with_context(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_part_of_keys() {
        for (folder, expected) in [
            ("hello", Some("hello")),
            ("a/b/well-baby_2", Some("well-baby_2")),
            ("Hello", None),
            ("2nd", None),
            ("a b", None),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(name_of(Path::new(folder)).ok(), expected, "{folder}");
        }
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refuse_to_overwrite(folder.path()).is_ok());
        fs::write(folder.path().join("a"), "").unwrap();
        assert!(refuse_to_overwrite(folder.path()).is_err());
        assert!(refuse_to_overwrite(&folder.path().join("a")).is_err());
        assert!(refuse_to_overwrite(&folder.path().join("b")).is_ok());
    }
}
