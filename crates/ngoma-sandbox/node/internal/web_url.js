// `URL` and `URLSearchParams` as the WHATWG's URL standard has them; the parser is the worker's.
"use strict";

const { urlParse, urlSet } = require("host:");

const PARTS = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];
/** The order in which they are shown. */
const SHOWN = [...PARTS.slice(0, -1), "searchParams", "hash"];
const PRIVATE = Symbol("parts");

function invalid(input, base) {
  const error = new TypeError("Invalid URL");
  Object.assign(error, { code: "ERR_INVALID_URL", input });
  if (base !== undefined) error.base = base;
  return error;
}

class URL {
  constructor(input, base) {
    const parts = urlParse(String(input), base === undefined ? undefined : String(base));
    if (parts === undefined) throw invalid(String(input), base === undefined ? undefined : String(base));
    Object.defineProperty(this, PRIVATE, { value: { parts } });
  }

  static canParse(input, base) {
    return urlParse(String(input), base === undefined ? undefined : String(base)) !== undefined;
  }

  get searchParams() {
    const held = this[PRIVATE];
    if (held.params === undefined) {
      held.params = new URLSearchParams(this.search);
      held.params[PRIVATE].owner = this;
    }
    return held.params;
  }

  toString() {
    return this.href;
  }

  toJSON() {
    return this.href;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `URL ${inspect(Object.fromEntries(SHOWN.map((part) => [part, this[part]])), options)}`;
  }

  get [Symbol.toStringTag]() {
    return "URL";
  }
}

PARTS.forEach((part, index) => {
  const property = {
    enumerable: true,
    configurable: true,
    get() {
      return this[PRIVATE].parts[index];
    },
  };
  if (part !== "origin") {
    property.set = function (value) {
      const held = this[PRIVATE];
      const parts = urlSet(held.parts[0], part, String(value));
      if (parts === undefined) {
        if (part === "href") throw invalid(String(value));
        return;
      }
      held.parts = parts;
      if (held.params !== undefined && (part === "href" || part === "search")) held.params[PRIVATE].pairs = pairsOf(this.search.slice(1));
    };
  }
  Object.defineProperty(URL.prototype, part, property);
});

/** The pairs of `a=1&b=2`, as forms are encoded. */
function pairsOf(text) {
  const { unescape } = require("../querystring");
  const decode = (part) => unescape(part.replaceAll("+", " "));
  return text
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
    });
}

function encode(text) {
  const escaped = encodeURIComponent(text.toWellFormed());
  return escaped.replace(/[!'()~]|%20/g, (part) => (part === "%20" ? "+" : "%" + part.charCodeAt(0).toString(16).toUpperCase()));
}

function pairsFrom(init) {
  if (init === undefined || init === null) return [];
  if (typeof init !== "object" && typeof init !== "function") return pairsOf(String(init).replace(/^\?/, ""));
  if (typeof init[Symbol.iterator] !== "function") return Object.entries(init).map(([key, value]) => [key, String(value)]);
  return [...init].map((pair) => {
    const parts = [...pair];
    if (parts.length !== 2) {
      const error = new TypeError("Each query pair must be an iterable [name, value] tuple");
      throw Object.assign(error, { code: "ERR_INVALID_TUPLE" });
    }
    return parts.map(String);
  });
}

class URLSearchParams {
  constructor(init) {
    Object.defineProperty(this, PRIVATE, { value: { pairs: pairsFrom(init), owner: undefined } });
  }

  #change(pairs) {
    const held = this[PRIVATE];
    held.pairs = pairs;
    if (held.owner !== undefined) {
      const url = held.owner[PRIVATE];
      url.parts = urlSet(url.parts[0], "search", this.toString()) ?? url.parts;
    }
  }

  get size() {
    return this[PRIVATE].pairs.length;
  }

  append(name, value) {
    this.#change([...this[PRIVATE].pairs, [String(name), String(value)]]);
  }

  delete(name, value) {
    const goes = ([key, held]) => key === String(name) && (value === undefined || held === String(value));
    this.#change(this[PRIVATE].pairs.filter((pair) => !goes(pair)));
  }

  get(name) {
    return this[PRIVATE].pairs.find(([key]) => key === String(name))?.[1] ?? null;
  }

  getAll(name) {
    return this[PRIVATE].pairs.filter(([key]) => key === String(name)).map(([, value]) => value);
  }

  has(name, value) {
    return this[PRIVATE].pairs.some(([key, held]) => key === String(name) && (value === undefined || held === String(value)));
  }

  set(name, value) {
    const { pairs } = this[PRIVATE];
    const first = pairs.findIndex(([key]) => key === String(name));
    if (first < 0) return this.append(name, value);
    const kept = pairs.filter(([key], at) => key !== String(name) || at === first);
    this.#change(kept.map((pair) => (pair === pairs[first] ? [pair[0], String(value)] : pair)));
  }

  sort() {
    this.#change([...this[PRIVATE].pairs].sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
  }

  forEach(callback, self) {
    for (const [key, value] of this) callback.call(self, value, key, this);
  }

  *entries() {
    for (const [key, value] of this[PRIVATE].pairs) yield [key, value];
  }

  *keys() {
    for (const [key] of this[PRIVATE].pairs) yield key;
  }

  *values() {
    for (const [, value] of this[PRIVATE].pairs) yield value;
  }

  toString() {
    return this[PRIVATE].pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const shown = this[PRIVATE].pairs.map(([key, value]) => `${inspect(key)} => ${inspect(value)}`);
    return shown.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${shown.join(", ")} }`;
  }

  get [Symbol.toStringTag]() {
    return "URLSearchParams";
  }
}
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true });

module.exports = { URL, URLSearchParams };
