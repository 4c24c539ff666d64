// Node's `events`.
"use strict";

const { unfit } = require("./internal/errors");

const CAPTURES = Symbol.for("nodejs.rejection");

function checkListener(listener) {
  if (typeof listener !== "function") throw unfit("listener", "of type function", listener);
}

function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.init = function () {
  // A prototype's own listeners are not the instance's.
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
};

function listenersOf(emitter, name) {
  return emitter._events?.[name];
}

function add(emitter, name, listener, isFirst) {
  checkListener(listener);
  if (emitter._events === undefined) {
    emitter._events = Object.create(null);
    emitter._eventsCount = 0;
  } else if (emitter._events.newListener !== undefined) {
    emitter.emit("newListener", name, listener.listener ?? listener);
  }
  const known = emitter._events[name];
  if (known === undefined) {
    emitter._events[name] = [listener];
    emitter._eventsCount += 1;
  } else {
    // A new list: an `emit` that is under way goes on with the one it began with.
    emitter._events[name] = isFirst ? [listener, ...known] : [...known, listener];
  }
  return emitter;
}

function once(emitter, name, listener) {
  checkListener(listener);
  let isOver = false;
  const wrapped = function (...args) {
    // Whoever holds it still may call it again.
    if (isOver) return undefined;
    isOver = true;
    emitter.removeListener(name, wrapped);
    return listener.apply(emitter, args);
  };
  wrapped.listener = listener;
  return wrapped;
}

const methods = {
  emit(name, ...args) {
    const listeners = listenersOf(this, name);
    if (listeners === undefined) {
      if (name === "error") throwUnheard(args[0]);
      return false;
    }
    for (const listener of listeners) listener.apply(this, args);
    return true;
  },
  on(name, listener) {
    return add(this, name, listener, false);
  },
  prependListener(name, listener) {
    return add(this, name, listener, true);
  },
  once(name, listener) {
    return this.on(name, once(this, name, listener));
  },
  prependOnceListener(name, listener) {
    return this.prependListener(name, once(this, name, listener));
  },
  removeListener(name, listener) {
    checkListener(listener);
    const listeners = listenersOf(this, name);
    if (listeners === undefined) return this;
    const at = listeners.findLastIndex((known) => known === listener || known.listener === listener);
    if (at < 0) return this;
    const left = listeners.toSpliced(at, 1);
    if (left.length > 0) this._events[name] = left;
    else {
      delete this._events[name];
      this._eventsCount -= 1;
    }
    if (this._events.removeListener !== undefined) this.emit("removeListener", name, listener);
    return this;
  },
  removeAllListeners(...names) {
    const all = this._events;
    if (all === undefined) return this;
    const chosen = names.length > 0 ? names : Reflect.ownKeys(all).filter((name) => name !== "removeListener");
    if (all.removeListener !== undefined) {
      for (const name of chosen) {
        for (const listener of [...(all[name] ?? [])].reverse()) this.removeListener(name, listener);
      }
    }
    if (names.length === 0) this._events = Object.create(null);
    else delete all[names[0]];
    this._eventsCount = Reflect.ownKeys(this._events).length;
    return this;
  },
  setMaxListeners(count) {
    this._maxListeners = count;
    return this;
  },
  getMaxListeners() {
    return this._maxListeners ?? EventEmitter.defaultMaxListeners;
  },
  listeners(name) {
    return (listenersOf(this, name) ?? []).map((listener) => listener.listener ?? listener);
  },
  rawListeners(name) {
    return [...(listenersOf(this, name) ?? [])];
  },
  listenerCount(name, listener) {
    const listeners = listenersOf(this, name) ?? [];
    return listener === undefined ? listeners.length : listeners.filter((known) => (known.listener ?? known) === listener).length;
  },
  eventNames() {
    return this._events === undefined ? [] : Reflect.ownKeys(this._events);
  },
};
methods.addListener = methods.on;
methods.off = methods.removeListener;
// As of a function's prototype of old: a `for in` over an emitter finds them.
Object.assign(EventEmitter.prototype, methods, { _events: undefined, _eventsCount: 0, _maxListeners: undefined });

function throwUnheard(error) {
  if (error instanceof Error) throw error;
  const { inspect } = require("./internal/inspect");
  const unheard = new Error(`Unhandled error. (${typeof error === "string" ? `'${error}'` : inspect(error)})`);
  throw Object.assign(unheard, { code: "ERR_UNHANDLED_ERROR", context: error });
}

Object.assign(EventEmitter, {
  EventEmitter,
  defaultMaxListeners: 10,
  captureRejectionSymbol: CAPTURES,
  listenerCount: (emitter, name) => emitter.listenerCount(name),
  getEventListeners: (emitter, name) => emitter.listeners(name),
  setMaxListeners(count, ...emitters) {
    for (const emitter of emitters) emitter.setMaxListeners(count);
  },
  once: (emitter, name) =>
    new Promise((resolve, reject) => {
      const fail = (error) => {
        emitter.removeListener(name, succeed);
        reject(error);
      };
      const succeed = (...args) => {
        emitter.removeListener("error", fail);
        resolve(args);
      };
      emitter.once(name, succeed);
      if (name !== "error") emitter.once("error", fail);
    }),
});

module.exports = EventEmitter;
