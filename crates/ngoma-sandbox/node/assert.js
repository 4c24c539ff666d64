// Node's `assert`.
"use strict";

const { unfit } = require("./internal/errors");
const { inspect } = require("./internal/inspect");
const { isDeepEqual, isDeepStrictEqual } = require("./internal/equal");
const { differences } = require("./internal/differences");

const show = (value) =>
  inspect(value, { compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, sorted: true, getters: true, breakLength: Infinity, stacks: false });

const TITLES = {
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  strictEqual: "Expected values to be strictly equal:",
  deepEqual: "Expected values to be loosely deep-equal:",
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};
/** Two values this long together are shown side by side. */
const LONGEST = 12;
/** A value longer than this is shown on lines of its own. */
const SHORT = 5;

/** What an assertion says that was given no message. */
function messageOf({ actual, expected, operator }) {
  if (operator === "deepStrictEqual" || operator === "strictEqual") return strictMessage(actual, expected, operator);
  if (operator === "deepEqual") {
    return `${TITLES.deepEqual}\n\n${shortened(show(actual))}\n\nshould loosely deep-equal\n\n${shortened(show(expected))}`;
  }
  if (operator in TITLES) {
    const shown = show(actual);
    const isPlain = typeof actual !== "object" && typeof actual !== "function";
    const title = operator === "notStrictEqual" && !isPlain ? 'Expected "actual" not to be reference-equal to "expected":' : TITLES[operator];
    return shown.length > SHORT ? `${title}\n\n${shortened(shown)}` : `${title} ${shown}`;
  }
  return `${shortened(show(actual))} ${operator} ${shortened(show(expected))}`;
}

function strictMessage(actual, expected, operator) {
  const [left, right] = [show(actual), show(expected)];
  const isObject = (value) => typeof value === "object" && value !== null;
  const isShort = !left.includes("\n") && !right.includes("\n") && left !== right;
  if (isShort && left.length + right.length <= LONGEST && !isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0)) {
    return `${TITLES[operator]}\n\n${left} !== ${right}\n`;
  }
  if (operator === "strictEqual" && left === right) {
    return `Values have same structure but are not reference-equal:\n\n${left}\n`;
  }
  return `${TITLES[operator]}\n+ actual - expected\n\n${differences(left.split("\n"), right.split("\n"))}`;
}

/** No more than Node shows of a long value. */
function shortened(text) {
  const lines = text.split("\n");
  return lines.length > 50 ? [...lines.slice(0, 46), "..."].join("\n") : text;
}

class AssertionError extends Error {
  constructor(options) {
    const { message, actual, expected, operator, stackStartFn } = options;
    super(message === undefined || message === null ? messageOf(options) : String(message));
    // Not enumerable: a test that compares errors does not see it.
    Object.defineProperty(this, "name", { value: "AssertionError", writable: true, configurable: true, enumerable: false });
    this.generatedMessage = !message;
    this.code = "ERR_ASSERTION";
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    if (stackStartFn !== undefined) Error.captureStackTrace?.(this, stackStartFn);
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

function fails(options) {
  if (options.message instanceof Error) throw options.message;
  throw new AssertionError(options);
}

function missing(...names) {
  const list = names.map((name) => `"${name}"`).join(" and ");
  return Object.assign(new TypeError(`The ${list} arguments must be specified`), { code: "ERR_MISSING_ARGS" });
}

function ok(...args) {
  const [value, message] = args;
  if (value) return;
  const said = args.length === 0 ? "No value argument passed to `assert.ok()`" : message;
  const isGenerated = said === undefined || args.length === 0;
  if (said instanceof Error) throw said;
  const error = new AssertionError({
    actual: value,
    expected: true,
    message: said ?? "The expression evaluated to a falsy value",
    operator: "==",
    stackStartFn: this instanceof Function ? this : ok,
  });
  error.generatedMessage = isGenerated;
  throw error;
}

function assert(...args) {
  ok.call(assert, ...args);
}

/** An assertion about two values. */
function comparison(name, holds, operator = name) {
  const { [name]: assertion } = {
    [name](...args) {
      const [actual, expected, message] = args;
      if (args.length < 2) throw missing("actual", "expected");
      if (!holds(actual, expected)) fails({ actual, expected, message, operator, stackStartFn: assertion });
    },
  };
  return assertion;
}

const isLooselyEqual = (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b));

/** `fail(message)`, or the old `fail(actual, expected, message, operator)`. */
function fail(...args) {
  const [actual, expected] = args;
  const message = args.length > 1 ? args[2] : actual;
  if (message instanceof Error) throw message;
  const options =
    args.length > 1
      ? { actual, expected, message, operator: args[3] ?? (args.length === 2 ? "!=" : "fail") }
      : { message: message ?? "Failed", operator: "fail" };
  const error = new AssertionError({ ...options, stackStartFn: args[4] ?? fail });
  error.generatedMessage = !message;
  throw error;
}

/** Whether what was thrown is what was expected; throws where it is not. */
function examine(thrown, expected, message, operator, from) {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    if (expected.test(String(thrown))) return;
    const said = message ?? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(thrown))}\n`;
    disagree(thrown, expected, said, operator, message, from);
  }
  if (typeof expected !== "function") {
    examineMembers(thrown, expected, message, operator, from);
    return;
  }
  if (expected.prototype !== undefined && thrown instanceof expected) return;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    const found = thrown instanceof Error ? `Error message:\n\n${thrown.message}` : `Received ${inspect(thrown, { depth: -1 })}`;
    const kind = thrown instanceof Error ? `Received "${thrown.constructor?.name}"\n\n${found}` : found;
    disagree(thrown, expected, message ?? `The error is expected to be an instance of "${expected.name}". ${kind}`, operator, message, from);
  }
  const answer = expected.call({}, thrown);
  if (answer === true) return;
  const name = expected.name ? `"${expected.name}" ` : "";
  const said = message ?? `The ${name}validation function is expected to return "true". Received ${inspect(answer)}\n\nCaught error:\n\n${thrown}`;
  disagree(thrown, expected, said, operator, message, from);
}

function disagree(actual, expected, said, operator, message, from) {
  if (message instanceof Error) throw message;
  const error = new AssertionError({ actual, expected, message: said, operator, stackStartFn: from });
  error.generatedMessage = !message;
  throw error;
}

function examineMembers(thrown, expected, message, operator, from) {
  const isObject = typeof thrown === "object" && thrown !== null;
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push("name", "message");
  else if (keys.length === 0) {
    throw Object.assign(new TypeError("The argument 'error' may not be an empty object. Received {}"), { code: "ERR_INVALID_ARG_VALUE" });
  }
  const matches = (key) =>
    isObject &&
    key in thrown &&
    (isDeepStrictEqual(thrown[key], expected[key]) ||
      (typeof thrown[key] === "string" && expected[key] instanceof RegExp && expected[key].test(thrown[key])));
  if (keys.every(matches)) return;
  const chosen = (from) => Object.fromEntries(keys.filter((key) => key in from).map((key) => [key, from[key]]));
  const actual = isObject ? chosen(thrown) : thrown;
  const said = message ?? messageOf({ actual, expected: chosen(expected), operator: "deepStrictEqual" });
  disagree(thrown, expected, said, operator, message, from);
}

/** The arguments after the function: what is expected, and a message; a text alone is the message. */
function expectations(error, message) {
  if (typeof error === "string") return [undefined, error];
  if (error !== undefined && typeof error !== "object" && typeof error !== "function") {
    throw unfit("error", "of type function or an instance of Error, RegExp, or Object", error);
  }
  return [error, message];
}

function missingException(expected, message, operator, kind, from) {
  const name = expected?.name ? ` (${expected.name})` : "";
  const said = message ? `: ${message}` : ".";
  if (message instanceof Error) throw message;
  const error = new AssertionError({
    actual: undefined,
    expected,
    operator,
    message: `Missing expected ${kind}${name}${said}`,
    stackStartFn: from,
  });
  throw error;
}

function throws(run, error, message) {
  if (typeof run !== "function") throw unfit("fn", "of type function", run);
  const [expected, said] = expectations(error, message);
  let thrown;
  try {
    run();
  } catch (caught) {
    thrown = { caught };
  }
  if (thrown === undefined) missingException(expected, said, "throws", "exception", throws);
  examine(thrown.caught, expected, said, "throws", throws);
}

function unwanted(thrown, expected, message, operator, kind, from) {
  if (expected !== undefined && !isExpected(thrown, expected)) throw thrown;
  const said = message ? `: ${message}` : ".";
  const details = `Actual message: "${thrown?.message}"`;
  throw new AssertionError({
    actual: thrown,
    expected,
    operator,
    message: `Got unwanted ${kind}${said}\n${details}`,
    stackStartFn: from,
  });
}

function isExpected(thrown, expected) {
  try {
    examine(thrown, expected, undefined, "doesNotThrow");
    return true;
  } catch {
    return false;
  }
}

function doesNotThrow(run, error, message) {
  if (typeof run !== "function") throw unfit("fn", "of type function", run);
  const [expected, said] = expectations(error, message);
  try {
    run();
  } catch (thrown) {
    unwanted(thrown, expected, said, "doesNotThrow", "exception", doesNotThrow);
  }
}

/** How a promise, or what a function returns, is rejected; undefined if it is not. */
async function rejectionOf(promised) {
  const promise = typeof promised === "function" ? promised() : promised;
  if (typeof promise?.then !== "function") {
    throw unfit("promiseFn", "of type function or an instance of Promise", promise);
  }
  try {
    await promise;
    return undefined;
  } catch (caught) {
    return { caught };
  }
}

async function rejects(promised, error, message) {
  const [expected, said] = expectations(error, message);
  const rejected = await rejectionOf(promised);
  if (rejected === undefined) missingException(expected, said, "rejects", "rejection", rejects);
  examine(rejected.caught, expected, said, "rejects", rejects);
}

async function doesNotReject(promised, error, message) {
  const [expected, said] = expectations(error, message);
  const rejected = await rejectionOf(promised);
  if (rejected !== undefined) unwanted(rejected.caught, expected, said, "doesNotReject", "rejection", doesNotReject);
}

function ifError(value) {
  if (value === null || value === undefined) return;
  const said = typeof value === "object" && typeof value.message === "string" ? value.message || value.constructor?.name : inspect(value);
  throw new AssertionError({
    actual: value,
    expected: null,
    operator: "ifError",
    message: `ifError got unwanted exception: ${said}`,
    stackStartFn: ifError,
  });
}

function matching(name, holds, words) {
  const { [name]: assertion } = {
    [name](text, pattern, message) {
      if (!(pattern instanceof RegExp)) throw unfit("regexp", "an instance of RegExp", pattern);
      if (typeof text === "string" && holds(pattern.test(text))) return;
      const generated =
        typeof text === "string"
          ? `The input ${words} the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`
          : `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`;
      disagree(text, pattern, message ?? generated, name, message, assertion);
    },
  };
  return assertion;
}

const strictly = {
  equal: comparison("strictEqual", Object.is),
  deepEqual: comparison("deepStrictEqual", isDeepStrictEqual),
  notEqual: comparison("notStrictEqual", (a, b) => !Object.is(a, b)),
  notDeepEqual: comparison("notDeepStrictEqual", (a, b) => !isDeepStrictEqual(a, b)),
};

Object.assign(assert, {
  AssertionError,
  ok(...args) {
    ok.call(assert.ok, ...args);
  },
  fail,
  equal: comparison("equal", isLooselyEqual, "=="),
  notEqual: comparison("notEqual", (a, b) => !isLooselyEqual(a, b), "!="),
  deepEqual: comparison("deepEqual", isDeepEqual),
  notDeepEqual: comparison("notDeepEqual", (a, b) => !isDeepEqual(a, b)),
  strictEqual: strictly.equal,
  notStrictEqual: strictly.notEqual,
  deepStrictEqual: strictly.deepEqual,
  notDeepStrictEqual: strictly.notDeepEqual,
  throws,
  doesNotThrow,
  rejects,
  doesNotReject,
  ifError,
  match: matching("match", (found) => found, "did not match"),
  doesNotMatch: matching("doesNotMatch", (found) => !found, "was expected to not match"),
});

function strict(...args) {
  ok.call(strict, ...args);
}
assert.strict = Object.assign(strict, assert, strictly);
assert.strict.strict = assert.strict;

module.exports = assert;
