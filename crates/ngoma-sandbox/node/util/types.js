// Node's `util/types`: what kind of built-in object a value is.
"use strict";

const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
const TypedArray = Object.getPrototypeOf(Uint8Array);
const isObject = (value) => typeof value === "object" && value !== null;
const types = {};

/** Those whose instances can be told by a method that only they have. */
const BY_METHOD = {
  Date: (value) => Date.prototype.getTime.call(value),
  RegExp: (value) => Object.getOwnPropertyDescriptor(RegExp.prototype, "source").get.call(value) && value !== RegExp.prototype,
  Map: (value) => Map.prototype.has.call(value),
  Set: (value) => Set.prototype.has.call(value),
  WeakMap: (value) => WeakMap.prototype.has.call(value),
  WeakSet: (value) => WeakSet.prototype.has.call(value),
  NumberObject: (value) => Number.prototype.valueOf.call(value),
  StringObject: (value) => String.prototype.valueOf.call(value),
  BooleanObject: (value) => Boolean.prototype.valueOf.call(value),
  SymbolObject: (value) => Symbol.prototype.valueOf.call(value),
  BigIntObject: (value) => BigInt.prototype.valueOf.call(value),
};
for (const [name, method] of Object.entries(BY_METHOD)) {
  types[`is${name}`] = (value) => {
    if (!isObject(value)) return false;
    try {
      method(value);
      return true;
    } catch {
      return false;
    }
  };
}

const ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
for (const array of ARRAYS) types[`is${array.name}`] = (value) => value instanceof array;

module.exports = Object.assign(types, {
  isTypedArray: (value) => value instanceof TypedArray,
  isArrayBufferView: ArrayBuffer.isView,
  isArrayBuffer: (value) => value instanceof ArrayBuffer,
  isAnyArrayBuffer: (value) => value instanceof ArrayBuffer,
  isDataView: (value) => value instanceof DataView,
  isPromise: (value) => value instanceof Promise,
  isNativeError: (value) => value instanceof Error,
  isArgumentsObject: (value) => isObject(value) && !(Symbol.toStringTag in value) && tagOf(value) === "Arguments",
  isAsyncFunction: (value) => typeof value === "function" && tagOf(value) === "AsyncFunction",
  isGeneratorFunction: (value) => typeof value === "function" && tagOf(value).endsWith("GeneratorFunction"),
  isGeneratorObject: (value) => isObject(value) && tagOf(value) === "Generator",
  isMapIterator: (value) => isObject(value) && tagOf(value) === "Map Iterator",
  isSetIterator: (value) => isObject(value) && tagOf(value) === "Set Iterator",
  isBoxedPrimitive: (value) => ["Number", "String", "Boolean", "Symbol", "BigInt"].some((kind) => types[`is${kind}Object`](value)),
  isProxy: () => false,
  isExternal: () => false,
  isModuleNamespaceObject: (value) => isObject(value) && tagOf(value) === "Module",
});
