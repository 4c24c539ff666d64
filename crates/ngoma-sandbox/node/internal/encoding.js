// Text and its bytes: UTF-8, UTF-16 and one byte a letter; `TextEncoder` and `TextDecoder`.
"use strict";

/** The bytes of a text in UTF-8; half of a pair of surrogates becomes U+FFFD. */
function utf8Bytes(text) {
  const bytes = [];
  for (const letter of text) {
    let code = letter.codePointAt(0);
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
  }
  return bytes;
}

/** How many bytes follow a first byte, and what its second byte may be (Unicode 15, table 3-7). */
function sequence(first) {
  if (first >= 0xc2 && first <= 0xdf) return [1, 0x80, 0xbf];
  if (first === 0xe0) return [2, 0xa0, 0xbf];
  if (first === 0xed) return [2, 0x80, 0x9f];
  if (first >= 0xe1 && first <= 0xef) return [2, 0x80, 0xbf];
  if (first === 0xf0) return [3, 0x90, 0xbf];
  if (first >= 0xf1 && first <= 0xf3) return [3, 0x80, 0xbf];
  if (first === 0xf4) return [3, 0x80, 0x8f];
  return undefined;
}

/** The text of bytes in UTF-8; what is none becomes U+FFFD, or throws if `fatal`. */
function utf8Text(bytes, fatal = false) {
  const codes = [];
  let text = "";
  const wrong = () => {
    if (fatal) throw Object.assign(new TypeError("The encoded data was not valid for encoding utf-8"), { code: "ERR_ENCODING_INVALID_ENCODED_DATA" });
    codes.push(0xfffd);
  };
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at];
    at += 1;
    if (first < 0x80) codes.push(first);
    else {
      const form = sequence(first);
      if (form === undefined) wrong();
      else {
        let [count, low, high] = form;
        let code = first & (0x3f >> count);
        while (count > 0 && bytes[at] >= low && bytes[at] <= high) {
          code = (code << 6) | (bytes[at] & 63);
          [low, high] = [0x80, 0xbf];
          at += 1;
          count -= 1;
        }
        if (count > 0) wrong();
        else codes.push(code);
      }
    }
    if (codes.length >= 4096) text += String.fromCodePoint(...codes.splice(0));
  }
  return text + String.fromCodePoint(...codes);
}

/** The text of bytes in UTF-16, the lower byte first. */
function utf16Text(bytes) {
  let text = "";
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at] | (bytes[at + 1] << 8));
  return text;
}

/** The text of bytes that are a letter each. */
function latin1Text(bytes, mask = 0xff) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte & mask);
  return text;
}

function bytesOf(data) {
  if (data === undefined) return new Uint8Array(0);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return Uint8Array.from(utf8Bytes(String(text)));
  }
  encodeInto(text, target) {
    let [read, written] = [0, 0];
    for (const letter of String(text)) {
      const bytes = utf8Bytes(letter);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += letter.length;
    }
    return { read, written };
  }
}

const LABELS = { "utf-8": "utf-8", utf8: "utf-8", "utf-16le": "utf-16le", "utf-16": "utf-16le", ucs2: "utf-16le", latin1: "windows-1252", ascii: "windows-1252", "iso-8859-1": "windows-1252", "windows-1252": "windows-1252" };

class TextDecoder {
  constructor(label = "utf-8", options = {}) {
    const encoding = LABELS[String(label).trim().toLowerCase()];
    if (encoding === undefined) {
      throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), { code: "ERR_ENCODING_NOT_SUPPORTED" });
    }
    Object.assign(this, { encoding, fatal: Boolean(options?.fatal), ignoreBOM: Boolean(options?.ignoreBOM) });
  }
  decode(data) {
    const bytes = bytesOf(data);
    if (this.encoding === "windows-1252") return latin1Text(bytes);
    const text = this.encoding === "utf-8" ? utf8Text(bytes, this.fatal) : utf16Text(bytes);
    return !this.ignoreBOM && text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

module.exports = { utf8Bytes, utf8Text, utf16Text, latin1Text, TextEncoder, TextDecoder };
