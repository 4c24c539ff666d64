//! The worker's end of its control socket: the bundle in, steps with their sockets in, reports out.

use crate::frames::{self, FromWorker, Loading};
use crate::limits;
use ngoma_engine::service::Bundle;
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, send};
use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Where the host leaves the socket.
pub const CONTROL_FD: RawFd = 3;

/// The control socket.
pub struct Control(OwnedFd);

/// A step to run: its number, which the host counts, and its socket.
pub struct NewStep {
    pub number: u64,
    pub socket: OwnedFd,
}

impl Control {
    /// Takes over the socket that the host left.
    pub fn inherited() -> io::Result<Self> {
        // SAFETY: the host left an open socket there and nothing else in this process knows of it.
        let socket = unsafe { OwnedFd::from_raw_fd(CONTROL_FD) };
        Ok(Self(socket))
    }

    /// Reads the first frame.
    pub fn read_load(&self) -> io::Result<(Loading, Bundle)> {
        let mut file = File::from(self.0.try_clone()?);
        let mut length = [0; 4];
        file.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > limits::BUNDLE_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        file.read_exact(&mut body)?;
        frames::decode_load(&body).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Sends a report to the host.
    pub fn tell(&self, report: &FromWorker) -> io::Result<()> {
        let frame = frames::frame(&serde_json::to_vec(report)?);
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            let sent = send(self.0.as_raw_fd(), rest, MsgFlags::MSG_NOSIGNAL)?;
            rest = &rest[sent..];
        }
        Ok(())
    }

    /// Receives the next step; `None` when the host is gone.
    pub fn next_step(&self) -> io::Result<Option<NewStep>> {
        let mut number = [0; 8];
        let mut buffers = [IoSliceMut::new(&mut number)];
        let mut space = cmsg_space!([RawFd; 1]);
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = recvmsg::<()>(self.0.as_raw_fd(), &mut buffers, Some(&mut space), flags)?;
        if message.bytes == 0 {
            return Ok(None);
        }
        let is_whole = message.bytes == 8;
        let socket = message.cmsgs()?.find_map(|attached| match attached {
            ControlMessageOwned::ScmRights(sockets) => sockets.first().copied(),
            _ => None,
        });
        match socket {
            Some(socket) if is_whole => Ok(Some(NewStep {
                number: u64::from_le_bytes(number),
                // SAFETY: the kernel just made this descriptor for us; nobody else owns it.
                socket: unsafe { OwnedFd::from_raw_fd(socket) },
            })),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
