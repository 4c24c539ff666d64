// Node's `buffer`.
"use strict";

const { utf8Bytes, utf8Text, utf16Text, latin1Text, TextDecoder, TextEncoder } = require("./internal/encoding");
const { outOfRange, unfit } = require("./internal/errors");
const numbers = require("./internal/numbers");

const LONGEST = 2 ** 31 - 1;
const ENCODINGS = {
  utf8: "utf8", "utf-8": "utf8", hex: "hex", base64: "base64", base64url: "base64url", ascii: "ascii", latin1: "latin1",
  binary: "latin1", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le",
};
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]).concat([["-", 62], ["_", 63]]));

class FastBuffer extends Uint8Array {}

function normalizeEncoding(encoding) {
  if (encoding === undefined || encoding === null || encoding === "") return "utf8";
  return ENCODINGS[String(encoding).toLowerCase()];
}

function encodingOf(encoding) {
  const known = normalizeEncoding(encoding);
  if (known === undefined) throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), { code: "ERR_UNKNOWN_ENCODING" });
  return known;
}

const TO_BYTES = {
  utf8: utf8Bytes,
  ascii: (text) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at) & 0xff),
  latin1: (text) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at) & 0xff),
  utf16le: (text) => Array.from({ length: text.length * 2 }, (_, at) => (text.charCodeAt(at >> 1) >> (at % 2 ? 8 : 0)) & 0xff),
  hex(text) {
    const bytes = [];
    for (let at = 0; at + 1 < text.length; at += 2) {
      const pair = text.slice(at, at + 2);
      if (!/^[0-9a-f]{2}$/i.test(pair)) break;
      bytes.push(parseInt(pair, 16));
    }
    return bytes;
  },
  base64(text) {
    const bytes = [];
    let [bits, held] = [0, 0];
    for (const digit of text) {
      if (digit === "=") break;
      const value = VALUES.get(digit);
      if (value === undefined) continue;
      held = ((held << 6) | value) & 0xffffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((held >> bits) & 0xff);
      }
    }
    return bytes;
  },
};
TO_BYTES.base64url = TO_BYTES.base64;

function base64Text(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    text += DIGITS[a >> 2] + DIGITS[((a & 3) << 4) | ((b ?? 0) >> 4)];
    text += b === undefined ? "=" : DIGITS[((b & 15) << 2) | ((c ?? 0) >> 6)];
    text += c === undefined ? "=" : DIGITS[c & 63];
  }
  return text;
}

const TO_TEXT = {
  utf8: (bytes) => utf8Text(bytes),
  ascii: (bytes) => latin1Text(bytes, 0x7f),
  latin1: (bytes) => latin1Text(bytes),
  utf16le: utf16Text,
  hex: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  base64: base64Text,
  base64url: (bytes) => base64Text(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
};

/** The old way of making one, with or without `new`. */
function Buffer(value, encodingOrOffset, length) {
  if (typeof value === "number") return Buffer.alloc(value);
  return Buffer.from(value, encodingOrOffset, length);
}
Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(FastBuffer.prototype, "constructor", { value: Buffer, writable: true, configurable: true });

function checkSize(size) {
  if (typeof size !== "number") throw unfit("size", "of type number", size);
  if (!(size >= 0 && size <= LONGEST)) throw outOfRange("size", `>= 0 && <= ${LONGEST}`, size);
}

function from(value, encodingOrOffset, length) {
  if (typeof value === "string") return fromBytes(TO_BYTES[encodingOf(encodingOrOffset)](value));
  if (value instanceof ArrayBuffer) return new FastBuffer(value, encodingOrOffset, length);
  if (typeof value === "object" && value !== null) {
    const primitive = value.valueOf?.();
    if (primitive !== undefined && primitive !== null && primitive !== value && typeof primitive !== "function") {
      return from(primitive, encodingOrOffset, length);
    }
    if (value.type === "Buffer" && Array.isArray(value.data)) return fromBytes(value.data);
    if (typeof value.length === "number") return fromBytes(value);
    if (value.buffer instanceof ArrayBuffer) return fromBytes(new Uint8Array(0));
    if (typeof value[Symbol.toPrimitive] === "function") return from(value[Symbol.toPrimitive]("string"), encodingOrOffset);
  }
  const wanted = "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object";
  throw unfit("first", wanted, value);
}

function fromBytes(bytes) {
  const buffer = new FastBuffer(bytes.length);
  for (let at = 0; at < buffer.length; at += 1) buffer[at] = bytes[at];
  return buffer;
}

function compare(a, b) {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

Object.assign(Buffer, {
  poolSize: 8192,
  from,
  of: (...bytes) => fromBytes(bytes),
  alloc(size, fill, encoding) {
    checkSize(size);
    const buffer = new FastBuffer(size);
    return fill === undefined || fill === 0 || size === 0 ? buffer : buffer.fill(fill, encoding);
  },
  allocUnsafe: (size) => Buffer.alloc(size),
  allocUnsafeSlow: (size) => Buffer.alloc(size),
  isBuffer: (value) => value instanceof Buffer,
  isEncoding: (encoding) => typeof encoding === "string" && encoding !== "" && normalizeEncoding(encoding) !== undefined,
  normalizeEncoding,
  compare,
  concat(list, length) {
    if (!Array.isArray(list)) throw unfit("list", "an instance of Array", list);
    const total = length ?? list.reduce((sum, part) => sum + part.length, 0);
    const whole = Buffer.alloc(total);
    let at = 0;
    for (const part of list) {
      if (!(part instanceof Uint8Array)) throw unfit("list[0]", "an instance of Buffer or Uint8Array", part);
      const fits = part.subarray(0, Math.max(0, total - at));
      whole.set(fits, at);
      at += fits.length;
    }
    return whole;
  },
  byteLength(value, encoding) {
    if (typeof value === "string") return TO_BYTES[normalizeEncoding(encoding) ?? "utf8"](value).length;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
    throw unfit("string", "of type string or an instance of Buffer or ArrayBuffer", value);
  },
});

/** The bytes to look for or to fill with. */
function needleOf(value, encoding) {
  if (typeof value === "number") return [value & 0xff];
  return typeof value === "string" ? from(value, encoding) : value;
}

function isAt(buffer, needle, at) {
  for (let index = 0; index < needle.length; index += 1) if (buffer[at + index] !== needle[index]) return false;
  return true;
}

/** Methods of buffers; those of `Uint8Array` stay where they are the same. */
const methods = {
  toString(encoding, start = 0, end = this.length) {
    const [first, last] = [Math.max(0, start | 0), Math.min(this.length, end === undefined ? this.length : end | 0)];
    if (first >= last) return "";
    return TO_TEXT[encodingOf(encoding)](this.subarray(first, last));
  },
  toLocaleString(encoding) {
    return this.toString(encoding);
  },
  toJSON() {
    return { type: "Buffer", data: Array.from(this) };
  },
  slice(start, end) {
    return this.subarray(start, end);
  },
  write(text, offset, length, encoding) {
    if (typeof offset === "string") return this.write(text, 0, this.length, offset);
    if (typeof length === "string") return this.write(text, offset, undefined, length);
    const begin = offset ?? 0;
    if (begin < 0 || begin > this.length) throw outOfRange("offset", `>= 0 && <= ${this.length}`, begin);
    const room = Math.min(length ?? Infinity, this.length - begin);
    let bytes = TO_BYTES[encodingOf(encoding)](text);
    if (bytes.length > room) {
      // No half letters.
      let end = room;
      if (encodingOf(encoding) === "utf8") while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
      if (encodingOf(encoding) === "utf16le") end -= end % 2;
      bytes = bytes.slice(0, end);
    }
    this.set(bytes, begin);
    return bytes.length;
  },
  fill(value, offset, end, encoding) {
    if (typeof offset === "string") return this.fill(value, 0, this.length, offset);
    if (typeof end === "string") return this.fill(value, offset, this.length, end);
    const needle = needleOf(typeof value === "boolean" ? Number(value) : value, encoding);
    const last = Math.min(end ?? this.length, this.length);
    for (let at = offset ?? 0; at < last; at += 1) this[at] = needle.length === 0 ? 0 : needle[(at - (offset ?? 0)) % needle.length];
    return this;
  },
  copy(target, targetStart = 0, start = 0, end = this.length) {
    const part = this.subarray(start, end).subarray(0, Math.max(0, target.length - targetStart));
    target.set(part, targetStart);
    return part.length;
  },
  equals(other) {
    if (!(other instanceof Uint8Array)) throw unfit("otherBuffer", "an instance of Buffer or Uint8Array", other);
    return compare(this, other) === 0;
  },
  compare(target, targetStart = 0, targetEnd = target.length, start = 0, end = this.length) {
    return compare(this.subarray(start, end), target.subarray(targetStart, targetEnd));
  },
  indexOf(value, offset, encoding) {
    if (typeof offset === "string") return this.indexOf(value, 0, offset);
    const needle = needleOf(value, encoding);
    let at = Math.trunc(Number(offset) || 0);
    at = at < 0 ? Math.max(0, this.length + at) : at;
    for (; at + needle.length <= this.length; at += 1) if (isAt(this, needle, at)) return at;
    return -1;
  },
  lastIndexOf(value, offset, encoding) {
    if (typeof offset === "string") return this.lastIndexOf(value, undefined, offset);
    const needle = needleOf(value, encoding);
    let at = offset === undefined || Number.isNaN(Number(offset)) ? this.length : Math.trunc(Number(offset));
    at = Math.min(at < 0 ? this.length + at : at, this.length - needle.length);
    for (; at >= 0; at -= 1) if (isAt(this, needle, at)) return at;
    return -1;
  },
  includes(value, offset, encoding) {
    return this.indexOf(value, offset, encoding) >= 0;
  },
  swap16() {
    return swapped(this, 2);
  },
  swap32() {
    return swapped(this, 4);
  },
  swap64() {
    return swapped(this, 8);
  },
  [Symbol.for("nodejs.util.inspect.custom")]() {
    const shown = TO_TEXT.hex(this.subarray(0, 50)).replace(/(..)(?=.)/g, "$1 ");
    const more = this.length - 50;
    return `<Buffer${shown && " "}${shown}${more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : ""}>`;
  },
};

function swapped(buffer, size) {
  if (buffer.length % size !== 0) {
    const error = new RangeError(`Buffer size must be a multiple of ${size * 8}-bits`);
    throw Object.assign(error, { code: "ERR_INVALID_BUFFER_SIZE" });
  }
  for (let at = 0; at < buffer.length; at += size) buffer.subarray(at, at + size).reverse();
  return buffer;
}

for (const [name, value] of [...Object.entries({ ...methods, ...numbers.methods }), ...Object.getOwnPropertySymbols(methods).map((key) => [key, methods[key]])]) {
  Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
}
for (const [name, get] of [["parent", (buffer) => buffer.buffer], ["offset", (buffer) => buffer.byteOffset]]) {
  Object.defineProperty(Buffer.prototype, name, { configurable: true, get() { return get(this); } });
}

/** Text of a letter a byte, and its base64, as browsers have them. */
function btoa(text) {
  if (/[^\x00-\xff]/.test(text)) throw Object.assign(new Error("Invalid character"), { name: "InvalidCharacterError" });
  return from(String(text), "latin1").toString("base64");
}

module.exports = {
  Buffer,
  SlowBuffer: Buffer,
  kMaxLength: LONGEST,
  kStringMaxLength: 2 ** 29 - 24,
  constants: { MAX_LENGTH: LONGEST, MAX_STRING_LENGTH: 2 ** 29 - 24 },
  INSPECT_MAX_BYTES: 50,
  atob: (text) => from(String(text), "base64").toString("latin1"),
  btoa,
  TextEncoder,
  TextDecoder,
  isUtf8: (bytes) => {
    try {
      utf8Text(bytes, true);
      return true;
    } catch {
      return false;
    }
  },
  isAscii: (bytes) => bytes.every((byte) => byte < 0x80),
};
