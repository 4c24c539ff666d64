//! Vumi's toolkit as npm has it, unchanged: its own tests in our engine, and its examples by the line protocol under the
//! limits of production. Run by `cargo xtask test`, which installs it.

mod examples;
mod own_tests;
mod person;

use ngoma_engine::service::Bundle;
use ngoma_sandbox::{Sandbox, SandboxOptions, bundle};
use std::path::PathBuf;

/// Where the toolkit is in its bundle.
const PACKAGE: &str = "node_modules/vumigo_v02";

/// The toolkit beside what it needs; the variable is set by the suite.
fn toolkit() -> Bundle {
    let folder = std::env::var_os("NGOMA_TOOLKIT");
    let folder = PathBuf::from(folder.expect("NGOMA_TOOLKIT: run cargo xtask test --only toolkit"));
    bundle::read(&folder).unwrap()
}

fn sandbox() -> Sandbox {
    Sandbox::new(SandboxOptions {
        program: PathBuf::from(env!("CARGO_BIN_EXE_sandbox-worker")),
        ..SandboxOptions::default()
    })
    .unwrap()
}
