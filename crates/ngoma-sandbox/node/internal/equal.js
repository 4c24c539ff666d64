// Deep equality as `assert` and `util` define it.
"use strict";

const tagOf = (value) => Object.prototype.toString.call(value);
const hasOwn = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
const isEnumerable = (object, key) => Object.prototype.propertyIsEnumerable.call(object, key);
const isObject = (value) => typeof value === "object" && value !== null;
const BOXES = [Number, String, Boolean, BigInt, Symbol];

/** What a `new Number(1)` and the like holds; undefined for other objects. */
function unboxed(value) {
  for (const box of BOXES) {
    try {
      return box.prototype.valueOf.call(value);
    } catch {
      // Another kind of object.
    }
  }
  return undefined;
}

function isEqual(a, b, strict, seen = new Map()) {
  if (a === b) return a !== 0 || !strict || Object.is(a, b);
  if (strict ? typeof a !== "object" : !isObject(a)) {
    if (strict) return typeof a === "number" && Number.isNaN(a) && Number.isNaN(b);
    return !isObject(b) && typeof a !== "function" && typeof b !== "function"
      ? a == b || (Number.isNaN(a) && Number.isNaN(b))
      : false;
  }
  if (!isObject(a) || !isObject(b)) return false;
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (tagOf(a) !== tagOf(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  if (!hasEqualContent(a, b, strict)) return false;
  // A pair that is being compared further up is taken as equal: whatever differs is found there.
  if (seen.get(a) === b) return true;
  const before = seen.get(a);
  seen.set(a, b);
  const result = hasEqualMembers(a, b, strict, seen) && hasEqualKeys(a, b, strict, seen);
  if (before === undefined) seen.delete(a);
  else seen.set(a, before);
  return result;
}

/** What two objects of one kind hold beside their keys. */
function hasEqualContent(a, b, strict) {
  if (Array.isArray(a)) return a.length === b.length;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp && b instanceof RegExp) {
    return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
  }
  if (a instanceof Error || b instanceof Error) {
    return a instanceof Error && b instanceof Error && a.name === b.name && a.message === b.message;
  }
  if (ArrayBuffer.isView(a)) {
    if (!ArrayBuffer.isView(b)) return false;
    return hasEqualElements(a, b, strict);
  }
  if (a instanceof ArrayBuffer) {
    return b instanceof ArrayBuffer && hasEqualElements(new Uint8Array(a), new Uint8Array(b), strict);
  }
  if (a instanceof Set || a instanceof Map) return b instanceof a.constructor && a.size === b.size;
  const box = unboxed(a);
  return box === undefined ? unboxed(b) === undefined : Object.is(box, unboxed(b));
}

function hasEqualElements(a, b, strict) {
  if (a.byteLength !== b.byteLength) return false;
  const isView = a instanceof DataView;
  const left = isView ? new Uint8Array(a.buffer, a.byteOffset, a.byteLength) : a;
  const right = isView ? new Uint8Array(b.buffer, b.byteOffset, b.byteLength) : b;
  const same = strict ? Object.is : (x, y) => x === y;
  for (let at = 0; at < left.length; at += 1) if (!same(left[at], right[at])) return false;
  return true;
}

function hasEqualMembers(a, b, strict, seen) {
  if (a instanceof Set) return hasEqualSet(a, b, strict, seen);
  if (a instanceof Map) return hasEqualMap(a, b, strict, seen);
  return true;
}

function hasEqualSet(a, b, strict, seen) {
  const left = [...a].filter((value) => isObject(value) || !b.has(value));
  const right = [...b].filter((value) => isObject(value) || !a.has(value));
  return isPaired(left, right, (x, y) => isEqual(x, y, strict, seen));
}

function hasEqualMap(a, b, strict, seen) {
  const left = [];
  for (const [key, value] of a) {
    if (isObject(key) || !b.has(key)) left.push([key, value]);
    else if (!isEqual(value, b.get(key), strict, seen)) return false;
  }
  const right = [...b].filter(([key]) => isObject(key) || !a.has(key));
  const same = ([key, value], [other, held]) =>
    isEqual(key, other, strict, seen) && isEqual(value, held, strict, seen);
  return isPaired(left, right, same);
}

/** Whether each of the left has one of its own among the right. */
function isPaired(left, right, same) {
  if (left.length !== right.length) return false;
  const free = [...right];
  return left.every((value) => {
    const at = free.findIndex((other) => same(value, other));
    if (at >= 0) free.splice(at, 1);
    return at >= 0;
  });
}

function keysOf(object, strict) {
  let keys = Object.keys(object);
  if (ArrayBuffer.isView(object)) keys = keys.filter((key) => !/^\d+$/.test(key));
  if (!strict) return keys;
  return [...keys, ...Object.getOwnPropertySymbols(object).filter((key) => isEnumerable(object, key))];
}

function hasEqualKeys(a, b, strict, seen) {
  const keys = keysOf(a, strict);
  if (keys.length !== keysOf(b, strict).length) return false;
  if (!keys.every((key) => hasOwn(b, key) && isEnumerable(b, key))) return false;
  return keys.every((key) => isEqual(a[key], b[key], strict, seen));
}

module.exports = {
  isDeepEqual: (a, b) => isEqual(a, b, false),
  isDeepStrictEqual: (a, b) => isEqual(a, b, true),
};
