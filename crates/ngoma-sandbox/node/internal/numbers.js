// The methods of buffers that read and write numbers.
"use strict";

const { outOfRange, unfit } = require("./errors");

/** Kinds whose size is fixed: their name, their bytes, the method of `DataView`. */
const FIXED = [
  ["UInt8", 1, "Uint8"],
  ["Int8", 1, "Int8"],
  ["UInt16", 2, "Uint16"],
  ["Int16", 2, "Int16"],
  ["UInt32", 4, "Uint32"],
  ["Int32", 4, "Int32"],
  ["Float", 4, "Float32"],
  ["Double", 8, "Float64"],
  ["BigInt64", 8, "BigInt64"],
  ["BigUInt64", 8, "BigUint64"],
];
const methods = {};

function checkOffset(buffer, offset, size) {
  if (typeof offset !== "number") throw unfit("offset", "of type number", offset);
  const most = buffer.length - size;
  if (Number.isInteger(offset) && offset >= 0 && offset <= most) return;
  if (most < 0) {
    throw Object.assign(new RangeError("Attempt to access memory outside buffer bounds"), { code: "ERR_BUFFER_OUT_OF_BOUNDS" });
  }
  const wanted = Number.isInteger(offset) ? `>= 0 and <= ${most}` : "an integer";
  throw outOfRange("offset", wanted, offset);
}

function checkValue(value, size, isSigned) {
  const top = 2 ** (size * 8 - (isSigned ? 1 : 0));
  const low = isSigned ? -top : 0;
  if (!(value < low || value > top - 1)) return;
  throw outOfRange("value", `>= ${low} and <= ${top - 1}`, value);
}

const viewOf = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

for (const [name, size, method] of FIXED) {
  const orders = size === 1 ? [["", false]] : [["LE", true], ["BE", false]];
  for (const [order, isLittle] of orders) {
    methods[`read${name}${order}`] = function (offset = 0) {
      checkOffset(this, offset, size);
      return viewOf(this)[`get${method}`](offset, isLittle);
    };
    methods[`write${name}${order}`] = function (value, offset = 0) {
      const given = name.startsWith("Big") ? value : Number(value);
      if (name.includes("Int") && !name.startsWith("Big")) checkValue(given, size, !name.startsWith("U"));
      checkOffset(this, offset, size);
      viewOf(this)[`set${method}`](offset, given, isLittle);
      return offset + size;
    };
  }
}

/** Whole numbers of one to six bytes. */
for (const isSigned of [false, true]) {
  for (const isLittle of [false, true]) {
    const name = `${isSigned ? "" : "U"}Int${isLittle ? "LE" : "BE"}`;
    methods[`read${name}`] = function (offset, size) {
      checkOffset(this, offset, size);
      let value = 0;
      for (let index = 0; index < size; index += 1) {
        value = value * 256 + this[isLittle ? offset + size - 1 - index : offset + index];
      }
      return isSigned && value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
    };
    methods[`write${name}`] = function (value, offset, size) {
      checkValue(value, size, isSigned);
      checkOffset(this, offset, size);
      let left = value < 0 ? value + 2 ** (size * 8) : value;
      for (let index = 0; index < size; index += 1) {
        this[isLittle ? offset + index : offset + size - 1 - index] = left % 256;
        left = Math.floor(left / 256);
      }
      return offset + size;
    };
  }
}

// Node knows these as `Uint` as well.
for (const name of Object.keys(methods)) {
  if (name.includes("UInt")) methods[name.replace("UInt", "Uint")] = methods[name];
}

module.exports = { methods };
