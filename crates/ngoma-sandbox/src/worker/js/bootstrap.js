// What a script finds besides the language: api, timers, console, require, and a clock that the host sets.
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
      if (isAnswer(command.cmd)) countAnswer();
      host.say(toLine(command));
      if (typeof callback === "function") waiting.set(command.cmd_id, callback);
      else if (isAnswer(command.cmd)) waiting.set(command.cmd_id, complaining(new Error()));
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

  // A session takes one answer a message; a second one is a mistake whose place its author wants to know.
  let answersLeft = Infinity;
  const isAnswer = (cmd) => cmd === "outbound.reply_to" || cmd === "outbound.reply_to_group";

  function countAnswer() {
    if (answersLeft === 0) throw new Error("the message was answered already: a session takes one answer");
    answersLeft -= 1;
  }

  // Hears for who does not listen that an answer was refused, and says where it was given.
  const complaining = (error) => (reply) => {
    if (reply.success !== false) return;
    error.message = `${reply.cmd}: ${reply.reason}`;
    throw error;
  };

  function deliver(line) {
    const command = parse(line);
    if (typeof command.msg?.session_event === "string") answersLeft = 1;
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
    if (isAnswer(reply.cmd) && reply.success === false) answersLeft += 1;
    if (callback) return callback.call(api, reply);
  }

  // Timers: `immediates` run in the turn after the one that asked for them, `timers` when they are due.
  let immediates = [];
  let running = [];
  const timers = [];
  let lastTimer = 0;

  function schedule(timer, delay) {
    delay = Number(delay);
    timer.due = host.passed() + (delay >= 1 ? delay : 1);
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

  // Takes what is due by this many milliseconds after the beginning; returns how many.
  function beginTurn(by) {
    running = immediates;
    immediates = [];
    while (timers.length > 0 && timers[0].due <= by) running.push(timers.shift());
    return running.length;
  }

  function runOne() {
    current = running.shift();
    if (current === undefined) return;
    const { callback, args } = current;
    if (current.due !== undefined) host.moveTo(current.due);
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
  // `%s` and the like are Node's: its library is compiled for who uses them.
  const toText = (values) => {
    const isFormat = values.length > 1 && typeof values[0] === "string" && call(includes, values[0], "%");
    return isFormat ? load("node:/util.js").exports.format(...values) : values.map(show).join(" ");
  };
  const logger = (level) => (...values) => api.request("log." + level, { msg: toText(values) });
  define("console", {
    log: logger("info"),
    info: logger("info"),
    debug: logger("debug"),
    trace: logger("debug"),
    warn: logger("warning"),
    error: logger("error"),
    dir: logger("info"),
    group: logger("info"),
    groupEnd() {},
    time() {},
    timeEnd() {},
    timeLog() {},
    assert(holds, ...values) {
      if (!holds) console.error("Assertion failed", ...values);
    },
  });

  // The clock.
  const { now } = host;
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
  define("performance", { now: () => host.passed(), timeOrigin: now() });

  // Where something was thrown that is no error: an error knows by itself.
  define("__ngoma_thrown", (value, file, line, column) => {
    if (!(value instanceof Error)) host.noteThrown(value, file, line, column);
    return value;
  });

  // CommonJS.
  const loaded = new Map();
  const folder = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

  // What built-in libraries have the worker do; no other file can ask for it.
  const natives = { ...host.natives, isModule: host.isModule, say: host.say, done: host.done };

  function requireFrom(base) {
    const isTrusted = host.isTrusted(base);
    return function require(name) {
      if (isTrusted && name === "host:") return natives;
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
    if (typeof body === "string") module.exports = host.isText(path) ? body : parse(body);
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
  const nothing = () => process;
  define("process", {
    env: {},
    argv: [],
    execArgv: [],
    platform: "linux",
    arch: "",
    version: "",
    versions: {},
    pid: 1,
    title: "",
    browser: true,
    cwd: () => "/",
    umask: () => 0o022,
    uptime: () => host.passed() / 1000,
    hrtime: Object.assign(sinceBeginning, { bigint: () => BigInt(Math.round(host.passed() * 1e6)) }),
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
    on: nothing,
    once: nothing,
    off: nothing,
    addListener: nothing,
    removeListener: nothing,
    removeAllListeners: nothing,
    emit: () => false,
    listeners: () => [],
    emitWarning: (warning) => console.warn(String(warning)),
  });

  // [seconds, nanoseconds] since the beginning, or since an earlier answer.
  function sinceBeginning(earlier) {
    const nanoseconds = Math.round(host.passed() * 1e6) - (earlier ? earlier[0] * 1e9 + earlier[1] : 0);
    return [Math.floor(nanoseconds / 1e9), nanoseconds % 1e9];
  }

  // Globals that a library holds: it is compiled when one is first used.
  function defineLazily(file, ...names) {
    for (const name of names) {
      Object.defineProperty(globalThis, name, {
        configurable: true,
        enumerable: false,
        get() {
          const value = load(file).exports[name];
          define(name, value);
          return value;
        },
        set: (value) => define(name, value),
      });
    }
  }
  defineLazily("node:/buffer.js", "Buffer", "atob");
  defineLazily("node:/internal/web_url.js", "URL", "URLSearchParams");
  defineLazily("node:/internal/encoding.js", "TextEncoder", "TextDecoder");
  defineLazily("node:/internal/web_crypto.js", "crypto");

  return { deliver, handleReply, beginTurn, runOne, idleFor, prepareMain, requirePath: (path) => load(path).exports };
})
