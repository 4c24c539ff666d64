//! What a service in Python may use, in one place; the words of its errors come from here too.

use std::time::Duration;

/// The address space of a service's process: the interpreter, its libraries and what the code makes.
pub const ADDRESS_SPACE_BYTES: u64 = 512 << 20;
/// The processor time of a step, in whole seconds as the kernel counts it.
pub const PROCESSOR_SECONDS: u64 = 1;
/// How many files and sockets a process may hold: those of its steps are among them.
pub const OPEN_FILES: u64 = 128;
/// How many processes and threads a service may have that runs as a user of its own.
pub const PROCESSES: u64 = 256;
/// How many may be added to those of a user that it shares with others.
pub const SHARED_PROCESSES: u64 = 1024;
/// How long making an empty virtual environment may take.
pub const ENVIRONMENT_TIME: Duration = Duration::from_secs(60);
/// How long it may take to install what a service asks for.
pub const INSTALL_TIME: Duration = Duration::from_secs(300);
/// How much is read of what pip says it would install.
pub const REPORT_BYTES: u64 = 32 << 20;
/// The largest file that an installation may write.
pub const INSTALLED_FILE_BYTES: u64 = 512 << 20;
/// How many packages a service may ask for.
pub const REQUIREMENTS: usize = 200;
/// How long a line of `requirements.txt` may be, its continuations included.
pub const REQUIREMENT_BYTES: usize = 16 << 10;
/// How long what no loaded service uses is kept.
pub const KEPT_UNUSED: Duration = Duration::from_secs(24 * 3600);
/// How much of a failed command's last words is told.
pub const LAST_WORDS_BYTES: usize = 2000;
/// How many lines of them.
pub const LAST_WORDS_LINES: usize = 8;
