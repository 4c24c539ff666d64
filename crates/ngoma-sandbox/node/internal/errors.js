// Errors about arguments, in Node's words.
"use strict";

const { inspect } = require("./inspect");
/** How much of a text is said. */
const SAID = 25;

function received(value) {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "object") return value.constructor?.name ? `an instance of ${value.constructor.name}` : inspect(value, { depth: -1 });
  let shown = inspect(value);
  if (shown.length > SAID + 3) shown = `${shown.slice(0, SAID)}...`;
  return `type ${typeof value} (${shown})`;
}

/** An argument of the wrong type. */
function unfit(name, wanted, value) {
  const error = new TypeError(`The "${name}" argument must be ${wanted}. Received ${received(value)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

/** A number out of its range. */
function outOfRange(name, wanted, value) {
  const error = new RangeError(`The value of "${name}" is out of range. It must be ${wanted}. Received ${value}`);
  return Object.assign(error, { code: "ERR_OUT_OF_RANGE" });
}

module.exports = { unfit, outOfRange };
