import assert from "assert";
import { daysUntilAsked } from "../faults.ts";

describe("a fault", function () {
  for (const [fault, days, expected] of [
    ["broken", 0, 7],
    ["dry", 3, 7],
    ["dry", 4, 2],
    ["dirty", 0, 2],
  ]) {
    it(`${fault} for ${days} days is asked about after ${expected}`, function () {
      assert.equal(daysUntilAsked(fault, days), expected);
    });
  }
});
