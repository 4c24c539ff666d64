// What the files describe: groups of tests, tests and hooks.
"use strict";

const KINDS = ["before", "after", "beforeEach", "afterEach"];
const NAMES = { before: "before all", after: "after all", beforeEach: "before each", afterEach: "after each" };

/** A test or a hook. */
class Runnable {
  constructor(suite, title, body) {
    this.parent = suite;
    this.title = title;
    this.fn = body;
    this.ctx = suite.ctx;
    /** Where it is written, for errors without a place. */
    this.place = new Error("here");
    this.own = {};
  }

  timeout(milliseconds) {
    if (milliseconds === undefined) return this.own.timeout ?? this.parent.timeout();
    this.own.timeout = Number.parseFloat(milliseconds);
    this.onTimeout?.();
    return this;
  }

  retries(count) {
    if (count === undefined) return this.own.retries ?? this.parent.retries();
    this.own.retries = count;
    return this;
  }

  slow() {
    return this;
  }

  fullTitle() {
    return [...this.parent.titles(), this.title].join(" ");
  }

  titlePath() {
    return [...this.parent.titles(), this.title];
  }

  isPending() {
    return this.pending || this.parent.isPending();
  }
}

class Hook extends Runnable {
  constructor(suite, kind, title, body) {
    super(suite, `"${NAMES[kind]}" hook${title ? `: ${title}` : ""}`, body);
  }
}

class Suite {
  constructor(title, parent) {
    this.title = title;
    this.parent = parent;
    /** What `this` is in its hooks and tests; those of the groups around it can be seen through it. */
    this.ctx = Object.create(parent?.ctx ?? CONTEXT);
    this.suites = [];
    this.tests = [];
    this.hooks = Object.fromEntries(KINDS.map((kind) => [kind, []]));
    this.own = {};
  }

  timeout(milliseconds) {
    if (milliseconds === undefined) return this.own.timeout ?? this.parent?.timeout();
    this.own.timeout = Number.parseFloat(milliseconds);
    return this;
  }

  retries(count) {
    if (count === undefined) return this.own.retries ?? this.parent?.retries() ?? 0;
    this.own.retries = count;
    return this;
  }

  slow() {
    return this;
  }

  titles() {
    return this.parent === undefined ? [] : [...this.parent.titles(), this.title];
  }

  fullTitle() {
    return this.titles().join(" ");
  }

  isPending() {
    return this.pending || (this.parent?.isPending() ?? false);
  }

  /** The hooks of a kind, those of the outermost group first. */
  allHooks(kind) {
    return [...(this.parent?.allHooks(kind) ?? []), ...this.hooks[kind]];
  }

  /** Whether something in it is marked `.only`. */
  hasOnly() {
    return this.only || this.tests.some((test) => test.only) || this.suites.some((suite) => suite.hasOnly());
  }

  /** Leaves only what is marked so; a group with marked tests of its own runs those and no others. */
  keepOnly() {
    if (this.tests.some((test) => test.only)) {
      this.tests = this.tests.filter((test) => test.only);
      this.suites = this.suites.filter((suite) => suite.hasOnly());
    } else if (this.suites.some((suite) => suite.hasOnly())) {
      this.tests = [];
      this.suites = this.suites.filter((suite) => suite.hasOnly());
    } else return;
    for (const suite of this.suites) suite.keepOnly();
  }

  /** Leaves only the tests that are wanted, and the groups that have such. */
  keep(isWanted) {
    this.tests = this.tests.filter(isWanted);
    for (const suite of this.suites) suite.keep(isWanted);
    this.suites = this.suites.filter((suite) => suite.tests.length + suite.suites.length > 0);
  }
}

/** Thrown by `this.skip()`. */
class Skipped extends Error {}

/** What every `this` in tests can do. */
const CONTEXT = {
  timeout(milliseconds) {
    if (milliseconds === undefined) return this.runnable().timeout();
    this.runnable().timeout(milliseconds);
    return this;
  },
  retries(count) {
    if (count === undefined) return this.runnable().retries();
    this.runnable().retries(count);
    return this;
  },
  slow() {
    return this;
  },
  skip() {
    throw new Skipped("skipped");
  },
  runnable() {
    return this.test;
  },
};

module.exports = { Hook, Runnable, Skipped, Suite };
