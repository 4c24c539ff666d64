//! The worker process of one service: loads its code once, locked down, and forks for every step.

mod child;
mod clocks;
mod columns;
mod control;
mod globals;
mod lockdown;
mod loops;
mod modules;
mod natives;
mod places;
mod scene;
mod script;
mod state;
mod syscalls;
mod throws;
mod turns;
mod typescript;
mod wire;
mod zygote;

pub(crate) use lockdown::{become_nobody, die_with_parent};

use crate::frames::FromWorker;
use crate::python::confine;
use control::Control;
pub(crate) use modules::{Files, Importer, Kind, is_relative, library};
use script::Script;
use std::io;

/// A function that tests plant into the script's globals to try what only a broken JavaScript engine could.
pub type Planted = (&'static str, fn());

/// Runs a worker on the control socket that the host left as file descriptor 3. Ends with the process.
pub fn worker_main() -> ! {
    worker_main_with(&[])
}

/// [`worker_main`] with native functions among the script's globals, for tests of the sandbox itself.
#[doc(hidden)]
pub fn worker_main_with(planted: &[Planted]) -> ! {
    let code = i32::from(work(planted).is_err());
    // SAFETY: ends the process without running exit handlers; nothing of ours needs them.
    unsafe { libc::_exit(code) }
}

fn work(planted: &[Planted]) -> io::Result<()> {
    confine::become_python_if_asked()?;
    let control = Control::inherited()?;
    let library = modules::library();
    let children = zygote::Children::watched()?;
    lockdown::confine()?;
    let (loading, bundle) = control.read_load()?;
    let child_filter = syscalls::for_step()?;
    match Script::load(Files::new(bundle, library), &loading, planted) {
        Ok(script) => {
            lockdown::give_back_memory();
            control.tell(&FromWorker::Ready)?;
            zygote::serve(&control, children, &script, &child_filter)
        }
        Err(failure) => control.tell(&FromWorker::Failed(failure)),
    }
}
