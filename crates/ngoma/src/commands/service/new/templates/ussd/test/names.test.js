import assert from "assert";
import { tidy } from "../names.ts";

describe("a name", function () {
  it("begins each word with a capital letter", function () {
    assert.equal(tidy("thandi  van der merwe"), "Thandi Van Der Merwe");
  });
});
