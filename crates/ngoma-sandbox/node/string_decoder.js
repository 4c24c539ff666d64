// Node's `string_decoder`: text of bytes that come in pieces.
"use strict";

const { Buffer } = require("./buffer");

/** How many bytes a UTF-8 sequence has that begins so. */
function lengthOf(first) {
  if (first >= 0xf0 && first <= 0xf4) return 4;
  if (first >= 0xe0) return first < 0xf0 ? 3 : 1;
  return first >= 0xc2 ? 2 : 1;
}

/** How many bytes at the end are the beginning of something that goes on. */
function unfinished(bytes, encoding) {
  if (encoding === "base64" || encoding === "base64url") return bytes.length % 3;
  if (encoding === "utf16le") {
    const odd = bytes.length % 2;
    const last = bytes[bytes.length - 1 - odd];
    return bytes.length - odd >= 2 && last >= 0xd8 && last <= 0xdb ? odd + 2 : odd;
  }
  if (encoding !== "utf8") return 0;
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) !== 0x80) return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}

class StringDecoder {
  #kept = Buffer.alloc(0);

  constructor(encoding = "utf8") {
    this.encoding = Buffer.normalizeEncoding(encoding);
  }

  write(chunk) {
    if (typeof chunk === "string") return chunk;
    const bytes = Buffer.concat([this.#kept, Buffer.from(chunk)]);
    const end = bytes.length - unfinished(bytes, this.encoding);
    this.#kept = bytes.subarray(end);
    return bytes.toString(this.encoding, 0, end);
  }

  end(chunk) {
    const text = chunk === undefined ? "" : this.write(chunk);
    const rest = this.#kept;
    this.#kept = Buffer.alloc(0);
    if (this.encoding === "utf8") return rest.length > 0 ? `${text}\ufffd` : text;
    return text + rest.toString(this.encoding);
  }
}

module.exports = { StringDecoder };
