// What differs between two texts, line by line.
"use strict";

/** Above this many pairs of lines, what lies between the equal ends is shown whole. */
const PAIRS_LIMIT = 250_000;
/** How many equal lines are shown around what differs. */
const AROUND = 2;

/** Lines with `+ ` before those of the first only, `- ` before those of the second only. */
function differences(left, right) {
  const steps = stepsBetween(left, right);
  const isNear = steps.map((_, at) => steps.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(([sign]) => sign !== " "));
  const shown = [];
  steps.forEach(([sign, line], at) => {
    const isOnly = isNear[at - 1] && isNear[at + 1];
    if (isNear[at] || isOnly) shown.push(`${sign} ${line}`);
    else if (at === 0 || isNear[at - 1]) shown.push("...");
  });
  return shown.join("\n");
}

function stepsBetween(left, right) {
  let begin = 0;
  while (begin < left.length && begin < right.length && left[begin] === right[begin]) begin += 1;
  let end = 0;
  const most = Math.min(left.length, right.length) - begin;
  while (end < most && left[left.length - 1 - end] === right[right.length - 1 - end]) end += 1;
  const same = (lines) => lines.map((line) => [" ", line]);
  const middle = middleSteps(left.slice(begin, left.length - end), right.slice(begin, right.length - end));
  return [...same(left.slice(0, begin)), ...middle, ...same(left.slice(left.length - end))];
}

/** By the longest common subsequence. */
function middleSteps(left, right) {
  if (left.length * right.length > PAIRS_LIMIT) {
    return [...left.map((line) => ["+", line]), ...right.map((line) => ["-", line])];
  }
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = left[i] === right[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const steps = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      steps.push([" ", left[i]]);
      i += 1;
      j += 1;
    } else if (j >= right.length || (i < left.length && lengths[i + 1][j] >= lengths[i][j + 1])) {
      steps.push(["+", left[i]]);
      i += 1;
    } else {
      steps.push(["-", right[j]]);
      j += 1;
    }
  }
  return steps;
}

module.exports = { differences };
