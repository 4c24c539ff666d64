//! Follows the how-to for writing a service, step by step, as it stands in the documentation.

use crate::program::{Server, binary, path_text, repository};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A fenced block: ```` ```kind path ````, the path only when it is a file to write.
pub struct Block {
    pub kind: String,
    path: Option<String>,
    pub text: String,
}

/// The fenced blocks of a document.
pub fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for line in document.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(info) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                let kind = words.next().unwrap_or_default();
                blocks.push(Block {
                    kind,
                    path: words.next(),
                    text: String::new(),
                });
                is_inside = true;
            }
            None if is_inside => {
                let block = blocks.last_mut().unwrap();
                block.text += line;
                block.text.push('\n');
            }
            None => {}
        }
    }
    blocks
}

fn write_files(blocks: &[Block], folder: &Path) {
    for block in blocks {
        if let Some(path) = &block.path {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &block.text).unwrap();
        }
    }
}

/// Runs a block with `ngoma` on the path, as the reader has it, against the server under test.
fn run_block(script: &str, folder: &Path, server: &Server) -> String {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let link = bin.join("ngoma");
    if !link.exists() {
        std::os::unix::fs::symlink(binary(), &link).unwrap();
    }
    let path = format!("{}:{}", path_text(&bin), std::env::var("PATH").unwrap());
    let script = script.replace("http://127.0.0.1:8000", &server.process.url());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder)
        .env("PATH", path)
        .env("NGOMA_DATA", server.data())
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn write_a_service_works_as_written() {
    let document = std::fs::read_to_string(repository("docs/how-to/write-a-service.md")).unwrap();
    let blocks = blocks(&document);
    let folder = TempDir::new().unwrap();
    write_files(&blocks, folder.path());
    let server = Server::empty().await;
    let scripts = blocks.iter().filter(|block| block.kind == "sh");
    let outputs: Vec<String> = scripts
        .map(|block| run_block(&block.text, folder.path(), &server))
        .collect();
    let [simulated, applied, answered] = outputs.try_into().unwrap();
    assert!(
        simulated.contains("What is your name?") && simulated.contains("Welcome, Thandi"),
        "{simulated}"
    );
    assert!(applied.contains("created  service hello/hello"), "{applied}");
    assert!(answered.contains("What is your name?"), "{answered}");
}
