// Node's `process`: the little of it that makes sense without a system.
"use strict";

module.exports = globalThis.process;
