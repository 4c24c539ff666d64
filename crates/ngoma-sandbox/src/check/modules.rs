//! Modules that a file loads and that are not there.

use super::Finding;
use super::code::{Code, Load};
use crate::worker::{Files, Importer, is_relative};
use std::collections::BTreeSet;

const INSTALL: &str = "install it into node_modules, or correct the name";

/// The author's files that run when the first one does.
pub fn reached(files: &Files, codes: &[Code], main: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![main.to_owned()];
    while let Some(path) = open.pop() {
        let Some(code) = codes.iter().find(|code| code.path == path) else {
            continue;
        };
        if reached.insert(path) {
            let loads = code.loads.iter();
            open.extend(loads.filter_map(|load| files.resolve(&code.path, &load.name, load.importer)));
        }
    }
    reached
}

/// Says of every such module where it is loaded. `require` of a package gives null at run time, as services expect.
pub fn check(files: &Files, codes: &[Code]) -> Vec<Finding> {
    let loads = codes
        .iter()
        .flat_map(|code| code.loads.iter().map(move |load| (code, load)));
    let missing = loads.filter(|(code, load)| files.resolve(&code.path, &load.name, load.importer).is_none());
    missing.map(|(code, load)| finding(code, load)).collect()
}

fn finding(code: &Code, load: &Load) -> Finding {
    let (path, place, name) = (&code.path, load.place, &load.name);
    if is_relative(name) {
        return Finding::error(path, place, format!("there is no file \"{name}\""), "correct the path");
    }
    match load.importer {
        Importer::Module => Finding::error(path, place, format!("there is no module \"{name}\""), INSTALL),
        Importer::Script => {
            let problem = format!("there is no module \"{name}\": require gives null");
            Finding::warning(path, place, problem, INSTALL)
        }
    }
}
