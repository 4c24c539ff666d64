// What a script finds besides the language: api, timers, console, require, and a clock that may stand still.
// Runs once, before the script; returns to the worker the functions that move a step on. `host` is Rust.
(function (host) {
  "use strict";
  const { parse, stringify } = JSON;
  const RealDate = Date;
  const call = Function.prototype.call.bind(Function.prototype.call);
  const { isArray } = Array;
  const { entries, fromEntries } = Object;
  const { includes, toWellFormed } = String.prototype;
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });

  // JSON that every reader accepts: half of a pair of surrogates, as `slice` leaves it, becomes U+FFFD.
  const wellFormed = (value) => {
    if (typeof value === "string") return call(toWellFormed, value);
    if (typeof value !== "object" || value === null || isArray(value)) return value;
    return fromEntries(entries(value).map(([key, inner]) => [call(toWellFormed, key), inner]));
  };
  function toLine(command) {
    const line = stringify(command);
    return call(includes, line, "\\ud") ? stringify(command, (key, value) => wellFormed(value)) : line;
  }

  // Requests. A reply comes as a turn of its own, never within the request.
  const waiting = new Map();
  const api = {
    id: 0,
    next_id() {
      this.id += 1;
      return String(this.id);
    },
    populate_command(cmd, params) {
      params.cmd = cmd;
      params.cmd_id = this.next_id();
      params.reply = false;
      return params;
    },
    request(cmd, params, callback) {
      const command = this.populate_command(cmd, { ...params });
      host.say(toLine(command));
      if (typeof callback === "function") waiting.set(command.cmd_id, callback);
    },
    log_info(msg, callback) {
      this.request("log.info", { msg }, callback);
    },
    done() {
      if (host.isDone()) return;
      this.request("log.info", { msg: "Done." });
      this.request("js.done", {});
      host.done();
    },
  };

  function deliver(line) {
    const command = parse(line);
    const name = "on_" + command.cmd.replace(".", "_").replace("-", "_");
    const handler = api[name] ?? api.on_unknown_command;
    if (typeof handler === "function") return handler.call(api, command);
    if (command.cmd === "inbound-event") return api.done();
    throw new Error(`the script has no function api.${name}`);
  }

  function handleReply(line) {
    const reply = parse(line);
    const callback = waiting.get(reply.cmd_id);
    waiting.delete(reply.cmd_id);
    if (callback) return callback.call(api, reply);
  }

  // Timers: `immediates` run in the turn after the one that asked for them, `timers` when they are due.
  let immediates = [];
  let running = [];
  const timers = [];
  let lastTimer = 0;

  function schedule(timer, delay) {
    delay = Number(delay);
    timer.due = host.elapsed() + (delay >= 1 ? delay : 1);
    let at = timers.length;
    while (at > 0 && timers[at - 1].due > timer.due) at -= 1;
    timers.splice(at, 0, timer);
  }

  function addTimer(callback, delay, args, every) {
    const timer = { id: (lastTimer += 1), callback, args, every, due: 0 };
    schedule(timer, delay);
    return timer.id;
  }

  function clear(id) {
    for (const list of [timers, immediates, running]) {
      const at = list.findIndex((timer) => timer.id === id);
      if (at >= 0) list.splice(at, 1);
      else if (list === running && current && current.id === id) current.every = undefined;
    }
  }

  let current;

  define("setTimeout", (callback, delay, ...args) => addTimer(callback, delay, args));
  define("setInterval", (callback, delay, ...args) => addTimer(callback, delay, args, Number(delay) || 1));
  define("setImmediate", (callback, ...args) => {
    immediates.push({ id: (lastTimer += 1), callback, args });
    return lastTimer;
  });
  define("clearTimeout", clear);
  define("clearInterval", clear);
  define("clearImmediate", clear);

  // Takes what is to run in this turn; returns how many.
  function beginTurn() {
    running = immediates;
    immediates = [];
    const now = timers.length > 0 ? host.elapsed() : 0;
    while (timers.length > 0 && timers[0].due <= now) running.push(timers.shift());
    return running.length;
  }

  function runOne() {
    current = running.shift();
    if (current === undefined) return;
    const { callback, args } = current;
    try {
      if (typeof callback === "function") callback(...args);
    } finally {
      if (current.every !== undefined) schedule(current, current.every);
      current = undefined;
    }
  }

  // Milliseconds until something is to run; Infinity if only replies can come, negative if nothing will.
  function idleFor() {
    if (immediates.length > 0) return 0;
    if (timers.length > 0) return Math.max(0, timers[0].due - host.elapsed());
    return waiting.size > 0 ? Infinity : -1;
  }

  // The console writes to the service's log.
  const show = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (typeof value !== "object" || value === null) return String(value);
    try {
      return stringify(value) ?? String(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  };
  const logger = (level) => (...values) => api.request("log." + level, { msg: values.map(show).join(" ") });
  define("console", {
    log: logger("info"),
    info: logger("info"),
    debug: logger("debug"),
    trace: logger("debug"),
    warn: logger("warning"),
    error: logger("error"),
  });

  // The clock.
  const now = () => host.frozenTime() ?? RealDate.now();
  function ScriptDate(...parts) {
    if (new.target === undefined) return new RealDate(now()).toString();
    return Reflect.construct(RealDate, parts.length > 0 ? parts : [now()], new.target);
  }
  Object.defineProperty(ScriptDate, "name", { value: "Date" });
  Object.defineProperty(ScriptDate, "length", { value: 7 });
  ScriptDate.prototype = RealDate.prototype;
  ScriptDate.prototype.constructor = ScriptDate;
  ScriptDate.now = now;
  ScriptDate.parse = RealDate.parse;
  ScriptDate.UTC = RealDate.UTC;
  define("Date", ScriptDate);
  Math.random = () => host.random();

  // CommonJS.
  const loaded = new Map();
  const folder = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

  function requireFrom(base) {
    return function require(name) {
      const path = host.resolve(base, String(name));
      return path === undefined ? null : load(path).exports;
    };
  }

  function load(path) {
    const known = loaded.get(path);
    if (known !== undefined) return known;
    const module = { id: path, filename: path, exports: {}, loaded: false };
    loaded.set(path, module);
    try {
      run(module, path);
    } catch (error) {
      loaded.delete(path);
      throw error;
    }
    module.loaded = true;
    return module;
  }

  function run(module, path) {
    if (host.isModule(path)) {
      module.exports = host.importNow(path);
      return;
    }
    const body = host.compile(path);
    if (typeof body === "string") module.exports = parse(body);
    else call(body, module.exports, module.exports, requireFrom(path), module, path, folder(path));
  }

  // What the main file finds, as a script at global level.
  function prepareMain(path) {
    const module = { id: ".", filename: path, exports: {}, loaded: false };
    loaded.set(path, module);
    define("require", requireFrom(path));
    define("module", module);
    define("exports", module.exports);
    define("__filename", path);
    define("__dirname", folder(path));
  }

  define("api", api);
  define("global", globalThis);
  define("process", {
    env: {},
    argv: [],
    platform: "linux",
    version: "",
    versions: {},
    cwd: () => "/",
    nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
  });

  return { deliver, handleReply, beginTurn, runOne, idleFor, prepareMain, requirePath: (path) => load(path).exports };
})
