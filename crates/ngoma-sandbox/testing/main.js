// The first file of a test run: sets up what tests are written with and waits for the order to run them.
(() => {
  "use strict";
  const host = require("host:");
  const { interfaces } = require("./interfaces");
  const { Runner } = require("./runner");
  const load = require;

  // Files of tests have their own; code that looks for the global ones would think that it is the main file.
  for (const name of ["require", "module", "exports", "__filename", "__dirname"]) delete globalThis[name];
  // A service that says it is done must not end the run.
  api.done = () => {};

  const runner = new Runner(host);
  for (const [name, value] of Object.entries(interfaces(runner))) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }

  api.on_run_tests = ({ files, test_limit_ms, only, collect }) => {
    delete api.on_run_tests;
    runner.run({ files, load, timeout: test_limit_ms, only, collect });
  };
})();
