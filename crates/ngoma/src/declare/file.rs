//! Reads the declaring file and the code of the services it names.

use super::{Declaration, DeclaredAccounts};
use anyhow::{Context, Result, anyhow};
use std::path::Path;

/// Reads a file from disk; sources in it are found from its own folder.
pub fn read_file(path: &Path) -> Result<Declaration> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_text(path, &text, path.parent().unwrap_or(Path::new(".")))
}

/// Reads files carried in the program, the declaring one first: they are laid out in `folder` and read from there.
pub fn read_carried(files: &[(&str, &str)], folder: &Path) -> Result<Declaration> {
    let (declaring, _) = files.first().context("no file is carried")?;
    for (name, content) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    read_file(&folder.join(declaring))
}

fn read_text(path: &Path, text: &str, folder: &Path) -> Result<Declaration> {
    let content: DeclaredAccounts = toml::from_str(text).map_err(|error| toml_problem(path, text, &error))?;
    let bundles = content.sources().map(|(service, source)| {
        let bundle = ngoma_sandbox::bundle::read(&folder.join(source))
            .with_context(|| format!("{}: service {service}", path.display()))?;
        Ok((service, bundle.into()))
    });
    let bundles = bundles.collect::<Result<_>>()?;
    Ok(Declaration { content, bundles })
}

/// A TOML error as one line: `file:line: what is wrong`.
pub fn toml_problem(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let offset = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text[..offset].matches('\n').count() + 1;
    anyhow!("{}:{line}: {}", path.display(), error.message())
}
