//! Services in Python: each in a virtual environment made from its pinned requirements, run by a worker that forks for every
//! step as the one for scripts does, and speaks the same protocol.
//!
//! The host half ([`Python`]) makes environments and lays out code; the worker half ([`confine`]) is what the program does
//! before it becomes Python. What happens within Python is the library's `ngoma.worker`.

pub mod confine;
pub mod crash;
pub mod last_words;
pub mod limits;
pub mod processes;
pub mod stderr;

mod environment;
mod folders;
mod interpreter;
mod library;
mod requirements;
mod syscalls;
mod unpack;

use confine::Launch;
use folders::{Folders, Held};
use interpreter::Interpreter;
use ngoma_engine::service::{Bundle, ServiceError};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Whether a bundle that begins with this file is in Python.
pub fn is_python(main: &str) -> bool {
    main.ends_with(".py")
}

/// Makes what services in Python run on.
pub struct Python {
    folders: Folders,
    interpreter: OnceCell<Interpreter>,
}

/// What a service is started with. While it lives, its folders stay.
pub struct Prepared {
    /// For [`confine`], as text.
    pub launch: String,
    _held: [Arc<Held>; 2],
}

/// Where a user's programs keep what they can make again, for services that are run without a data folder.
pub fn folder_of_user() -> PathBuf {
    let variable = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("ngoma/python")
}

impl Python {
    /// One that keeps environments and code in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folders: Folders::new(folder),
            interpreter: OnceCell::new(),
        }
    }

    /// Sees to it that a service's environment and code are there.
    pub async fn prepare(&self, bundle: &Bundle) -> Result<Prepared, ServiceError> {
        let interpreter = self
            .interpreter
            .get_or_try_init(interpreter::find)
            .await
            .map_err(failed)?;
        let asked = bundle.files.get(requirements::FILE);
        let asked = asked
            .map_or_else(|| Ok(Vec::new()), |text| requirements::read(text))
            .map_err(failed)?;
        let environment = environment::provide(&self.folders, interpreter, &asked)
            .await
            .map_err(failed)?;
        let code = unpack::provide(&self.folders, bundle).await.map_err(failed)?;
        let launch = Launch {
            environment: environment.path().join(environment::VENV),
            code: code.path().join(unpack::FILES),
            main: bundle.main.clone(),
            readable: interpreter.prefixes.clone(),
        };
        Ok(Prepared {
            launch: launch.to_text().map_err(|error| failed(error.to_string()))?,
            _held: [environment, code],
        })
    }
}

fn failed(message: String) -> ServiceError {
    ServiceError {
        message,
        file: None,
        line: None,
        column: None,
    }
}
