// Runs tests one after the other and tells the host of each.
"use strict";

const { Attempt } = require("./attempt");
const { explain } = require("./explain");
const { Hook, Runnable, Skipped, Suite } = require("./suite");

// Tests may put others in their place.
const { setImmediate } = globalThis;
const { stringify } = JSON;
const { now } = performance;

/** How long a piece of the collected value is: the host reads line by line. */
const PIECE = 1 << 18;

class Runner {
  constructor(host) {
    this.host = host;
    this.root = new Suite("", undefined);
    this.suite = this.root;
    /** What runs now and can still end. */
    this.attempt = undefined;
    host.onUncaught((error, isOverdue) => this.hear(error, isOverdue));
  }

  describe(title, body, mode) {
    const suite = new Suite(String(title), this.suite);
    suite.pending = mode === "skip" || body === undefined;
    suite.only = mode === "only";
    this.suite.suites.push(suite);
    if (body === undefined) return suite;
    const outer = this.suite;
    this.suite = suite;
    try {
      body.call(suite, suite);
    } finally {
      this.suite = outer;
    }
    return suite;
  }

  it(title, body, mode) {
    const test = new Runnable(this.suite, String(title), body);
    test.pending = mode === "skip" || body === undefined;
    test.only = mode === "only";
    this.suite.tests.push(test);
    return test;
  }

  hook(kind, title, body) {
    const [name, run] = typeof title === "function" ? [title.name, title] : [title, body];
    this.suite.hooks[kind].push(new Hook(this.suite, kind, name, run));
  }

  async run({ files, load, timeout, only, collect }) {
    this.root.timeout(timeout);
    for (const file of files) await this.load(file, load);
    if (this.root.hasOnly()) this.root.keepOnly();
    this.root.keep((test) => !only || test.fullTitle().includes(only));
    await this.runSuite(this.root);
    if (collect) this.hand(globalThis[collect]);
    this.host.say(stringify({ cmd: "js.done" }));
    this.host.done();
  }

  /** Loads a file in a turn of its own: what it does not catch, or that it never ends, is its failure alone. */
  async load(file, load) {
    const describing = new Runnable(this.root, file, async () => {
      if (this.host.isModule(file)) await import(`/${file}`);
      else load(`/${file}`);
    });
    describing.timeout(0);
    describing.watch = LOAD_MS;
    const { error } = await this.attend(describing);
    this.suite = this.root;
    if (error !== undefined) this.tell(describing, "failed", 0, explain(this.host, error.thrown, undefined));
  }

  async runSuite(suite) {
    if (suite.tests.length + suite.suites.length === 0) return undefined;
    let broken = suite.isPending() ? undefined : await this.runHooks(suite.hooks.before, suite.tests[0]);
    if (broken === undefined) broken = await this.runTests(suite);
    if (broken === undefined) {
      for (const inner of suite.suites) {
        const at = await this.runSuite(inner);
        // A hook of an outer group broke: what is left of that group is not run.
        if (at !== undefined && at !== inner) {
          broken = at;
          break;
        }
      }
    }
    if (!suite.isPending()) await this.runHooks(suite.hooks.after, undefined);
    return broken;
  }

  /** Runs a group's own tests; returns the group whose hook broke, if one did. */
  async runTests(suite) {
    for (const test of suite.tests) {
      if (test.isPending()) {
        this.tell(test, "pending", 0);
        continue;
      }
      this.host.tell(stringify({ cmd: "test.began", title: test.titlePath() }));
      const broken = await this.runTest(test);
      if (broken !== undefined) return broken;
    }
    return undefined;
  }

  async runTest(test) {
    for (let left = test.retries(); ; left = Math.min(left, test.retries()) - 1) {
      const before = await this.runHooks(test.parent.allHooks("beforeEach"), test);
      let outcome;
      if (before === undefined) {
        outcome = await this.attend(test);
        const goesAgain = outcome.error !== undefined && !outcome.isSkipped && left > 0;
        if (!goesAgain) this.tellOutcome(test, outcome);
        const after = await this.runHooks(test.parent.allHooks("afterEach").reverse(), test);
        if (after !== undefined) return after;
        if (goesAgain) continue;
        return undefined;
      }
      await this.runHooks(test.parent.allHooks("afterEach").reverse(), test);
      return before;
    }
  }

  tellOutcome(test, { error, isSkipped, duration }) {
    if (isSkipped) this.tell(test, "pending", 0);
    else if (error === undefined) this.tell(test, "passed", duration);
    else this.tell(test, "failed", duration, explain(this.host, error.thrown, test));
  }

  /** Runs hooks in order; returns the group of the one that broke. A hook that skips, skips what is left of its group. */
  async runHooks(hooks, test) {
    for (const hook of hooks) {
      hook.ctx.currentTest = test;
      const { error, isSkipped } = await this.attend(hook);
      if (isSkipped) {
        this.skip(hook.parent, test);
        return hook.parent;
      }
      if (error === undefined) continue;
      const title = [...hook.parent.titles(), hook.title + (test ? ` for "${test.title}"` : "")];
      this.tell({ titlePath: () => title }, "failed", 0, explain(this.host, error.thrown, hook));
      return hook.parent;
    }
    return undefined;
  }

  skip(suite, from) {
    const first = Math.max(0, suite.tests.indexOf(from));
    for (const test of suite.tests.slice(first)) this.tell(test, "pending", 0);
    for (const inner of suite.suites) this.skip(inner, undefined);
  }

  /** Runs a test or a hook in a turn of its own, so that nothing that it does can end the run. */
  attend(runnable) {
    return new Promise((resolve) => {
      setImmediate(() => {
        const began = now();
        this.attempt = new Attempt(this.host, runnable, (ended) => {
          this.attempt = undefined;
          const isSkipped = ended.error?.thrown instanceof Skipped;
          resolve({ ...ended, isSkipped, duration: now() - began });
        });
        this.attempt.begin();
      });
    });
  }

  /** What nobody caught, wherever it came from, is the fault of what runs now. */
  hear(error, isOverdue) {
    if (isOverdue) this.attempt?.stop();
    else this.attempt?.fail(error);
  }

  tell(test, outcome, duration, error) {
    this.host.tell(stringify({ cmd: "test.ended", title: test.titlePath(), outcome, duration_ms: duration, error }));
  }

  /** Hands the host a value in pieces. */
  hand(value) {
    const text = stringify(value) ?? "null";
    for (let at = 0; at < text.length; at += PIECE) {
      this.host.tell(stringify({ cmd: "test.collected", part: text.slice(at, at + PIECE) }));
    }
  }
}

/** How long a file may take to be loaded. */
const LOAD_MS = 20_000;

module.exports = { Runner };
