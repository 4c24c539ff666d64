import assert from "assert";
import { stage } from "../stages.ts";

describe("the stage of a child", function () {
  it("is the first year until it is twelve months old", function () {
    assert.equal(stage(11), "the first year");
    assert.equal(stage(12), "small children");
  });
});
