// The words tests are written with: those of behaviour (`describe`, `it`) and those of suites (`suite`, `test`).
"use strict";

function interfaces(runner) {
  const describe = variants((mode) => (title, body) => runner.describe(title, body, mode));
  const it = variants((mode) => (title, body) => runner.it(title, body, mode));
  const hook = (kind) => (title, body) => runner.hook(kind, title, body);
  const hooks = {
    before: hook("before"),
    after: hook("after"),
    beforeEach: hook("beforeEach"),
    afterEach: hook("afterEach"),
  };
  return {
    describe,
    context: describe,
    suite: describe,
    xdescribe: describe.skip,
    xcontext: describe.skip,
    it,
    specify: it,
    test: it,
    xit: it.skip,
    xspecify: it.skip,
    ...hooks,
    suiteSetup: hooks.before,
    suiteTeardown: hooks.after,
    setup: hooks.beforeEach,
    teardown: hooks.afterEach,
  };
}

/** A word with its `.only` and `.skip`. */
function variants(make) {
  return Object.assign(make(undefined), { only: make("only"), skip: make("skip") });
}

module.exports = { interfaces };
