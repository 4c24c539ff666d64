// Node's `querystring`.
"use strict";

const { utf8Bytes, utf8Text } = require("./internal/encoding");

/** What `encodeURIComponent` leaves as it is. */
const PLAIN = /[A-Za-z0-9\-_.!~*'()]/;

function escape(value) {
  const text = typeof value === "object" ? String(value) : `${value}`;
  let escaped = "";
  for (const letter of text) {
    if (PLAIN.test(letter)) escaped += letter;
    else {
      if (letter >= "\ud800" && letter <= "\udfff" && letter.length === 1) {
        throw Object.assign(new URIError("URI malformed"), { code: "ERR_INVALID_URI" });
      }
      for (const byte of utf8Bytes(letter)) escaped += "%" + byte.toString(16).toUpperCase().padStart(2, "0");
    }
  }
  return escaped;
}

/** The bytes of a text whose `%41` and the like are taken as bytes. */
function unescapedBytes(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 1) {
    const digits = text[at] === "%" ? text.slice(at + 1, at + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      bytes.push(parseInt(digits, 16));
      at += 2;
    } else bytes.push(text.charCodeAt(at) & 0xff);
  }
  return bytes;
}

function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return utf8Text(unescapedBytes(text));
  }
}

const asText = (value) => {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  return typeof value === "bigint" || typeof value === "boolean" ? String(value) : "";
};

function stringify(fields, separator = "&", equals = "=", options = {}) {
  if (typeof fields !== "object" || fields === null) return "";
  const encode = options?.encodeURIComponent ?? module.exports.escape;
  const pairs = Object.keys(fields).flatMap((key) => {
    const values = Array.isArray(fields[key]) ? fields[key] : [fields[key]];
    return values.map((value) => encode(asText(key)) + (equals || "=") + encode(asText(value)));
  });
  return pairs.join(separator || "&");
}

function parse(text, separator = "&", equals = "=", options = {}) {
  const fields = Object.create(null);
  if (typeof text !== "string" || text.length === 0) return fields;
  const most = typeof options?.maxKeys === "number" ? options.maxKeys : 1000;
  const given = options?.decodeURIComponent ?? module.exports.unescape;
  const decode = (part) => {
    const spaced = part.replaceAll("+", " ");
    if (!spaced.includes("%") && given === unescape) return spaced;
    try {
      return given(spaced.replaceAll(" ", given === unescape ? " " : "%20"));
    } catch {
      return unescape(spaced);
    }
  };
  const sign = equals || "=";
  let parts = text.split(separator || "&");
  if (most > 0) parts = parts.slice(0, most);
  for (const part of parts.filter((part) => part !== "")) {
    const at = part.indexOf(sign);
    const key = decode(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? "" : decode(part.slice(at + sign.length));
    if (!(key in fields)) fields[key] = value;
    else if (Array.isArray(fields[key])) fields[key].push(value);
    else fields[key] = [fields[key], value];
  }
  return fields;
}

module.exports = {
  stringify,
  encode: stringify,
  parse,
  decode: parse,
  escape,
  unescape,
  unescapeBuffer: (text) => require("./buffer").Buffer.from(unescapedBytes(text)),
};
