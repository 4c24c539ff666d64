// One run of a test or a hook, however it ends: by itself, by its callback or promise, by an error, by its time.
"use strict";

const { inspect } = require("node:util");

// Tests may put others in their place.
const { clearTimeout, setTimeout } = globalThis;
const { now } = performance;

/** How much longer than its time code may run without giving way before it is stopped, in milliseconds. */
const GRACE_MS = 500;

class Attempt {
  constructor(host, runnable, onEnd) {
    Object.assign(this, { host, runnable, onEnd, isOver: false, isCalled: false });
  }

  begin() {
    const { runnable } = this;
    this.began = now();
    runnable.ctx.test = runnable;
    runnable.onTimeout = () => this.limit();
    this.limit();
    try {
      this.call();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Sets the time it has from its beginning; none if that is 0. */
  limit() {
    clearTimeout(this.timer);
    const limit = this.runnable.timeout();
    const watched = this.runnable.watch ?? (limit > 0 ? limit + GRACE_MS : undefined);
    this.host.watch(watched);
    if (!(limit > 0) || this.isOver) return;
    this.timer = setTimeout(() => this.fail(this.late(limit)), Math.max(0, limit - (now() - this.began)));
  }

  call() {
    const { ctx, fn } = this.runnable;
    if (fn.length > 0) {
      const returned = fn.call(ctx, (error) => this.done(error));
      if (typeof returned?.then === "function") this.fail(new Error("a test has a callback or a promise, not both"));
      return;
    }
    const returned = fn.call(ctx);
    if (typeof returned?.then !== "function") {
      this.pass();
      return;
    }
    returned.then(
      () => this.pass(),
      (thrown) => this.fail(thrown ?? new Error("the promise was rejected without a reason")),
    );
  }

  done(error) {
    if (this.isCalled) {
      this.fail(new Error("done() was called twice"));
      return;
    }
    this.isCalled = true;
    if (!error) this.pass();
    else if (error instanceof Error) this.fail(error);
    else this.fail(new Error(`done() was called with ${inspect(error)}`));
  }

  pass() {
    const limit = this.runnable.timeout();
    if (limit > 0 && now() - this.began > limit) this.fail(this.late(limit));
    else this.end(undefined);
  }

  fail(thrown) {
    this.end({ thrown });
  }

  /** It was stopped in the middle of what it did. */
  stop() {
    const limit = this.runnable.watch ?? this.runnable.timeout();
    this.fail(new Error(`it ran for more than ${limit} ms without giving way and was stopped`));
  }

  late(limit) {
    return new Error(`it took longer than ${limit} ms: is done() called, and does its promise settle?`);
  }

  end(error) {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.host.watch(undefined);
    this.runnable.onTimeout = undefined;
    this.onEnd({ error });
  }
}

module.exports = { Attempt };
