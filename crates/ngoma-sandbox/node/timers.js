// Node's `timers`.
"use strict";

module.exports = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate };
