//! The socket's place, reached through an open folder so that its path is never too long for `sun_path` (108 bytes).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

const NAME: &str = "control.sock";

/// The data folder, held open while its socket is bound or connected.
pub struct SocketFolder(File);

impl SocketFolder {
    /// Opens the data folder.
    pub fn open(data: &Path) -> io::Result<Self> {
        File::open(data).map(Self)
    }

    /// A short path of the socket, valid while this value lives.
    pub fn socket_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{NAME}", self.0.as_raw_fd()))
    }
}
