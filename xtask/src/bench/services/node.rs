//! The other side: a process of node's own for each message, as Vumi's sandbox starts one.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::Service;
use crate::bench::cpu;

/// The program of such a process.
const PROGRAM: &str = include_str!("node/one_message.js");

/// What a message costs.
pub struct Cost {
    /// Processor time of the process alone; whoever talks with it is not counted.
    pub processor_ms: f64,
    pub wall_ms: f64,
}

/// Which node it is.
pub fn version() -> Result<String> {
    let output = Command::new("node").arg("--version").output().context("run node")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What so many messages cost.
pub fn cost(service: &Service, messages: u64) -> Result<Cost> {
    let program = service.folder.join("one_message.cjs");
    fs::write(&program, PROGRAM)?;
    let result = talk_all(service, messages, &program);
    fs::remove_file(&program)?;
    result
}

fn talk_all(service: &Service, messages: u64, program: &std::path::Path) -> Result<Cost> {
    let main = service.folder.join(service.main);
    let code = fs::read_to_string(&main)?;
    let initialize = json!({"cmd": "initialize", "javascript": code, "file": main}).to_string();
    let config = fs::read(service.folder.join("config.json")).unwrap_or_else(|_| b"{}".to_vec());
    let mut host = HostSide {
        keys: HashMap::new(),
        config: serde_json::from_slice(&config)?,
    };
    let turns: Vec<(String, Option<String>)> = serde_json::from_value(service.dialogue.clone())?;
    let (before, begun) = (cpu::of_children(), Instant::now());
    for (index, (event, content)) in turns.iter().cycle().take(messages as usize).enumerate() {
        let person = format!("+2783{:07}", index / turns.len());
        let message = json!({"cmd": "inbound-message", "msg": {
            "message_id": "m1", "from_addr": person, "to_addr": "*120*8864#", "content": content,
            "session_event": event, "transport_type": "ussd", "transport_name": "ussd", "helper_metadata": {},
        }});
        host.talk(program, &initialize, &message)?;
    }
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / messages as f64;
    Ok(Cost {
        processor_ms: each(cpu::of_children().saturating_sub(before)),
        wall_ms: each(begun.elapsed()),
    })
}

/// Answers what the process asks.
struct HostSide {
    keys: HashMap<String, Value>,
    config: Map<String, Value>,
}

impl HostSide {
    fn talk(&mut self, program: &std::path::Path, initialize: &str, message: &Value) -> Result<()> {
        let mut process = Command::new("node")
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start node")?;
        let mut input = process.stdin.take().context("no input")?;
        writeln!(input, "{initialize}\n{message}")?;
        let mut has_answered = false;
        for line in BufReader::new(process.stdout.take().context("no output")?).lines() {
            let command: Value = serde_json::from_str(&line?)?;
            if command["cmd"] == "js.done" {
                break;
            }
            has_answered |= command["cmd"] == "outbound.reply_to";
            let reply = self.reply(&command)?;
            writeln!(input, "{reply}")?;
        }
        drop(input);
        ensure!(
            process.wait()?.success() && has_answered,
            "node did not answer {message}"
        );
        Ok(())
    }

    fn reply(&mut self, command: &Value) -> Result<Value> {
        let text = |name: &str| command[name].as_str().unwrap_or_default();
        let mut reply = json!({"cmd": command["cmd"], "cmd_id": command["cmd_id"], "reply": true, "success": true});
        match text("cmd") {
            "kv.get" => reply["value"] = self.keys.get(text("key")).cloned().unwrap_or_default(),
            "kv.set" => {
                self.keys.insert(text("key").to_owned(), command["value"].clone());
            }
            "config.get" => reply["value"] = self.config.get(text("key")).cloned().unwrap_or_default(),
            "outbound.reply_to" => {}
            log if log.starts_with("log.") => {}
            other => bail!("node's service asked for {other}"),
        }
        Ok(reply)
    }
}
