//! The suites, one file each, in the order they run.

mod browser;
mod format;
mod fuzz;
mod lint;
mod peers;
mod postgres;
mod python;
mod readme;
mod release_build;
mod rust;
mod simulation;
mod tidy;
mod toolkit;
mod types;

use super::Suite;

/// Every suite there is. The quick ones come first, so that a slip is seen early.
pub fn all() -> Vec<Suite> {
    vec![
        format::SUITE,
        lint::SUITE,
        tidy::SUITE,
        release_build::SUITE,
        rust::SUITE,
        postgres::SUITE,
        simulation::SUITE,
        peers::SUITE,
        python::SUITE,
        toolkit::SUITE,
        types::SUITE,
        fuzz::SUITE,
        browser::SUITE,
        readme::SUITE,
    ]
}
