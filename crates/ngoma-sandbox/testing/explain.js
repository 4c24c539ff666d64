// What went wrong in a test, for its author.
"use strict";

const { inspect } = require("node:util");

/** How much of a value is shown. */
const SHOWN = 20_000;

function explain(host, thrown, runnable) {
  const found = JSON.parse(host.describe(thrown));
  // An error from deep within a package, or without a place: the test itself is where to look first.
  if ((!found.file || isPackage(found.file)) && runnable !== undefined) {
    const { file, line, column } = JSON.parse(host.describe(runnable.place));
    if (file) Object.assign(found, { file, line, column });
  }
  if (isComparison(thrown)) {
    found.actual = show(thrown.actual);
    found.expected = show(thrown.expected);
  }
  return found;
}

const isPackage = (file) => file.split("/").includes("node_modules");

function isComparison(thrown) {
  const isObject = typeof thrown === "object" && thrown !== null;
  return isObject && thrown.showDiff !== false && "actual" in thrown && "expected" in thrown && !(thrown.expected instanceof RegExp);
}

function show(value) {
  const text =
    typeof value === "string"
      ? value
      : inspect(value, { compact: false, depth: 20, sorted: true, maxArrayLength: 1000, customInspect: false });
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

module.exports = { explain };
