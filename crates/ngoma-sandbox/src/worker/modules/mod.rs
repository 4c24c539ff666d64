//! Finds, prepares and runs the files of a service: ES modules, CommonJS, JSON and the built-in libraries.

mod commonjs;
mod files;
mod library;
mod loader;
mod resolve;
mod store;

pub use commonjs::{compile, import_now};
pub use files::{Files, Kind};
pub use library::{is_trusted, library};
pub use loader::{CommonJs, FileLoader, FileResolver};
pub use resolve::{Importer, is_relative};
