//! F27: a disk that is really full, where this process may mount a small one.

use crate::line::text;
use crate::world::{World, demo, soon};
use ngoma_engine::channel::Received;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

const MESSAGES: usize = 20;

/// A disk of 64 MiB in memory, gone with this value.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Nothing where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        if !is_mounted {
            println!("a full disk is left out: mounting is not allowed here");
        }
        is_mounted.then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

/// Another program writes until nothing more fits.
fn fill(file: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(file).unwrap();
    let block = vec![7; 4096];
    while file.write_all(&block).is_ok() {}
}

#[tokio::test]
async fn what_is_under_way_is_finished_on_a_full_disk_and_nothing_new_is_taken() {
    if World::is_on_postgres() {
        return;
    }
    let Some(disk) = SmallDisk::mount() else { return };
    let mut world = World::empty();
    world.folder = tempfile::tempdir_in(disk.path()).unwrap();
    world.limits.reserve_bytes = 2 << 20;
    world.limits.free_disk = 4 << 20;
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    let line = world.line("demo/sms");
    for person in 0..MESSAGES {
        line.take(text(&format!("+{person}"), "wait")).await;
    }
    soon(async {
        while world.script.begun.load(Ordering::SeqCst) < MESSAGES {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let other = disk.path().join("other");
    fill(&other);
    world.script.gate.add_permits(MESSAGES);
    for _ in 0..MESSAGES {
        soon(line.next_sent()).await;
    }
    assert!(!world.path().join("reserve").exists());
    let refused = line.receive(text("+1", "hi")).await.unwrap_err().to_string();
    assert!(refused.contains("MiB are free on the disk, fewer than 6"), "{refused}");
    std::fs::remove_file(other).unwrap();
    assert_eq!(line.receive(text("+1", "hi")).await, Ok(Received::Stored));
    assert_eq!(std::fs::metadata(world.path().join("reserve")).unwrap().len(), 2 << 20);
    soon(line.next_sent()).await;
}
