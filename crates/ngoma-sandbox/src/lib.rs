//! Runs the code of services in locked-down worker processes, and answers what they ask for.
//!
//! The host half ([`Sandbox`]) starts one worker process per service and speaks with it; the worker half
//! ([`worker_main`]) loads the code once and forks for every step. What a service may ask for is in [`resources`].

pub mod bundle;
pub mod check;
pub mod coverage;
pub mod describe;
pub mod resources;
pub mod testing;

mod frames;
mod host;
mod limits;
mod python;
mod worker;

pub use check::library_sources;
pub use host::{Sandbox, SandboxOptions};
pub use worker::{Planted, worker_main, worker_main_with};
