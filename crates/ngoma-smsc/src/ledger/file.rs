//! Opening a ledger's file: one writer, and no torn line at its end.

use super::LedgerError;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Longer than any line: a PDU of 70,000 octets has twice as many digits.
const LONGEST_LINE: u64 = 256 * 1024;

/// Opens it for appending, or makes it, and holds its lock as long as it is open.
pub fn open(path: &Path) -> Result<File, LedgerError> {
    let failed = |source| LedgerError::Open {
        path: path.to_owned(),
        source,
    };
    let mut file = File::options()
        .create(true)
        .read(true)
        .append(true)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LedgerError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let whole = whole_length(&mut file).map_err(failed)?;
    let whole = whole.ok_or_else(|| LedgerError::NoLedger(path.to_owned()))?;
    file.set_len(whole).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    sync_folder(path).map_err(failed)?;
    Ok(file)
}

/// Up to where its lines are whole; nothing when it holds something else.
fn whole_length(file: &mut File) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let mut first = [0];
    file.seek(SeekFrom::Start(0))?;
    if length > 0 && (file.read(&mut first)? != 1 || first != *b"{") {
        return Ok(None);
    }
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut end)?;
    Ok(match end.iter().rposition(|octet| *octet == b'\n') {
        Some(at) => Some(start + at as u64 + 1),
        // A first line that is torn.
        None => (start == 0).then_some(0),
    })
}

/// A file that was just made is there after a crash only when its folder is on disk too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
