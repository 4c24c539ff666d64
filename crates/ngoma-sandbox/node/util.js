// Node's `util`.
"use strict";

const { unfit } = require("./internal/errors");
const { inspect } = require("./internal/inspect");
const { isDeepStrictEqual } = require("./internal/equal");
const { TextDecoder, TextEncoder } = require("./internal/encoding");
const types = require("./util/types");

const PROMISIFIED = Symbol.for("nodejs.util.promisify.custom");

function shortly(value) {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error || hasOwnToString(value)) return String(value);
  return inspect(value, { depth: 0, colors: false, compact: 3 });
}

/** Whether an object's own class says how it becomes a string. */
function hasOwnToString(value) {
  for (let proto = value; proto !== null; proto = Object.getPrototypeOf(proto)) {
    if (!Object.prototype.hasOwnProperty.call(proto, "toString")) continue;
    return ![Object, Array, Map, Set, Date].some((builtin) => builtin.prototype === proto);
  }
  return false;
}

function asNumber(value, parse) {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol") return "NaN";
  return inspect(parse(value));
}

function asJson(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (/circular/i.test(error.message)) return "[Circular]";
    throw error;
  }
}

const DIRECTIVES = {
  s: shortly,
  d: (value) => asNumber(value, Number),
  i: (value) => (typeof value === "object" && value !== null ? "NaN" : asNumber(value, parseInt)),
  f: (value) => (typeof value === "symbol" ? "NaN" : inspect(parseFloat(value))),
  j: asJson,
  o: (value) => inspect(value, { showHidden: true, depth: 4 }),
  O: (value) => inspect(value),
  c: () => "",
};

function format(...values) {
  return formatWithOptions({}, ...values);
}

function formatWithOptions(options, ...values) {
  const [first, ...rest] = values;
  const show = (value) => (typeof value === "string" ? value : inspect(value, { ...options, compact: 3, depth: 2 }));
  if (typeof first !== "string") return values.map(show).join(" ");
  if (values.length === 1) return first;
  let next = 0;
  const text = first.replace(/%(.)/g, (whole, letter) => {
    if (letter === "%") return "%";
    if (!Object.hasOwn(DIRECTIVES, letter) || next >= rest.length) return whole;
    next += 1;
    return DIRECTIVES[letter](rest[next - 1]);
  });
  return [text, ...rest.slice(next).map(show)].join(" ");
}

function inherits(constructor, parent) {
  if (typeof constructor !== "function") throw unfit("ctor", "of type function", constructor);
  if (typeof parent !== "function") throw unfit("superCtor", "of type function", parent);
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

function promisify(original) {
  if (typeof original !== "function") throw unfit("original", "of type function", original);
  if (original[PROMISIFIED]) return original[PROMISIFIED];
  function promised(...args) {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error, value) => (error ? reject(error) : resolve(value)));
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, PROMISIFIED, { value: promised, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = PROMISIFIED;

function callbackify(original) {
  return function (...args) {
    const callback = args.pop();
    const fail = (reason) => {
      const error = reason || Object.assign(new Error("Promise was rejected with a falsy value"), { reason });
      process.nextTick(callback, error);
    };
    original.apply(this, args).then((value) => process.nextTick(callback, null, value), fail);
  };
}

/** Says once that a function is not to be used any more, where the author looks: in the log. */
function deprecate(original, message, code) {
  let isSaid = false;
  function deprecated(...args) {
    if (!isSaid) console.warn(`DeprecationWarning: ${code ? `[${code}] ` : ""}${message}`);
    isSaid = true;
    return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args);
  }
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

function debuglog() {
  const log = () => {};
  log.enabled = false;
  return log;
}

function isPrimitive(value) {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

module.exports = {
  inspect,
  format,
  formatWithOptions,
  inherits,
  promisify,
  callbackify,
  deprecate,
  debuglog,
  debug: debuglog,
  types,
  isDeepStrictEqual,
  TextEncoder,
  TextDecoder,
  stripVTControlCharacters: (text) => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, ""),
  toUSVString: (text) => String(text).toWellFormed(),
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === "boolean",
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === "number",
  isString: (value) => typeof value === "string",
  isSymbol: (value) => typeof value === "symbol",
  isUndefined: (value) => value === undefined,
  isRegExp: types.isRegExp,
  isObject: (value) => typeof value === "object" && value !== null,
  isDate: types.isDate,
  isError: (value) => value instanceof Error,
  isFunction: (value) => typeof value === "function",
  isBuffer: (value) => require("./buffer").Buffer.isBuffer(value),
  isPrimitive,
};
