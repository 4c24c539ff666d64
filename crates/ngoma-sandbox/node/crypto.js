// Node's `crypto`, as far as services use it: hashes, keyed hashes, random bytes.
"use strict";

const { Buffer } = require("./buffer");
const { outOfRange, unfit } = require("./internal/errors");
const host = require("host:");

/** Hashes by name, with the bytes of a block (for HMAC, RFC 2104). */
const BLOCKS = { md5: 64, sha1: 64, sha224: 64, sha256: 64, sha384: 128, sha512: 128 };
/** What one call may ask for. */
const RANDOM_BYTES_LIMIT = 1 << 20;

function algorithmOf(name, wrong) {
  const plain = String(name).toLowerCase().replace(/^rsa-/, "").replace("sha-", "sha");
  if (!Object.hasOwn(BLOCKS, plain)) throw Object.assign(new Error(wrong), { code: "ERR_CRYPTO_INVALID_DIGEST" });
  return plain;
}

function bytesOf(data, encoding) {
  if (typeof data === "string") return Buffer.from(data, encoding === "buffer" ? "utf8" : encoding);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  throw unfit("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
}

const digestOf = (algorithm, bytes) => Buffer.from(host.hash(algorithm, new Uint8Array(bytes)));

class Hash {
  #algorithm;
  #parts = [];
  #isOver = false;

  constructor(algorithm) {
    this.#algorithm = algorithmOf(algorithm, "Digest method not supported");
  }

  update(data, encoding) {
    if (this.#isOver) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.#parts.push(Buffer.from(bytesOf(data, encoding)));
    return this;
  }

  digest(encoding) {
    if (this.#isOver) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.#isOver = true;
    return encoded(digestOf(this.#algorithm, Buffer.concat(this.#parts)), encoding);
  }

  copy() {
    const other = new Hash(this.#algorithm);
    other.#parts = [...this.#parts];
    return other;
  }
}

class Hmac {
  #algorithm;
  #key;
  #parts = [];

  constructor(algorithm, key) {
    this.#algorithm = algorithmOf(algorithm, `Invalid digest: ${algorithm}`);
    const block = BLOCKS[this.#algorithm];
    const given = bytesOf(key);
    this.#key = Buffer.concat([given.length > block ? digestOf(this.#algorithm, given) : given], block);
  }

  update(data, encoding) {
    this.#parts.push(Buffer.from(bytesOf(data, encoding)));
    return this;
  }

  digest(encoding) {
    const padded = (byte) => Buffer.from(this.#key.map((own) => own ^ byte));
    const inner = digestOf(this.#algorithm, Buffer.concat([padded(0x36), ...this.#parts]));
    return encoded(digestOf(this.#algorithm, Buffer.concat([padded(0x5c), inner])), encoding);
  }
}

function encoded(bytes, encoding) {
  return encoding === undefined || encoding === null || encoding === "buffer" ? bytes : bytes.toString(encoding);
}

function randomBytes(size, callback) {
  if (typeof size !== "number") throw unfit("size", "of type number", size);
  if (!(size >= 0 && size <= RANDOM_BYTES_LIMIT)) throw outOfRange("size", `>= 0 && <= ${RANDOM_BYTES_LIMIT}`, size);
  const bytes = Buffer.from(host.randomBytes(Math.floor(size)));
  if (typeof callback !== "function") return bytes;
  process.nextTick(callback, null, bytes);
}

function randomFillSync(target) {
  const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  bytes.set(randomBytes(bytes.length));
  return target;
}

function randomInt(low, high, callback) {
  if (high === undefined || typeof high === "function") return randomInt(0, low, high);
  const range = high - low;
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || !(range > 0 && range < 2 ** 48)) {
    throw outOfRange("max", `greater than ${low}`, high);
  }
  // What lies above the last whole multiple of the range is drawn again: each number is as likely.
  const most = 2 ** 48 - (2 ** 48 % range);
  let drawn = most;
  while (drawn >= most) drawn = randomBytes(6).readUIntBE(0, 6);
  const value = low + (drawn % range);
  if (typeof callback !== "function") return value;
  process.nextTick(callback, null, value);
}

/** A version 4 UUID (RFC 9562). */
function randomUUID() {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function timingSafeEqual(a, b) {
  if (a.byteLength !== b.byteLength) {
    throw Object.assign(new RangeError("Input buffers must have the same byte length"), { code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH" });
  }
  const [left, right] = [bytesOf(a), bytesOf(b)];
  return left.reduce((differing, byte, at) => differing | (byte ^ right[at]), 0) === 0;
}

const webcrypto = { getRandomValues: randomFillSync, randomUUID };

module.exports = {
  createHash: (algorithm) => new Hash(algorithm),
  createHmac: (algorithm, key) => new Hmac(algorithm, key),
  Hash,
  Hmac,
  getHashes: () => Object.keys(BLOCKS),
  randomBytes,
  pseudoRandomBytes: randomBytes,
  rng: randomBytes,
  randomFillSync,
  getRandomValues: randomFillSync,
  randomInt,
  randomUUID,
  timingSafeEqual,
  webcrypto,
};
