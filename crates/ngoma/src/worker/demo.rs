//! The demo, carried in the program: what `ngoma apply examples/demo.toml` does, on any machine.

use crate::declare;
use anyhow::{Context, Result};
use ngoma_engine::Engine;
use std::path::Path;
use std::sync::Arc;

/// The files of the demo, each under its name in the examples folder.
const FILES: [(&str, &str); 6] = [
    ("demo.toml", include_str!("../../../../examples/demo.toml")),
    (
        "clinic/package.json",
        include_str!("../../../../examples/clinic/package.json"),
    ),
    ("clinic/main.ts", include_str!("../../../../examples/clinic/main.ts")),
    (
        "clinic/clinics.ts",
        include_str!("../../../../examples/clinic/clinics.ts"),
    ),
    (
        "clinic/locale/fr.po",
        include_str!("../../../../examples/clinic/locale/fr.po"),
    ),
    (
        "clinic/locale/zu.po",
        include_str!("../../../../examples/clinic/locale/zu.po"),
    ),
];

/// Applies the demo to a running engine.
pub async fn apply(engine: &Arc<Engine>, data: &Path, base_url: &str) -> Result<()> {
    let folder = data.join("demo-files");
    let declaration = declare::read_carried(&FILES, &folder)?;
    std::fs::remove_dir_all(&folder).context("cannot clean up the demo's files")?;
    engine
        .apply(declaration.into_document(base_url)?)
        .await
        .context("the demo cannot be applied")?;
    Ok(())
}
