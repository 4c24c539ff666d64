// Runs one message in a process of its own, as a sandbox without a worker would: lines of JSON on standard input and output.
// The first line has the service's code, the next its message, the others are replies; `js.done` is the last one out.
"use strict";
const readline = require("readline");
const vm = require("vm");
const { createRequire } = require("module");

const waiting = new Map();
let last = 0;
const say = (command) => process.stdout.write(JSON.stringify(command) + "\n");
const api = {
  request(cmd, params, callback) {
    const command = { ...params, cmd, cmd_id: String((last += 1)), reply: false };
    if (callback) waiting.set(command.cmd_id, callback);
    say(command);
  },
  log_info(msg, callback) {
    this.request("log.info", { msg }, callback);
  },
  done() {
    this.request("js.done", {});
  },
};

function take(line) {
  const command = JSON.parse(line);
  if (command.reply) {
    const callback = waiting.get(command.cmd_id);
    waiting.delete(command.cmd_id);
    if (callback) callback.call(api, command);
  } else if (command.cmd === "initialize") {
    const globals = { api, require: createRequire(command.file), Buffer, console, setImmediate, setTimeout };
    new vm.Script(command.javascript, { filename: command.file }).runInNewContext(globals);
  } else {
    api["on_" + command.cmd.replace("-", "_")](command);
  }
}

readline.createInterface({ input: process.stdin }).on("line", take);
